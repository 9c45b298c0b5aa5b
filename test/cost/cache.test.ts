import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Cache, settingOf } from '../../src/cost/latency/cache.js';

const folder = () => mkdtemp(join(tmpdir(), 'espalier-cache-'));
const setting = settingOf('a runtime 1.0', 2);

test('what was measured is found again, by the same machine, runtime and threads only', async () => {
  const home = await folder();
  const cache = await Cache.open(setting, [home]);
  expect(cache.get('layer')).toBeUndefined();
  cache.set('layer', 1.5);
  expect(cache.get('layer')).toBe(1.5);
  await cache.save();
  expect((await Cache.open(setting, [home])).get('layer')).toBe(1.5);
  expect((await Cache.open(settingOf('a runtime 1.1', 2), [home])).get('layer')).toBeUndefined();
  expect((await Cache.open(settingOf('a runtime 1.0', 4), [home])).get('layer')).toBeUndefined();
});

test('what two write is kept of both, and nothing else lies about', async () => {
  const home = await folder();
  const [one, two] = [await Cache.open(setting, [home]), await Cache.open(setting, [home])];
  one.set('a', 1);
  two.set('b', 2);
  await one.save();
  await two.save();
  const both = await Cache.open(setting, [home]);
  expect([both.get('a'), both.get('b')]).toEqual([1, 2]);
  expect(await readdir(home)).toHaveLength(1);
});

test('a file that is none is not believed, and is written anew', async () => {
  const home = await folder();
  const first = await Cache.open(setting, [home]);
  first.set('a', 1);
  await first.save();
  const path = join(home, (await readdir(home))[0]!);
  for (const rubbish of ['{', '[]', (await readFile(path, 'utf8')).replace(':1}', ':-1}')]) {
    await writeFile(path, rubbish);
    const cache = await Cache.open(setting, [home]);
    expect(cache.get('a')).toBeUndefined();
    cache.set('b', 2);
    await cache.save();
    expect((await Cache.open(setting, [home])).get('b')).toBe(2);
  }
});

test('where one folder cannot be written the next one is, and where none can nothing is kept', async () => {
  const home = await folder();
  await writeFile(join(home, 'file'), '');
  const cache = await Cache.open(setting, [join(home, 'file'), join(home, 'next')]);
  cache.set('a', 1);
  await cache.save();
  expect((await Cache.open(setting, [join(home, 'next')])).get('a')).toBe(1);
  const lost = await Cache.open(setting, [join(home, 'file')]);
  lost.set('a', 1);
  await lost.save();
});
