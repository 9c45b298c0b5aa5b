import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { inRepository, project } from '../extensions/outside.js';
import { blocksOf } from './blocks.js';
import { shell, writePrograms } from './shell.js';
import { writeStock } from './stock.js';

/** Every command of the pages for users is run, in the order of its page, beside models and samples of the names that pages use. */

const pages = [
  'README.md',
  ...readdirSync(inRepository('docs'), { recursive: true, encoding: 'utf8' })
    .map((file) => `docs/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.md') && !/node_modules|\.vitepress/.test(file)),
].map((file) => ({ file, ...blocksOf(readFileSync(inRepository(file), 'utf8')) }));

const run = pages.filter(({ commands }) => commands.some(({ reason }) => reason === undefined));

describe.skipIf(process.platform === 'win32')('the commands of', () => {
  let root: string;
  beforeAll(async () => {
    root = await project('espalier');
    await writePrograms(join(root, 'bin'));
    await mkdir(join(root, 'stock'));
    await writeStock(join(root, 'stock'));
  });

  test.each(run)('$file', { timeout: 300_000 }, async ({ file, commands, files }) => {
    const folder = join(root, file.replace(/\W/g, '-'));
    await cp(join(root, 'stock'), folder, { recursive: true });
    for (const { file: name, text } of files) {
      await mkdir(dirname(join(folder, name!)), { recursive: true });
      await writeFile(join(folder, name!), text);
    }
    for (const { text, line, reason } of commands) {
      if (reason !== undefined) continue;
      const { code, stdout, stderr } = await shell(root, folder, text);
      expect({ at: `${file}:${line}`, code, said: code === 0 ? '' : `${stdout}${stderr}` }).toEqual({
        at: `${file}:${line}`,
        code: 0,
        said: '',
      });
    }
  });
});

test('what is not run says why, and is little of all', () => {
  const all = pages.flatMap(({ commands }) => commands);
  const left = all.filter(({ reason }) => reason !== undefined);
  expect(left.filter(({ reason }) => reason!.trim().split(/\s+/).length < 3)).toEqual([]);
  expect(left.length).toBeLessThan(all.length / 3);
});
