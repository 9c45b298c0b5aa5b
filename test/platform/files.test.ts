import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  baseName,
  checkFolderOf,
  fileBeside,
  keptTexts,
  kindOf,
  namesIn,
  openFile,
  pathIn,
  pathOfUrl,
  readText,
  realPath,
  sizeOf,
  temporaryFolder,
  writeText,
} from '../../src/platform/index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const missing = { name: 'Error', reason: 'missing' };
const posix = process.platform !== 'win32';

describe('files', () => {
  test('any part is read, and no more than there is', async () => {
    await writeFile(at('f'), Uint8Array.of(1, 2, 3, 4, 5));
    const file = await openFile(at('f'));
    expect(file.state.size).toBe(5);
    expect(await file.read(1, 3)).toEqual(Uint8Array.of(2, 3, 4));
    expect(await file.read(3, 10)).toEqual(Uint8Array.of(4, 5));
    expect(await file.read(9, 1)).toEqual(new Uint8Array(0));
    await file.close();
    expect(await sizeOf(at('f'))).toBe(5);
  });

  test('another file under the same name is told from the first', async () => {
    const state = async () => {
      const file = await openFile(at('f'));
      await file.close();
      return file.state;
    };
    await writeText(at('f'), 'one');
    const first = await state();
    expect(await state()).toEqual(first);
    await writeText(at('f'), 'two');
    expect(await state()).not.toEqual(first);
  });

  test('what is not there is missing, also below a file', async () => {
    await writeFile(at('f'), '');
    for (const path of [at('none'), join(at('f'), 'below')])
      for (const act of [kindOf, sizeOf, openFile, readText, namesIn])
        await expect(act(path)).rejects.toMatchObject(missing);
  });

  test('names of a folder are sorted', async () => {
    for (const name of ['b', 'c', 'a']) await writeFile(at(name), '');
    expect(await namesIn(folder)).toEqual(['a', 'b', 'c']);
    expect(await kindOf(folder)).toBe('folder');
    expect(await kindOf(at('a'))).toBe('file');
  });

  test.skipIf(!posix)('a pipe is not waited for, unless it is asked for its text', async () => {
    expect(spawnSync('mkfifo', [at('pipe')]).status).toBe(0);
    expect(await kindOf(at('pipe'))).toBe('pipe');
    await expect(openFile(at('pipe'))).rejects.toMatchObject({ reason: 'irregular' });
    const [text] = await Promise.all([readText(at('pipe')), writeFile(at('pipe'), 'through')]);
    expect(text).toBe('through');
    expect(await kindOf('/dev/zero')).toBe('other');
    await expect(readText('/dev/zero')).rejects.toMatchObject({ reason: 'irregular' });
  });

  test('a text replaces what was there, or nothing changes', async () => {
    await writeText(at('f'), 'before');
    await writeText(at('f'), 'after');
    expect(await readText(at('f'))).toBe('after');
    await mkdir(at('taken'));
    await writeFile(join(at('taken'), 'inside'), '');
    await expect(writeText(at('taken'), 'text')).rejects.toMatchObject({ reason: 'refused' });
    await expect(writeText(join(at('none'), 'f'), 'text')).rejects.toMatchObject(missing);
    expect(await readdir(folder)).toEqual(['f', 'taken']);
  });

  test('many writers of one name leave one whole text', async () => {
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(10_000));
    await Promise.all(texts.map((text) => writeText(at('f'), text)));
    expect(texts).toContain(await readFile(at('f'), 'utf8'));
    expect(await readdir(folder)).toEqual(['f']);
  });
});

describe('paths', () => {
  test('names, and what URLs stand for', () => {
    expect(baseName(pathIn(folder, 'm.onnx'))).toBe('m.onnx');
    expect(pathOfUrl(pathToFileURL(at('ä b')).href)).toBe(at('ä b'));
    expect(() => pathOfUrl('https://example.org/m.onnx')).toThrow(/scheme file/);
  });

  test('whether two paths are one file, and whether more can lie beside it', async () => {
    await writeFile(at('f'), '');
    expect(await realPath(join(folder, 'x', '..', 'f'))).toBe(await realPath(at('f')));
    expect(await realPath(at('none'))).toBe(at('none'));
    await checkFolderOf(at('none'));
    await expect(checkFolderOf(join(at('none'), 'f'))).rejects.toMatchObject(missing);
  });

  test.skipIf(!posix)('a file beside another one lies in its folder, wherever links lead', async () => {
    await mkdir(at('sub'));
    await writeFile(at('m'), '');
    await writeFile(at('sub/w'), '');
    expect(await fileBeside(at('m'), 'sub/w')).toEqual({ path: at('sub/w') });
    expect(await fileBeside(at('m'), 'none')).toEqual({ path: at('none') });
    expect(await fileBeside(at('m'), 'sub/../sub/./w')).toEqual({ path: at('sub/w') });
    for (const name of ['../w', 'sub/../../w', '/etc/passwd', '..'])
      expect(await fileBeside(at('m'), name)).toEqual({ refused: 'outside' });
    expect(await fileBeside(at('m'), 'sub')).toEqual({ refused: 'irregular' });
    await writeFile(at('sub/n'), '');
    await symlink(at('m'), at('sub/linked'));
    expect(await fileBeside(at('sub/n'), 'linked')).toEqual({ refused: 'outside' });
    // The folder of the file that a name links to counts too.
    expect(await fileBeside(at('sub/linked'), 'linked')).toEqual({ path: at('sub/linked') });
  });
});

test('a temporary folder goes with all that lies in it', async () => {
  const [one, other] = [await temporaryFolder(), await temporaryFolder()];
  expect(one.path('f')).not.toBe(other.path('f'));
  await writeFile(one.path('f'), 'text');
  await one.remove();
  await expect(kindOf(one.path('f'))).rejects.toMatchObject(missing);
  await one.remove();
  await other.remove();
});

test('what is kept is found in every place that has it, and written to the first that takes it', async () => {
  await writeFile(at('file'), '');
  const both = keptTexts([at('file'), at('first'), at('second')]);
  expect(await both.read('n')).toEqual([]);
  await both.write('n', 'one');
  expect(await readdir(at('first'))).toEqual(['n']);
  await keptTexts([at('second')]).write('n', 'two');
  expect(await both.read('n')).toEqual(['one', 'two']);
  await keptTexts([at('file')]).write('n', 'lost');
  expect(await keptTexts([at('file')]).read('n')).toEqual([]);
});
