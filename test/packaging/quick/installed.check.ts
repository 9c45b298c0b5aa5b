import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../../packaging/manifest.js';
import { type Ended, installedProject, model, type Project, samples } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';
import { hasTool, tool } from '../tools.js';

let registry: Registry;
let project: Project;
beforeAll(async () => {
  registry = await startRegistry();
  project = await installedProject(registry);
  project.copy('prune.mjs', 'prune.cjs', 'thread.mjs', 'both.mjs', 'samples.mjs', 'types.ts');
  project.lend('@types/node', 'onnxruntime-node');
});
afterAll(async () => {
  await registry?.close();
  project?.remove();
});

/** What the programs print: the bytes that any of them writes are those of the first. */
let written: string | undefined;
function expectPruned({ code, stdout, stderr }: Ended): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  written ??= stdout;
  expect(stdout).toBe(written);
  expect(stdout).toMatch(/^[0-9a-f]{64}\ntrue FILE_NOT_FOUND\n$/);
}

const node = (...args: readonly string[]) => project.run(process.execPath, args);
const DENO = ['run', '--no-prompt', '--allow-read', '--allow-ffi'];

describe('installed from its tarballs, a model is pruned', () => {
  test('by import', async () => expectPruned(await node('prune.mjs', model)));
  test('by require', async () => expectPruned(await node('prune.cjs', model)));
  test('in a worker thread', async () => expectPruned(await node('thread.mjs', model)));
  test('on the command line', async () => {
    const out = join(project.folder, 'small.onnx');
    const { code, stderr } = await project.run('npx', [
      'espalier',
      'prune',
      model,
      '-o',
      out,
      '--macs',
      '0.5',
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
  });
  test.skipIf(!hasTool('node-20.0'))('on the oldest Node, by both', async () => {
    expectPruned(await project.run(tool('node-20.0'), ['prune.mjs', model]));
    expectPruned(await project.run(tool('node-20.0'), ['prune.cjs', model]));
  });
  test.skipIf(!hasTool('bun'))('in Bun, by both', async () => {
    expectPruned(await project.run(tool('bun'), ['prune.mjs', model]));
    expectPruned(await project.run(tool('bun'), ['prune.cjs', model]));
  });
  test.skipIf(!hasTool('deno'))('in Deno, by both, allowed to read and to load the addon alone', async () => {
    expectPruned(await project.run(tool('deno'), [...DENO, 'prune.mjs', model]));
    expectPruned(await project.run(tool('deno'), [...DENO, 'prune.cjs', model]));
  });
});

describe('with samples, a runtime runs in a thread of its own', () => {
  const args = () => ['samples.mjs', model, samples, join(project.folder, 'refitted.onnx')];
  const well = { code: 0, stdout: 'true true\n', stderr: '' };

  test('in Node', async () => expect(await node(...args())).toEqual(well));
  test.skipIf(!hasTool('bun'))('in Bun', async () =>
    expect(await project.run(tool('bun'), args())).toEqual(well),
  );
  test.skipIf(!hasTool('deno'))('in Deno', async () => {
    const allowed = [...DENO, '--allow-write', '--allow-env', '--allow-sys'];
    expect(await project.run(tool('deno'), [...allowed, ...args()])).toEqual(well);
  });
});

test('both module systems have the same classes, extensions and exports', async () => {
  expect(await node('both.mjs')).toEqual({ code: 0, stdout: 'true true\ntrue\ntrue\n', stderr: '' });
});

test.skipIf(!hasTool('deno'))('Deno that may not load the addon is told what to allow', async () => {
  const { stderr } = await project.run(tool('deno'), [
    'run',
    '--no-prompt',
    '--allow-read',
    'prune.mjs',
    model,
  ]);
  expect(stderr).toContain('ADDON_MISSING');
  expect(stderr).toContain('--allow-ffi');
});

describe('the types of the package', () => {
  test.each([
    ['node16', 'node16', 'module'],
    ['node16', 'node16', 'commonjs'],
    ['nodenext', 'nodenext', 'module'],
    ['nodenext', 'nodenext', 'commonjs'],
    ['esnext', 'bundler', 'module'],
    ['preserve', 'bundler', 'commonjs'],
  ])('module %s, resolution %s, in a package of type %s', async (module, moduleResolution, type) => {
    const compilerOptions = {
      ...{
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
      },
      ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false },
    };
    project.write({
      'tsconfig.json': JSON.stringify({ compilerOptions, files: ['typed/types.ts'] }),
      'typed/package.json': JSON.stringify({ type }),
    });
    project.copy('types.ts');
    await project.run('cp', ['types.ts', 'typed/types.ts']);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    expect(await node(tsc, '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
