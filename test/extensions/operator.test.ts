import { afterEach, describe, expect, test } from 'vitest';
import { walk } from '../../src/coupling/walking.js';
import {
  EspalierError,
  type Inspection,
  type OperatorCall,
  type OperatorDefinition,
  openModel,
  operators,
  type Registration,
  registerOperator,
} from '../../src/index.js';
import { registryNow } from '../../src/ops/registry.js';
import type { Builder } from '../support/builder.js';
import { graphOf } from '../support/graph.js';
import type { NodeSpec } from '../support/onnx.js';
import { faultOf } from './faults.js';
import { between, specBetween, specOfWeight } from './models.js';

let registration: Registration | undefined;
afterEach(() => registration?.unregister());

const register = (rule: OperatorDefinition['rule'], rest: Partial<OperatorDefinition> = {}): void => {
  registration = registerOperator({ domain: 'com.example', op: 'Mine', summary: 'as I say', rule, ...rest });
};

const node = (rest: Partial<NodeSpec> = {}): NodeSpec => ({
  ...{ op: 'Mine', domain: 'com.example', name: 'mine', inputs: ['c'], outputs: ['g'] },
  ...rest,
});

async function inspected(
  nodes: readonly NodeSpec[] = [node()],
  prepare?: (b: Builder) => void,
): Promise<Inspection> {
  using model = await openModel(between(nodes, prepare));
  return model.inspect();
}

const groupsOf = ({ groups }: Inspection) =>
  groups.map(({ id, lanes, exact, axes }) => [id, lanes, exact, axes.map(({ tensor }) => tensor).join()]);

const elementwise: OperatorDefinition['rule'] = ({ input }) => [input(0)];

describe('a registered operator', () => {
  test('is followed: without its rule the node keeps everything whole', async () => {
    const before = await inspected();
    expect(groupsOf(before)).toEqual([]);
    expect(before.frozen.flatMap(({ reasons }) => reasons.map(({ text }) => text))).toContain(
      'Mine has no rule',
    );
    register(elementwise);
    expect(groupsOf(await inspected())).toEqual([['first', 6, true, 'first,second']]);
    expect(operators()).toContainEqual({
      ...{ domain: 'com.example', op: 'Mine', opsets: '1..', exact: 'yes', summary: 'as I say' },
    });
  });

  test('prunes: what it says of lanes is cut', async () => {
    register(({ input, lanes }) => {
      const x = input(0);
      const channels = lanes.unify([x[1]!, input(1)[0]!]);
      return [[x[0]!, lanes.withZero(channels, x[1]!.isZero), ...x.slice(2)]];
    });
    const bytes = between([node({ inputs: ['c', 'slope'] })], (b) => b.weight('slope', [6]));
    using model = await openModel(bytes);
    expect(groupsOf(model.inspect())).toEqual([['first', 6, true, 'first,second,slope']]);
    const pruned = await model.prune({ ratio: 0.5 });
    using smaller = await openModel(await pruned.toBytes());
    const [group] = smaller.inspect().groups;
    expect(group!.axes.map(({ tensor, length }) => [tensor, length])).toEqual([
      ['first', 3],
      ['second', 3],
      ['slope', 3],
    ]);
  });

  test('that gives something else than zero at zero makes lanes inexact where they are summed over', async () => {
    register(({ input, lanes }) => [input(0).map((axis) => lanes.withZero(axis, false))]);
    expect(groupsOf(await inspected())).toEqual([['first', 6, true, 'first,second']]);
    const biased: OperatorDefinition['rule'] = ({ input, lanes }) => {
      const x = input(0);
      lanes.inexact(x[1]!, 'takes a mean over channels');
      return [x];
    };
    registration!.unregister();
    register(biased);
    const { groups } = await inspected();
    expect(groups[0]).toMatchObject({
      exact: false,
      inexact: { node: 'mine', text: 'takes a mean over channels' },
    });
  });

  test('of versions of its domain, which do not overlap', async () => {
    register(elementwise, { opsets: [2, 3] });
    expect(groupsOf(await inspected())).toEqual([]);
    const overlapping = await faultOf(() =>
      registerOperator({ domain: 'com.example', op: 'Mine', summary: 's', rule: elementwise }),
    );
    expect([overlapping.code, overlapping.what]).toEqual([
      'OPTION_INVALID',
      'there is an operator com.example:Mine already, from version 2 on',
    ]);
    using _ = registerOperator({
      ...{ domain: 'com.example', op: 'Mine', opsets: [1, 1], summary: 's', rule: elementwise },
    });
    expect(groupsOf(await inspected())).toHaveLength(1);
  });

  test('is needed again where a plan that was made with it is replayed', async () => {
    register(elementwise);
    using early = await openModel(between([node()]));
    const plan = await early.plan({ ratio: 0.5 });
    registration!.unregister();
    using late = await openModel(between([node()]));
    const fault = await faultOf(() => late.apply(plan));
    expect(fault.code).toBe('PLAN_MALFORMED');
    expect(fault.todo).toContain('The operator com.example:Mine has no rule here');
    expect(fault.todo).toContain('registerOperator()');
    expect(EspalierError.onCommandLine(fault).todo).toContain('--plugin FILE');
    register(elementwise);
    using again = await openModel(between([node()]));
    expect((await again.apply(plan)).plan.tensors).toEqual(plan.tensors);
  });

  test('is that of models that are opened later: one that is open stays as it was', async () => {
    using early = await openModel(between([node()]));
    register(elementwise);
    using late = await openModel(between([node()]));
    // Neither was analysed when the rule came, and neither was when it went.
    registration!.unregister();
    expect(groupsOf(early.inspect())).toEqual([]);
    expect(groupsOf(late.inspect())).toHaveLength(1);
    // Another analysis of the same model agrees with the first.
    expect((await late.plan({ ratio: 0.5, keep: ['y'] }).catch((error) => error)).code).toBe(
      'NOTHING_PRUNABLE',
    );
    expect((await late.plan({ ratio: 0.5, keep: ['nothing*', 'second'] }).catch((error) => error)).code).toBe(
      'OPTION_INVALID',
    );
    expect((await late.inspect({ free: [] })).groups).toHaveLength(1);
  });
});

describe('the primitives of a rule', () => {
  const seen: unknown[] = [];
  const follow = async (
    rule: (call: OperatorCall) => ReturnType<OperatorDefinition['rule']>,
    own = node(),
  ) => {
    seen.length = 0;
    register(rule);
    return inspected([own], (b) => b.ints('lengths', [2, 3]));
  };

  test('see an axis as a product, and as one again', async () => {
    const { groups } = await follow(({ input, lanes }) => {
      const x = input(0);
      const parts = lanes.factor(x[1]!, [2, 3]);
      seen.push(parts.map(({ length, hasLanes }) => [length, hasLanes]));
      return [[x[0]!, lanes.merge([...parts]), ...x.slice(2)]];
    });
    expect(seen).toEqual([
      [
        [2, true],
        [3, true],
      ],
    ]);
    expect(groups.map(({ lanes }) => lanes).sort()).toEqual([2, 3]);
  });

  test('cut, join and pick: a shuffle of halves', async () => {
    register(({ input, lanes }) => {
      const x = input(0);
      const [a, b] = lanes.cut(x[1]!, [4, 2]);
      return [[x[0]!, lanes.join([b!, lanes.pick(a!, [3, 2, 1, 0])]), ...x.slice(2)]];
    });
    using model = await openModel(between([node()]));
    const { tensors } = await model.plan({ ratio: 0.5, criterion: 'l2' });
    const made = tensors.first!['0']!;
    const read = [4, 5, 3, 2, 1, 0].flatMap((channel, place) => (made.includes(channel) ? [place] : []));
    expect(made).toHaveLength(3);
    expect(tensors.second!['1']).toEqual(read);
  });

  test('contract and freeze keep what they must', async () => {
    const kept = await follow(({ input, lanes }) => {
      const x = input(0);
      lanes.freeze(x[1]!, 'mixes all channels');
      return [x];
    });
    expect(kept.groups).toEqual([]);
    expect(kept.frozen[0]!.reasons).toContainEqual({
      why: 'operator',
      node: 'mine',
      text: 'mixes all channels',
    });
    registration!.unregister();
    const whole = await follow((call) => call.leaveWhole('is a mystery'));
    expect(whole.frozen[0]!.reasons[0]).toMatchObject({ node: 'mine', text: 'is a mystery' });
  });

  test('read attributes and operands, and what is read as lengths stays', async () => {
    const { groups } = await follow(
      ({ input, numbers, attributes, has, node: own, isStored }) => {
        seen.push([
          attributes.axis('axis', 4),
          attributes.int('none', 7),
          numbers(1),
          has(1),
          has(2),
          isStored(1),
        ]);
        seen.push([own.name, own.op, own.domain, own.opset, own.inputs]);
        return [input(0)];
      },
      node({ inputs: ['c', 'lengths'], attributes: { axis: -3 } }),
    );
    expect(seen).toEqual([
      [1, 7, [2, 3], true, false, true],
      ['mine', 'Mine', 'com.example', 1, ['c', 'lengths']],
    ]);
    expect(groups).toHaveLength(1);
  });

  test('bounds are those of what reads a layer', async () => {
    register(({ input, bounds }) => {
      bounds(0, 0, 6);
      return [input(0)];
    });
    const { graph, read } = graphOf(specBetween([node()]));
    const { passages } = walk(graph, registryNow(), read);
    expect([...passages].map(([own, steps]) => [own.name, steps[0]])).toMatchObject([
      ['mine', { operand: 0, steps: [{ kind: 'bounds', low: 0, high: 6 }] }],
    ]);
    registration!.unregister();
    register(({ input, bounds }) => {
      bounds(0, 6, 0);
      return [input(0)];
    });
    expect((await faultOf(() => inspected())).what).toMatch(/has the bounds 6 and 0/);
  });

  test('what is moved is still a weight: a layer behind it reads it as one', async () => {
    const { graph, read } = graphOf(specOfWeight(node({ inputs: ['w'], outputs: ['m'] })));
    for (const moves of [false, true]) {
      register(({ input }) => [input(0)], { moves });
      const { linearMaps } = walk(graph, registryNow(), read);
      expect(linearMaps.map(({ data }) => data)).toEqual(moves ? ['x'] : []);
      registration!.unregister();
    }
  });

  test('an operand that is not taken stays whole', async () => {
    register(({ input }) => [input(0)]);
    const { frozen } = await inspected([node({ inputs: ['c', 'slope'] })], (b) => b.weight('slope', [6]));
    expect(frozen).toContainEqual(
      expect.objectContaining({
        tensor: 'slope',
        reasons: [{ why: 'operator', node: 'mine', text: 'operand 1 of Mine is not followed' }],
      }),
    );
  });

  test('an attribute that states a length is written again', async () => {
    register(({ input, restate }) => {
      restate({ attribute: 'channels', kind: 'int' }, [input(0)[1]!]);
      return [input(0)];
    });
    const bytes = between([node({ attributes: { channels: 6 } })]);
    using model = await openModel(bytes);
    const pruned = await (await model.prune({ ratio: 0.5 })).toBytes();
    const stated: unknown[] = [];
    registration!.unregister();
    register(({ input, attributes }) => {
      stated.push(attributes.int('channels'));
      return [input(0)];
    });
    using smaller = await openModel(pruned);
    smaller.inspect();
    expect(stated[0]).toBe(3);
  });
});

describe('what a rule gives is refused with the node', () => {
  let kept: unknown;
  test.each<[string, OperatorDefinition['rule'], RegExp]>([
    ['nothing', (() => undefined) as never, /the rule of com.example:Mine gave undefined for 1 outputs/],
    ['a promise', (async () => []) as never, /gave a value of type Promise for 1 outputs/],
    ['no outputs', () => [], /gave \[\] for 1 outputs/],
    ['what are no axes', () => [[1 as never]], /uses 1 as an axis/],
    ['copies of axes', ({ input }) => [[{ ...input(0)[0]! }]], /uses an object as an axis/],
    [
      'parts that do not add up',
      ({ input, lanes }) => [lanes.cut(input(0)[1]!, [3, 4])],
      /an axis of length 6 as parts that come to 7/,
    ],
    [
      'factors that do not multiply',
      ({ input, lanes }) => [lanes.factor(input(0)[1]!, [4, 2])],
      /as factors that come to 8/,
    ],
    [
      'indices beyond',
      ({ input, lanes }) => [[lanes.pick(input(0)[1]!, [6])]],
      /picks indices that an axis of length 6 does not have/,
    ],
    ['a length that is none', ({ lanes }) => [[lanes.plain(-1)]], /uses -1 as a length/],
    ['one axis of none', ({ lanes }) => [[lanes.join([])]], /makes one axis of \[\]/],
    [
      'what it throws',
      () => {
        throw new RangeError('oh');
      },
      /the rule of com.example:Mine threw: oh/,
    ],
  ])('%s', async (_, rule, expected) => {
    register(rule);
    const fault = await faultOf(() => inspected());
    expect([fault.code, fault.where.node]).toEqual(['EXTENSION_FAILED', 'mine']);
    expect(fault.what).toMatch(expected);
  });

  test('axes of another call', async () => {
    register(({ input }) => {
      kept ??= input(0);
      return [kept as never];
    });
    await inspected();
    expect((await faultOf(() => inspected())).what).toMatch(/uses an object as an axis/);
  });
});

test.each<[object, RegExp]>([
  [{ domain: '' }, /operator.domain must be a custom domain/],
  [{ domain: 'ai.onnx' }, /operator.domain must be a custom domain/],
  [{ domain: 'com.microsoft' }, /operator.domain must be a custom domain/],
  [{ domain: 'espalier' }, /operator.domain must be a custom domain/],
  [{ op: '' }, /operator.op must be the name of an operator/],
  [{ opsets: [3, 1] }, /operator.opsets must be the first and the last version/],
  [{ opsets: [] }, /operator.opsets must be the first and the last version/],
  [{ axes: 1 }, /an operator has no property "axes"/],
])('what is no operator is refused: %j', async (wrong, expected) => {
  const given = { domain: 'com.example', op: 'Mine', summary: 's', rule: elementwise, ...wrong };
  const fault = await faultOf(() => registerOperator(given as OperatorDefinition).unregister());
  expect(fault).toBeInstanceOf(EspalierError);
  expect([fault.code, expected.test(fault.what)]).toEqual(['OPTION_INVALID', true]);
});
