import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyFolder, writeLarge } from './large.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const native = join(root, 'native');

let folder: string;
let model: string;
beforeAll(() => {
  folder = emptyFolder();
  model = writeLarge(folder, 800, false);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An installation of its own: code and addon lie under another path, and the process loads them anew. */
function copy(name: string): string {
  const place = join(folder, name);
  mkdirSync(place);
  for (const part of ['dist', 'package.json', 'native'])
    cpSync(join(root, part), join(place, part), { recursive: true, dereference: true });
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  return pathToFileURL(join(place, 'dist/index.js')).href;
}

const entry = pathToFileURL(join(root, 'dist/index.js')).href;

/** A process of its own, with `model` and `entry` in scope. It must end by itself. */
function run(script: string) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', `const [model, entry] = ${JSON.stringify([model, entry])};\n${script}`],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return { status, signal, stdout, stderr };
}

const well = (stdout: string) => ({ status: 0, signal: null, stderr: '', stdout });

const PRUNE = `
  const prune = async ({ openModel }) => {
    const opened = await openModel(model);
    const bytes = await (await opened.prune({ ratio: 0.5 })).toBytes();
    opened.dispose();
    return bytes.length;
  };`;

/** In a worker: says when it is at work, and goes on until it is terminated. */
const WORKER = `
  import { Worker } from 'node:worker_threads';
  const code = \`
    import { parentPort } from 'node:worker_threads';
    const model = \${JSON.stringify(model)};
    import(\${JSON.stringify(entry)}).then(async ({ openModel }) => {
      parentPort.postMessage('at work');
      for (;;) {
        const opened = await openModel(model);
        const jobs = [1, 2, 3].map(async () => (await opened.prune({ ratio: 0.5 })).toBytes());
        parentPort.postMessage('jobs');
        await Promise.all(jobs);
        opened.dispose();
      }
    });
  \`;
  const terminated = async (delay) => {
    const worker = new Worker(code, { eval: true });
    await new Promise((resolve) => worker.on('message', (message) => message === 'jobs' && resolve()));
    await new Promise((resolve) => setTimeout(resolve, delay));
    await worker.terminate();
  };`;

describe('memory of its own is nothing that the addon hands out', () => {
  // Electron's memory cage, and every V8 with a sandbox, refuses buffers that lie outside of it: Node-API then answers
  // napi_no_external_buffers_allowed. The addon cannot even ask: it knows none of the functions that make such buffers.
  // source: https://www.electronjs.org/blog/v8-memory-cage
  test.each(readdirSync(native).filter((name) => name.endsWith('.node')))('%s', (name) => {
    const bytes = readFileSync(join(native, name));
    for (const asks of [
      'napi_create_external_arraybuffer',
      'napi_create_external_buffer',
      'node_api_create_external_sharedarraybuffer',
      'node_api_create_buffer_from_arraybuffer_external',
    ])
      expect(bytes.includes(asks), asks).toBe(false);
    // The name of one that it does use is found in this way.
    expect(bytes.includes('napi_create_arraybuffer')).toBe(true);
  });

  test('what it gives is copied or moved to other threads like anything that V8 made', () => {
    const script = `${PRUNE}
      const { openModel } = await import(entry);
      const opened = await openModel(model);
      const bytes = await (await opened.prune({ ratio: 0.5 })).toBytes();
      opened.dispose();
      const moved = structuredClone(bytes, { transfer: [bytes.buffer] });
      console.log(bytes.length, moved.length > 1000000, moved.buffer.resize === undefined || moved.buffer.resizable);`;
    expect(run(script)).toEqual(well('0 true false\n'));
  });
});

describe('the addon in one process', () => {
  test('twice, from two copies of the package, at the same time', () => {
    const script = `${PRUNE}
      const [one, two] = await Promise.all([import(${JSON.stringify(copy('one'))}), import(${JSON.stringify(copy('two'))})]);
      const sizes = await Promise.all([one, two, one, two].map(prune));
      console.log(new Set(sizes).size, one.openModel !== two.openModel);`;
    expect(run(script)).toEqual(well('1 true\n'));
  });

  test('in threads that are terminated in the middle of their jobs', () => {
    const script = `${PRUNE}${WORKER}
      for (let i = 0; i < 6; i++) await terminated(i * 7);
      // It was never loaded here, and all contexts that had it are gone: it is loaded anew.
      console.log(await prune(await import(entry)) > 1000000);`;
    expect(run(script)).toEqual(well('true\n'));
  });

  test('in several threads at once, beside the main one', () => {
    const script = `${PRUNE}${WORKER}
      const main = prune(await import(entry));
      await Promise.all([terminated(5), terminated(20), terminated(40)]);
      console.log(await main > 1000000, await prune(await import(entry)) > 1000000);`;
    expect(run(script)).toEqual(well('true true\n'));
  });

  test('lets the process end when nothing is left to do', () => {
    const began = performance.now();
    expect(run(`${PRUNE} await prune(await import(entry));`)).toEqual(well(''));
    // Nothing that it keeps running is waited for.
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('lets the process exit in the middle of jobs', () => {
    const script = `${PRUNE}
      const espalier = await import(entry);
      for (let i = 0; i < 4; i++) prune(espalier);
      setTimeout(() => process.exit(7), 30);`;
    expect(run(script)).toEqual({ ...well(''), status: 7 });
  });
});
