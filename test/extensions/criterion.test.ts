import { afterEach, describe, expect, test } from 'vitest';
import {
  type CriterionDefinition,
  type CriterionTask,
  combine,
  criteria,
  datasetOf,
  openModel,
  type Registration,
  registerCriterion,
} from '../../src/index.js';
import { faultOf } from './faults.js';
import { samples, threeLayers } from './models.js';

const bytes = threeLayers();

let registration: Registration | undefined;
afterEach(() => registration?.unregister());

const register = (score: CriterionDefinition['score'], rest: Partial<CriterionDefinition> = {}): void => {
  registration = registerCriterion({ name: 'mine', summary: 'what I say', score, ...rest });
};

const byLane: CriterionDefinition['score'] = ({ groups }) =>
  groups.map(({ lanes }) => Float64Array.from({ length: lanes }, (_, lane) => lane));

/** What a criterion is given when `score` is asked for with these options. */
async function taskOf(
  options: Parameters<Awaited<ReturnType<typeof openModel>>['score']>[0],
  look: (task: CriterionTask) => unknown,
  rest: Partial<CriterionDefinition> = {},
): Promise<void> {
  register(async (task) => {
    await look(task);
    return byLane(task);
  }, rest);
  using model = await openModel(bytes);
  await model.score({ criterion: 'mine', ...options });
}

describe('a registered criterion', () => {
  test('scores, plans and combines by its name, and is listed last', async () => {
    register(byLane, { source: 'me' });
    using model = await openModel(bytes);
    const [first, second] = await model.score({ criterion: 'mine' });
    expect([...first!.scores]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const plan = await model.plan({ ratio: 0.5, criterion: 'mine' });
    expect(plan.made.criterion).toBe('mine');
    expect(plan.groups.map(({ kept }) => kept)).toEqual([
      [4, 5, 6, 7],
      [3, 4, 5],
    ]);
    const [both] = await model.score({ criterion: combine([{ criterion: 'mine' }, { criterion: 'l1' }]) });
    expect(Object.keys(both!.parts!)).toEqual(['mine', 'l1']);
    expect(criteria().at(-1)).toMatchObject({
      name: 'mine',
      summary: 'what I say',
      source: 'me',
      needs: 'weights',
    });
    expect(second!.lanes).toBe(6);
  });

  test('is unknown once it is taken out, and its name is free', async () => {
    register(byLane);
    registration!.unregister();
    registration!.unregister();
    using model = await openModel(bytes);
    const fault = await faultOf(() => model.score({ criterion: 'mine' }));
    expect([fault.code, fault.what]).toEqual(['OPTION_INVALID', 'there is no criterion "mine"']);
    {
      using _ = registerCriterion({ name: 'mine', summary: 'again', score: byLane });
      expect(criteria().map(({ name }) => name)).toContain('mine');
      // What was taken out before takes out nothing of that name.
      registration!.unregister();
      expect(criteria().map(({ name }) => name)).toContain('mine');
    }
    expect(criteria().map(({ name }) => name)).not.toContain('mine');
  });

  test('is what nearly its name is taken for', async () => {
    register(byLane, { name: 'loudness' });
    using model = await openModel(bytes);
    const { todo } = await faultOf(() => model.score({ criterion: 'loudnes' }));
    expect(todo).toMatch(/^Did you mean loudness\? Choose one of entropy, .*, random, loudness\.$/);
  });

  test('of a name that another one had before is asked anew', async () => {
    using model = await openModel(bytes);
    const data = datasetOf(samples);
    const first = async (): Promise<number> => {
      const [own] = await model.score({ criterion: 'mine', data });
      return own!.scores[0]!;
    };
    register(({ groups }) => groups.map(({ lanes }) => new Float64Array(lanes).fill(1)));
    expect(await first()).toBe(1);
    registration!.unregister();
    register(({ groups }) => groups.map(({ lanes }) => new Float64Array(lanes).fill(2)));
    expect(await first()).toBe(2);
  });

  test('that needs data is refused without', async () => {
    register(byLane, { needs: 'data' });
    using model = await openModel(bytes);
    const { code, what } = await faultOf(() => model.score({ criterion: 'mine' }));
    expect([code, what]).toEqual([
      'OPTION_INVALID',
      'the criterion mine looks at activations, and there are no calibration data',
    ]);
  });
});

describe('what a criterion is given', () => {
  test('groups with the slices that their lanes lie on', async () => {
    await taskOf({}, ({ groups, hasData }) => {
      expect(hasData).toBe(false);
      const [first] = groups;
      expect(first).toMatchObject({ id: 'w1', lanes: 8, exact: true });
      expect(first!.slices.map(({ tensor, axis, role }) => [tensor, axis, role])).toEqual([
        ['w1', 1, 'makes'],
        ['w2', 0, 'reads'],
      ]);
      expect([...first!.slices[0]!.lanes]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(first!.slices[1]).toMatchObject({ dims: [8, 6], dtype: 'float32', isParameter: false });
      expect([groups, first, first!.slices, first!.slices[0]].every(Object.isFrozen)).toBe(true);
      first!.slices[0]!.lanes.fill(-1);
      expect(first!.slices[0]!.lanes[7]).toBe(7);
    });
  });

  test('statistics of the weights that make lanes, and of those that read them', async () => {
    await taskOf({}, async ({ groups, weights }) => {
      const [first] = groups;
      const [makes, reads] = first!.slices;
      const [w1, w2] = [await weights.values(makes!), await weights.values(reads!)];
      expect([w1.length, w2.length]).toEqual([32, 48]);
      const [[made], [read]] = [await weights.squareSum(groups), await weights.squareSum(groups, 'readers')];
      for (let lane = 0; lane < 8; lane++) {
        const column = [0, 1, 2, 3].map((row) => w1[8 * row + lane]!);
        const row = [...w2.subarray(6 * lane, 6 * lane + 6)];
        const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + value ** 2, 0);
        expect(made![lane]).toBeCloseTo(squares(column), 6);
        expect(read![lane]).toBeCloseTo(squares(row), 6);
      }
      for (const statistic of ['absSum', 'variance', 'distance'] as const)
        expect((await weights[statistic](groups)).map(({ length }) => length)).toEqual([8, 6]);
      expect((await weights.entropy([first!], 4))[0]!.every((bits) => bits >= 0 && bits <= 2)).toBe(true);
    });
  });

  test('activations, lanes at sampled positions, and their second moments', async () => {
    await taskOf({ data: samples }, async ({ groups, activations, hasData }) => {
      expect(hasData).toBe(true);
      const [observed] = await activations.observed(groups);
      expect(observed![0]).toMatchObject({ value: 'r1' });
      const [energy] = await activations.averaged(groups, ({ meanSquare }) => meanSquare);
      const [rows] = await activations.rows(groups);
      const [moments] = await activations.secondMoments(groups);
      expect([rows!.rows, rows!.values.length, moments!.rows]).toEqual([32, 32 * 8, 32]);
      const mean = (of: (row: number) => number): number =>
        Array.from({ length: 32 }, (_, row) => of(row)).reduce((sum, value) => sum + value, 0) / 32;
      const at = (row: number, lane: number): number => rows!.values[8 * row + lane]!;
      for (const [a, b] of [
        [0, 0],
        [2, 5],
      ] as const) {
        const covariance =
          mean((row) => at(row, a) * at(row, b)) - mean((row) => at(row, a)) * mean((row) => at(row, b));
        expect(moments!.covariance[8 * a + b]).toBeCloseTo(covariance, 5);
        expect(moments!.means[a]).toBeCloseTo(
          mean((row) => at(row, a)),
          6,
        );
        expect(energy![a]).toBeCloseTo(
          mean((row) => at(row, a) ** 2),
          5,
        );
      }
      expect((await activations.rows([groups[1]!], 5))[0]!.rows).toBe(5);
    });
  });

  test('no activations without data, and no copies of groups', async () => {
    await taskOf({}, async ({ groups, weights, activations }) => {
      const without = await faultOf(() => activations.observed(groups));
      expect([without.code, without.what]).toEqual([
        'OPTION_INVALID',
        'what was asked for looks at activations, and there are no calibration data',
      ]);
      const copied = await faultOf(() => weights.absSum([{ ...groups[0]! }]));
      expect(copied.what).toBe('groups must be those that the task has, and not copies of them');
      await expect(faultOf(() => weights.absSum(groups, 'both' as never))).resolves.toMatchObject({
        what: "of must be 'makers' or 'readers', not \"both\"",
      });
    });
  });

  test('its options over their defaults, checked', async () => {
    const options = {
      power: { default: 2, above: 0, help: 'the exponent' },
      over: { default: 'mean', choices: ['mean', 'max'], help: 'what is taken of several' },
      signed: { default: false, help: 'whether signs count' },
    } as const;
    const seen: unknown[] = [];
    await taskOf({ criterionOptions: { power: 0.5 } }, (task) => seen.push(task.options), { options });
    expect(seen).toEqual([{ power: 0.5, over: 'mean', signed: false }]);
    using model = await openModel(bytes);
    for (const [wrong, expected] of [
      [{ power: 0 }, /power must be a number above 0, not 0/],
      [{ over: 'least' }, /over must be one of 'mean', 'max', not "least"/],
      [{ signed: 1 }, /signed must be true or false, not 1/],
      [{ powr: 1 }, /the criterion mine has no option "powr"/],
    ] as const)
      expect((await faultOf(() => model.score({ criterion: 'mine', criterionOptions: wrong }))).what).toMatch(
        expected,
      );
  });

  test('a signal that is aborted with the call, whose reason passes', async () => {
    const stop = new AbortController();
    register(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
          stop.abort(new Error('enough'));
        }),
    );
    using model = await openModel(bytes);
    await expect(model.score({ criterion: 'mine', signal: stop.signal })).rejects.toThrow('enough');
  });
});

describe('what a criterion gives is refused with its name and the group', () => {
  const scored = (scores: unknown) =>
    (({ groups }: CriterionTask) =>
      groups.map(({ lanes }, index) =>
        index === 1 ? scores : new Float64Array(lanes),
      )) as CriterionDefinition['score'];
  const withLane = (value: number): Float64Array => Float64Array.of(1, 1, value, 1, 1, 1);

  test.each<[string, CriterionDefinition['score'], RegExp]>([
    ['NaN', scored(withLane(Number.NaN)), /the criterion mine gave NaN for lane 2 of the group "w2"/],
    ['infinite', scored(withLane(Number.POSITIVE_INFINITY)), /gave Infinity for lane 2/],
    ['below 0', scored(withLane(-1)), /gave -1 for lane 2/],
    ['too few', scored(new Float64Array(5)), /gave Float64Array of 40 bytes for the group "w2" of 6 lanes/],
    ['an array', scored([1, 2, 3, 4, 5, 6]), /gave \[1, 2, 3, 4, 5, 6\] for the group "w2"/],
    ['nothing for a group', scored(undefined), /gave undefined for the group "w2"/],
    ['nothing', (() => undefined) as never, /the criterion mine gave undefined for 2 groups/],
    [
      'parts that do not fit',
      scored({ scores: withLane(1), parts: { a: new Float64Array(2) } }),
      /the part "a" of the criterion mine/,
    ],
    [
      'parts that are none',
      scored({ scores: withLane(1) }),
      /gave undefined for the parts of the group "w2"/,
    ],
  ])('%s', async (_, score, expected) => {
    register(score);
    using model = await openModel(bytes);
    const { code, what } = await faultOf(() => model.score({ criterion: 'mine' }));
    expect(code).toBe('EXTENSION_FAILED');
    expect(what).toMatch(expected);
  });

  test('and what it throws, which is the cause', async () => {
    const cause = new TypeError('x is not a function');
    register(() => {
      throw cause;
    });
    using model = await openModel(bytes);
    const fault = await faultOf(() => model.plan({ ratio: 0.5, criterion: 'mine' }));
    expect([fault.code, fault.what, fault.cause]).toEqual([
      'EXTENSION_FAILED',
      'the criterion mine threw: x is not a function',
      cause,
    ]);
  });

  test('parts are reported beside the scores', async () => {
    register(({ groups }) =>
      groups.map(({ lanes }) => {
        const scores = new Float64Array(lanes).fill(2);
        return { scores, parts: { half: scores.map((score) => score / 2) } };
      }),
    );
    using model = await openModel(bytes);
    const [first] = await model.score({ criterion: 'mine' });
    expect([first!.scores[0], first!.parts!.half![0]]).toEqual([2, 1]);
  });
});

describe('what is no criterion is refused', () => {
  const valid = { name: 'mine', summary: 's', score: byLane };
  test.each<[unknown, RegExp]>([
    [undefined, /a criterion must be an object, not undefined/],
    [{ ...valid, scores: 1 }, /a criterion has no property "scores"[\s\S]*Did you mean score\?/],
    [{ name: 'mine', summary: 's' }, /criterion.score must be a function, not undefined/],
    [{ ...valid, name: 'My Own' }, /criterion.name must be a name of lower-case letters/],
    [{ ...valid, name: 'entropy' }, /there is a criterion "entropy" already/],
    [
      { ...valid, needs: 'labels' },
      /criterion.needs must be one of 'nothing', 'weights', 'data', not "labels"/,
    ],
    [
      { ...valid, options: { 'a-b': { default: 1, help: 'h' } } },
      /criterion.options.*must be named like bins or maxRows/,
    ],
    [{ ...valid, options: { a: { default: 1 } } }, /criterion.options.a.* must be an object such as/],
    [
      { ...valid, options: { a: { default: 1, least: 2, help: 'h' } } },
      /the default of the option a of the criterion mine must be a number from 2 on, not 1/,
    ],
    [
      { ...valid, options: { a: { default: 'x', choices: ['y'], help: 'h' } } },
      /the default of the option a of the criterion mine must be one of 'y', not "x"/,
    ],
  ])('%#', async (given, expected) => {
    const fault = await faultOf(() => registerCriterion(given as CriterionDefinition).unregister());
    expect(fault.code).toBe('OPTION_INVALID');
    expect(fault.message).toMatch(expected);
  });
});
