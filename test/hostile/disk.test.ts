import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EspalierError, loadData, openModel } from '../../src/index.js';
import { externalFiles } from '../../src/runtime/externalData.js';
import { float32, npz } from '../data/files.js';
import { externallyStored } from '../runtime/external.js';
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

describe.skipIf(process.platform === 'win32')('data beside a model, given to the runtime', () => {
  test('lies in its folder, wherever links lead', async () => {
    const model = join(folder, 'm.onnx');
    writeFileSync(model, externallyStored('w.bin', 4));
    const elsewhere = emptyFolder();
    writeFileSync(join(elsewhere, 'w.bin'), new Uint8Array(16));
    symlinkSync(join(elsewhere, 'w.bin'), join(folder, 'w.bin'));
    expect(await codeOf(externalFiles(model))).toBe('EXTERNAL_DATA');
    rmSync(join(folder, 'w.bin'));
    expect(spawnSync('mkfifo', [join(folder, 'w.bin')]).status).toBe(0);
    expect(await codeOf(externalFiles(model))).toBe('EXTERNAL_DATA');
    expect(await codeOf(externalFiles(join(folder, 'w.bin')))).toBe('FILE_UNREADABLE');
    // A store of files that are linked to, the model among them.
    rmSync(join(folder, 'w.bin'));
    symlinkSync(join(elsewhere, 'w.bin'), join(folder, 'w.bin'));
    writeFileSync(join(elsewhere, 'm.onnx'), externallyStored('w.bin', 4));
    symlinkSync(join(elsewhere, 'm.onnx'), join(folder, 'linked.onnx'));
    expect(await codeOf(externalFiles(join(folder, 'linked.onnx')))).toBe('none');
    rmSync(elsewhere, { recursive: true });
  });
});

describe('samples that claim what they do not hold', () => {
  const refused = async (name: string, data: Uint8Array): Promise<string> => {
    writeFileSync(join(folder, name), data);
    return await loadData(join(folder, name)).then(
      () => 'none',
      (error: Error) => error.message,
    );
  };

  test('more samples than bytes, and more axes than NumPy has', async () => {
    expect(await refused('x.npy', float32(`${2 ** 50}, 0`))).toContain('samples that hold nothing');
    expect(await refused('x.npy', float32('3, 0'))).toBe('none');
    expect(await refused('x.npy', float32('1, '.repeat(65), 1))).toContain('65 axes');
    expect(await refused('x.npy', float32('1, '.repeat(64), 1))).toBe('none');
  });

  test('files that share their bytes', async () => {
    const archive = Buffer.from(npz({ a: float32('4,', 1, 2, 3, 4), b: float32('4,', 1, 2, 3, 4) }, 0));
    // The directory says of the second file that it lies where the first one does.
    const first = archive.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
    const many = Array.from({ length: 40 }, (_, i) => {
      const entry = Buffer.from(archive.subarray(first, first + 46 + 5));
      entry.write(String.fromCharCode(97 + (i % 26)) + (i < 26 ? '.npy' : '.npx'), 46, 'latin1');
      return entry;
    });
    const end = Buffer.from(archive.subarray(-22));
    end.writeUInt16LE(many.length, 8);
    end.writeUInt16LE(many.length, 10);
    end.writeUInt32LE(Buffer.concat(many).length, 12);
    const bomb = Buffer.concat([archive.subarray(0, first), ...many, end]);
    expect(await refused('bomb.npz', bomb)).toContain('overlap');
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
