import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EspalierError, loadData, openModel } from '../../src/index.js';
import { float32, npz } from '../calibration/files.js';
import { emptyFolder, leftovers, main, names, writeLarge } from './large.js';

let folder: string;
beforeEach(() => {
  folder = emptyFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const shell = (script: string) => spawnSync('bash', ['-c', script], { encoding: 'utf8', timeout: 60_000 });
const prune = (from: string, to: string): string =>
  `${process.execPath} ${main} prune ${from} -o ${to} --ratio 0.3 --criterion random --force --json`;

const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'none',
    (error: unknown) => (error instanceof EspalierError ? error.code : String(error)),
  );

// A mount of one's own needs rights that not every machine gives.
const canMount = process.platform === 'linux' && shell('unshare -rm mount -t tmpfs none /mnt').status === 0;

describe.skipIf(process.platform === 'win32')('where the output cannot be written', () => {
  test.each([false, true])('a file may not grow so large (weights beside the model: %s)', (beside) => {
    const model = writeLarge(folder, 600, beside);
    const out = join(folder, 'out.onnx');
    writeFileSync(out, 'before');
    const { status, stdout } = shell(`ulimit -f 512; ${prune(model, out)}`);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'OUTPUT_UNWRITABLE' } });
    expect(readFileSync(out, 'utf8')).toBe('before');
    expect(leftovers(folder)).toEqual([]);
    expect(names(folder)).toEqual(beside ? ['in.onnx', 'in.onnx.bin', 'out.onnx'] : ['in.onnx', 'out.onnx']);
  });

  test.skipIf(!canMount)('the disk is full', () => {
    const model = writeLarge(folder, 600, false);
    const { stdout, status } = shell(
      `unshare -rm bash -c 'mount -t tmpfs -o size=1m none /mnt && echo before > /mnt/out.onnx; ` +
        `${prune(model, '/mnt/out.onnx')}; code=$?; cat /mnt/out.onnx; ls -A /mnt; exit $code'`,
    );
    expect(status).toBe(1);
    expect(stdout).toContain('OUTPUT_UNWRITABLE');
    expect(stdout).toContain('No space left');
    // What was there is there, and nothing else.
    expect(stdout.endsWith('before\nout.onnx\n')).toBe(true);
  });

  test('it is a device or a folder', async () => {
    const model = writeLarge(folder, 16, false);
    using opened = await openModel(model);
    const pruned = await opened.prune({ ratio: 0.5 });
    expect(await codeOf(pruned.save('/dev/full', { force: true }))).toBe('OUTPUT_UNWRITABLE');
    expect(await codeOf(pruned.save(folder, { force: true }))).toBe('OUTPUT_UNWRITABLE');
  });
});

describe('files that change while they are read', () => {
  test.each([
    ['shrinks', () => new Uint8Array(10)],
    ['becomes another', (before: Buffer) => before.map((byte) => byte ^ 1)],
  ])('a model that %s is no model any more', async (_, change) => {
    const path = writeLarge(folder, 300, false);
    using model = await openModel(path);
    const pruned = await model.prune({ ratio: 0.5, criterion: 'random' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(path, change(readFileSync(path)));
    expect(await codeOf(pruned.save(join(folder, 'out.onnx')))).toBe('FILE_UNREADABLE');
    expect(await codeOf(pruned.toBytes())).toBe('FILE_UNREADABLE');
    expect(names(folder)).toEqual(['in.onnx']);
    expect(leftovers(folder)).toEqual([]);
  });

  test('samples that change are told from those that were opened', async () => {
    const path = join(folder, 'samples.npz');
    writeFileSync(path, npz({ x: float32('2,', 1, 2) }, 0));
    const { arrays } = await loadData(path);
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(path, npz({ x: float32('2,', 3, 4) }, 0));
    expect(await codeOf(arrays.get('x')!.read(0, 1))).toBe('FILE_UNREADABLE');
  });
});

describe.skipIf(process.platform === 'win32')('what would be waited for is refused', () => {
  test('a pipe, wherever a file is read', async () => {
    const pipe = join(folder, 'pipe.npy');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    expect(await codeOf(openModel(pipe))).toBe('FILE_UNREADABLE');
    expect(await codeOf(loadData(pipe))).toBe('FILE_UNREADABLE');
    // One of a folder's arrays.
    expect(await codeOf(loadData(folder))).toBe('FILE_UNREADABLE');
  });

  test('a device', async () => {
    expect(await codeOf(openModel('/dev/zero'))).toBe('FILE_UNREADABLE');
    expect(await codeOf(loadData('/dev/zero'))).toBe('FILE_UNREADABLE');
    const model = writeLarge(folder, 16, false);
    const { status, stderr } = shell(
      `${process.execPath} ${main} apply ${model} /dev/zero -o ${join(folder, 'out.onnx')}`,
    );
    expect(status).toBe(1);
    expect(stderr).toContain('FILE_UNREADABLE');
  });
});
