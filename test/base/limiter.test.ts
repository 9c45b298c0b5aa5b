import { availableParallelism } from 'node:os';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inTurn } from '../../src/base/limiter.js';
import { inSlices, type Steps } from '../../src/base/steps.js';

const places = Math.max(2, availableParallelism());

test('so many calls compute at once, and the others in the order in which they came', async () => {
  const began: number[] = [];
  let [now, most] = [0, 0];
  await Promise.all(
    Array.from({ length: 5 * places }, (_, call) =>
      inTurn({}, async () => {
        began.push(call);
        now += 1;
        most = Math.max(most, now);
        await turnOfLoop();
        now -= 1;
      }),
    ),
  );
  expect(most).toBe(places);
  expect(began).toEqual(Array.from({ length: 5 * places }, (_, call) => call));
});

test('whoever fails gives its place back, and whoever aborts while it waits leaves', async () => {
  const ends: (() => void)[] = [];
  const busy = Array.from({ length: places }, () =>
    inTurn({}, () => new Promise<void>((end) => ends.push(end))),
  );
  const aborting = new AbortController();
  const waits = inTurn({ signal: aborting.signal }, () => expect.fail('it was aborted'));
  const behind = inTurn({}, () => Promise.reject(new Error('failed')));
  aborting.abort(new Error('enough'));
  await expect(waits).rejects.toThrow('enough');
  await expect(inTurn({ signal: aborting.signal }, () => expect.fail('it was aborted'))).rejects.toThrow(
    'enough',
  );
  for (const end of ends) end();
  await expect(behind).rejects.toThrow('failed');
  await Promise.all(busy);
  const all = await Promise.all(Array.from({ length: places }, (_, i) => inTurn({}, async () => i)));
  expect(all).toHaveLength(places);
});

function* counting(steps: number, each: (step: number) => void): Steps<number> {
  for (let step = 0; step < steps; step++) {
    each(step);
    yield;
  }
  return steps;
}

const hold = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test('the event loop turns between slices, and slices of several calls do not mix', async () => {
  let turns = 0;
  let over = false;
  const watch = async (): Promise<void> => {
    while (!over) {
      turns += 1;
      await turnOfLoop();
    }
  };
  const watching = watch();
  const order: string[] = [];
  const call = (name: string): Promise<number> =>
    inSlices(
      counting(10, () => {
        order.push(name);
        hold(3);
      }),
    );
  expect(await Promise.all([call('a'), call('b')])).toEqual([10, 10]);
  over = true;
  await watching;
  expect(turns).toBeGreaterThan(5);
  expect(order.join('')).toBe('a'.repeat(10) + 'b'.repeat(10));
});

test('an abort ends slices, and a step that throws rejects; others go on', async () => {
  const aborting = new AbortController();
  const long = inSlices(
    counting(1e9, (step) => {
      if (step === 3) aborting.abort(new Error('enough'));
      hold(1);
    }),
    aborting.signal,
  );
  const broken = inSlices(
    counting(3, (step) => {
      if (step === 2) throw new Error('broken');
    }),
  );
  const fine = inSlices(counting(7, () => undefined));
  await expect(long).rejects.toThrow('enough');
  await expect(broken).rejects.toThrow('broken');
  expect(await fine).toBe(7);
});
