import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Slices, type Steps } from '../../src/base/steps.js';

const slices = new Slices(() => turnOfLoop());

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
    slices.carryOut(
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
  const long = slices.carryOut(
    counting(1e9, (step) => {
      if (step === 3) aborting.abort(new Error('enough'));
      hold(1);
    }),
    aborting.signal,
  );
  const broken = slices.carryOut(
    counting(3, (step) => {
      if (step === 2) throw new Error('broken');
    }),
  );
  const fine = slices.carryOut(counting(7, () => undefined));
  await expect(long).rejects.toThrow('enough');
  await expect(broken).rejects.toThrow('broken');
  expect(await fine).toBe(7);
});
