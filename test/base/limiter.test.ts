import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inTurn, Limiter } from '../../src/base/limiter.js';

const PLACES = 3;

test('so many calls compute at once, and the others in the order in which they came', async () => {
  const limiter = new Limiter(PLACES);
  const began: number[] = [];
  let [now, most] = [0, 0];
  await Promise.all(
    Array.from({ length: 5 * PLACES }, (_, call) =>
      inTurn([limiter], {}, async () => {
        began.push(call);
        now += 1;
        most = Math.max(most, now);
        await turnOfLoop();
        now -= 1;
      }),
    ),
  );
  expect(most).toBe(PLACES);
  expect(began).toEqual(Array.from({ length: 5 * PLACES }, (_, call) => call));
});

test('whoever fails gives its place back, and whoever aborts while it waits leaves', async () => {
  const limiter = new Limiter(PLACES);
  const ends: (() => void)[] = [];
  const busy = Array.from({ length: PLACES }, () =>
    inTurn([limiter], {}, () => new Promise<void>((end) => ends.push(end))),
  );
  await turnOfLoop();
  const aborting = new AbortController();
  const { signal } = aborting;
  const never = () => expect.fail('it was aborted');
  const waits = inTurn([limiter], { signal }, never);
  const behind = inTurn([limiter], {}, () => Promise.reject(new Error('failed')));
  aborting.abort(new Error('enough'));
  await expect(waits).rejects.toThrow('enough');
  await expect(inTurn([limiter], { signal }, never)).rejects.toThrow('enough');
  for (const end of ends) end();
  await expect(behind).rejects.toThrow('failed');
  await Promise.all(busy);
  const all = await Promise.all(
    Array.from({ length: PLACES }, (_, i) => inTurn([limiter], {}, async () => i)),
  );
  expect(all).toHaveLength(PLACES);
});

test('calls that want several places never wait for each other, in whatever order they name them', async () => {
  const [left, right] = [new Limiter(1), new Limiter(1)];
  const order: string[] = [];
  const call = (name: string, ...limiters: readonly Limiter[]) =>
    inTurn(limiters, {}, async () => {
      order.push(`${name}+`);
      await turnOfLoop();
      order.push(`${name}-`);
    });
  await Promise.all([
    call('a', left),
    call('b', left, right),
    call('c', right, left),
    call('d', right, right),
    call('e', left),
  ]);
  expect(order.slice(0, 6)).toEqual(['a+', 'a-', 'b+', 'b-', 'c+', 'c-']);
  expect(order.slice(6).sort()).toEqual(['d+', 'd-', 'e+', 'e-']);
});

test('an abort between several places gives back those that were had', async () => {
  const [held, free] = [new Limiter(1), new Limiter(1)];
  await held.enter();
  const aborting = new AbortController();
  const both = inTurn([free, held], { signal: aborting.signal }, () => expect.fail('it was aborted'));
  aborting.abort(new Error('enough'));
  await expect(both).rejects.toThrow('enough');
  held.leave();
  expect(await inTurn([held, free], {}, async () => 'both')).toBe('both');
});
