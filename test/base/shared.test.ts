import { expect, test } from 'vitest';
import { Shared } from '../../src/base/shared.js';

test('computed once for all who ask', async () => {
  const shared = new Shared<number>();
  let times = 0;
  const ask = (): Promise<number> => shared.get(async () => ++times, undefined);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(await ask()).toBe(1);
  shared.forget();
  expect(await ask()).toBe(2);
});

test('whoever waited begins again where the one that computed gave up', async () => {
  const shared = new Shared<string>();
  let fail = (_: Error): void => undefined;
  const first = shared.get(() => new Promise((_, reject) => (fail = reject)), undefined);
  const second = shared.get(async () => 'second', undefined);
  const third = shared.get(async () => 'third', undefined);
  fail(new Error('gave up'));
  await expect(first).rejects.toThrow('gave up');
  expect(await Promise.all([second, third])).toEqual(['second', 'second']);
});

test('what fails for everybody is told to everybody', async () => {
  const shared = new Shared<never>();
  const ask = (): Promise<never> => shared.get(() => Promise.reject(new Error('broken')), undefined);
  const all = await Promise.allSettled([ask(), ask(), ask()]);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});

test('an abort ends the waiting of one', async () => {
  const shared = new Shared<number>();
  let end = (_: number): void => undefined;
  const first = shared.get(() => new Promise((resolve) => (end = resolve)), undefined);
  const controller = new AbortController();
  const second = shared.get(() => Promise.resolve(2), controller.signal);
  controller.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  end(1);
  expect(await first).toBe(1);
  await expect(shared.get(() => Promise.resolve(3), controller.signal)).rejects.toThrow('enough');
});
