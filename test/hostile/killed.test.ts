import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { draws } from '../support/random.js';
import { emptyFolder, leftovers, main, names, writeLarge } from './large.js';

/** How often each is killed; more with ESPALIER_KILLS, and at other times with ESPALIER_SEED. */
const KILLS = Number(process.env.ESPALIER_KILLS ?? 6);
const SEED = Number(process.env.ESPALIER_SEED ?? 1);
/** So large that writing takes some ten milliseconds. */
const WIDTH = 1500;

let folder: string;
beforeEach(() => {
  folder = emptyFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

/** Begins to prune in.onnx, for the same bytes each time. */
function start(out: string, ratio: string) {
  const args = ['prune', at('in.onnx'), '-o', at(out), '--ratio', ratio, '--criterion', 'random', '--force'];
  const child = spawn(process.execPath, [main, ...args, '--quiet'], { stdio: 'ignore' });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code)),
  );
  return { child, ended };
}

/** Prunes, and is killed so many ms after it began to write. False where it had ended by then. */
async function killed(after: number): Promise<boolean> {
  const known = new Set(leftovers(folder));
  const { child, ended } = start('out.onnx', '0.3');
  while (child.exitCode === null && leftovers(folder).every((name) => known.has(name))) await wait(1);
  await wait(after);
  child.kill('SIGKILL');
  return (await ended) === 'SIGKILL';
}

/** The bytes of these files; nothing for one that is not there. */
const read = (...files: readonly string[]): (string | undefined)[] =>
  files.map((name) => (existsSync(at(name)) ? readFileSync(at(name)).toString('latin1') : undefined));

describe('a process that is killed while it writes', () => {
  test('leaves what was there, or all of what was to be', async () => {
    writeLarge(folder, WIDTH, false);
    expect(await start('old.onnx', '0.9').ended).toBe(0);
    expect(await start('new.onnx', '0.3').ended).toBe(0);
    const [before, after] = read('old.onnx', 'new.onnx');
    const next = draws(SEED);
    let inTime = 0;
    for (let i = 0; i < KILLS; i++) {
      copyFileSync(at('old.onnx'), at('out.onnx'));
      inTime += (await killed(next(40))) ? 1 : 0;
      const [now] = read('out.onnx');
      expect(now === before || now === after, `after kill ${i}`).toBe(true);
    }
    expect(inTime).toBeGreaterThan(0);
    // Whatever else is left can be told from any model.
    expect(names(folder)).toEqual(['in.onnx', 'new.onnx', 'old.onnx', 'out.onnx']);
  });

  test('leaves nothing under a name that nothing had, or all of it', async () => {
    writeLarge(folder, WIDTH, false);
    expect(await start('new.onnx', '0.3').ended).toBe(0);
    const [after] = read('new.onnx');
    const next = draws(SEED + 1);
    for (let i = 0; i < KILLS; i++) {
      rmSync(at('out.onnx'), { force: true });
      await killed(next(40));
      const [now] = read('out.onnx');
      expect(now === undefined || now === after, `after kill ${i}`).toBe(true);
    }
  });

  test('leaves no model with the external data of another', async () => {
    writeLarge(folder, WIDTH, true);
    const files = ['out.onnx', 'out.onnx.data'];
    expect(await start('out.onnx', '0.3').ended).toBe(0);
    const after = read(...files);
    expect(await start('out.onnx', '0.9').ended).toBe(0);
    const before = read(...files);
    for (const name of files) copyFileSync(at(name), at(`old-${name}`));
    const next = draws(SEED + 2);
    for (let i = 0; i < KILLS; i++) {
      for (const name of files) copyFileSync(at(`old-${name}`), at(name));
      await killed(next(60));
      const now = read(...files);
      const is = (whole: typeof now): boolean => now.every((bytes, file) => bytes === whole[file]);
      expect(now[0] === undefined || is(before) || is(after), `after kill ${i}`).toBe(true);
    }
  });
});
