import { afterEach, describe, expect, test } from 'vitest';
import {
  openModel,
  type PlanOptions,
  type PolicyDefinition,
  type PolicyTask,
  policies,
  type Registration,
  registerPolicy,
} from '../../src/index.js';
import { faultOf } from './faults.js';
import { samples, threeLayers } from './models.js';

const bytes = threeLayers();

let registration: Registration | undefined;
afterEach(() => registration?.unregister());

const register = (allocate: PolicyDefinition['allocate'], rest: Partial<PolicyDefinition> = {}): void => {
  registration = registerPolicy({ name: 'mine', summary: 'what I say', allocate, ...rest });
};

/** Groups by how many of their lanes stay. */
async function planned(options: PlanOptions): Promise<Record<string, readonly number[]>> {
  using model = await openModel(bytes);
  const plan = await model.plan({ policy: 'mine', ...options });
  expect(plan.made.policy).toBe('mine');
  return Object.fromEntries(plan.groups.map(({ id, kept }) => [id, kept]));
}

/** What a policy is given. */
async function taskOf(options: PlanOptions, rest: Partial<PolicyDefinition> = {}): Promise<PolicyTask> {
  const tasks: PolicyTask[] = [];
  register((task) => {
    tasks.push(task);
    return new Map(task.units.map(({ id, amounts }) => [id, amounts.at(-1)!]));
  }, rest);
  await planned(options);
  return tasks[0]!;
}

describe('a registered policy', () => {
  test('says how many lanes stay, those of the highest scores', async () => {
    register(async ({ units }) => new Map([[units[0]!.id, 3]]));
    const kept = await planned({ ratio: 0.5, criterion: 'l2' });
    using model = await openModel(bytes);
    const [first] = await model.score({ criterion: 'l2' });
    const highest = Array.from(first!.scores.keys()).sort((a, b) => first!.scores[b]! - first!.scores[a]!);
    expect(kept).toEqual({ w1: highest.slice(0, 3).sort((a, b) => a - b) });
    expect(policies().at(-1)).toEqual({ name: 'mine', summary: 'what I say' });
  });

  test('leaves whole what it does not name', async () => {
    register(({ units }) => new Map([[units[1]!.id, 2]]));
    expect(Object.keys(await planned({ ratio: 0.5 }))).toEqual(['w2']);
  });

  test('takes a ratio, a budget, or either', async () => {
    register(() => new Map(), { takes: 'ratio' });
    expect((await faultOf(() => planned({ macs: 0.5 }))).what).toBe('the policy mine needs a ratio');
    registration!.unregister();
    register(() => new Map(), { takes: 'budget' });
    expect((await faultOf(() => planned({ ratio: 0.5 }))).what).toBe(
      'the policy mine needs a budget, not a ratio',
    );
    registration!.unregister();
    register(({ units }) => new Map(units.map(({ id }) => [id, 1])));
    expect(Object.keys(await planned({ ratio: 0.5 }))).toEqual(['w1', 'w2']);
    expect(Object.keys(await planned({ macs: 0.5 }))).toEqual(['w1', 'w2']);
  });

  test('is what nearly its name is taken for, and refused where there is one', async () => {
    register(() => new Map(), { name: 'thrifty' });
    using model = await openModel(bytes);
    const { todo } = await faultOf(() => model.plan({ ratio: 0.5, policy: 'thrift' }));
    expect(todo).toBe('Did you mean thrifty? Choose one of uniform, global, allocate, thrifty.');
    const twice = await faultOf(() =>
      registerPolicy({ name: 'thrifty', summary: 's', allocate: () => new Map() }),
    );
    expect([twice.code, twice.what]).toEqual(['OPTION_INVALID', 'there is a policy "thrifty" already']);
    const missing = await faultOf(() => registerPolicy({ name: 'a', summary: 's' } as never));
    expect(missing.what).toBe('policy.allocate must be a function, not undefined');
  });
});

describe('what a policy is given', () => {
  test('units with the amounts that may stay, and what each step is worth', async () => {
    const tasks: PolicyTask[] = [];
    register((task) => {
      tasks.push(task);
      return new Map(task.units.map(({ id, nearest }) => [id, nearest(3)]));
    });
    await planned({ ratio: 0.3, roundTo: 2, criterion: 'l2' });
    const [{ units, ratio, budget }] = tasks as [PolicyTask];
    expect([ratio, budget]).toEqual([0.3, undefined]);
    expect(units.map(({ id, amounts }) => [id, amounts])).toEqual([
      ['w1', [8, 6, 4, 2]],
      ['w2', [6, 4, 2]],
    ]);
    using model = await openModel(bytes);
    const [first] = await model.score({ criterion: 'l2' });
    const sorted = [...first!.scores].sort((a, b) => a - b);
    const mean = sorted.reduce((sum, score) => sum + score, 0) / 8;
    const [{ worth, nearest, amounts }] = units as [PolicyTask['units'][0]];
    for (const step of [0, 1, 2])
      expect(worth[step]! * mean).toBeCloseTo((sorted[2 * step]! + sorted[2 * step + 1]!) / 2, 9);
    expect([0, 1, 3, 6, 7, 8, 99].map(nearest)).toEqual([2, 2, 2, 6, 6, 8, 8]);
    expect([units, units[0], amounts, worth].every(Object.isFrozen)).toBe(true);
  });

  test('a budget, and what would be left', async () => {
    const { budget, units } = await taskOf({ params: 0.9 });
    // w1 [4 8], w2 [8 6], w3 [6 3].
    expect([budget!.name, budget!.limit]).toEqual(['params', 0.9 * 98]);
    expect(budget!.cost(new Map())).toBe(98);
    expect(budget!.cost(new Map([['w1', 4]]))).toBe(4 * 4 + 4 * 6 + 6 * 3);
    expect(budget!.cost(new Map(Object.entries({ w1: 1, w2: 2 })))).toBe(4 + 2 + 6);
    expect(units[0]!.isLossMeasured).toBe(false);
    expect((await faultOf(() => budget!.cost(new Map([['w9', 1]])))).what).toBe(
      'the policy mine speaks of a unit "w9", which is none of the task',
    );
  });

  test('losses, measured on samples where it asks for that', async () => {
    const presumed = await taskOf({ params: 0.9 });
    const [first] = presumed.units;
    let left = 0;
    for (const [step, worth] of first!.worth.entries()) {
      left += worth / 8;
      expect(first!.loss[step + 1]).toBeCloseTo(left ** 2, 9);
    }
    registration!.unregister();
    const measured = await taskOf({ params: 0.9, data: samples }, { measuresLoss: true });
    const own = measured.units[0]!;
    expect(own.isLossMeasured).toBe(true);
    expect(own.loss.length).toBe(8);
    expect(own.loss).toEqual([...own.loss].sort((a, b) => a - b));
    expect(own.loss).not.toEqual(first!.loss);
  });
});

describe('what a policy gives is refused with its name and the group', () => {
  test.each<[unknown, RegExp]>([
    [{ w1: 3 }, /what a policy keeps must be a Map, not an object/],
    [new Map([['w9', 3]]), /the policy mine speaks of a unit "w9"/],
    [new Map([['w1', 0]]), /the policy mine keeps 0 of the unit "w1", which is none of its amounts/],
    [new Map([['w1', 9]]), /keeps 9 of/],
    [new Map([['w1', 2.5]]), /keeps 2.5 of/],
    [new Map([['w1', 'all']]), /keeps "all" of/],
    [new Map([['w1', 3]]), /keeps 3 of the unit "w1", which is none of its amounts/],
  ])('%#', async (given, expected) => {
    register(() => given as never);
    const { code, what } = await faultOf(() => planned({ ratio: 0.5, roundTo: 2 }));
    expect(code).toBe('EXTENSION_FAILED');
    expect(what).toMatch(expected);
  });

  test('a budget that it exceeds, and what it throws', async () => {
    register(({ units }) => new Map([[units[0]!.id, 7]]));
    const beyond = await faultOf(() => planned({ params: 0.5 }));
    expect(beyond.what).toBe('the policy mine leaves 88 where the budget (params) is 49');
    registration!.unregister();
    register(() => {
      throw new Error('no idea');
    });
    expect((await faultOf(() => planned({ ratio: 0.5 }))).what).toBe('the policy mine threw: no idea');
  });
});
