import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installedProject, model, type Project, samples } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';
import { hasTool, tool } from '../tools.js';

let registry: Registry;
let project: Project;
beforeAll(async () => {
  registry = await startRegistry();
  project = await installedProject(registry);
  project.copy('prune.mjs', 'prune.cjs', 'thread.mjs', 'both.mjs', 'samples.mjs');
  project.lend('onnxruntime-node');
});
afterAll(async () => {
  await registry?.close();
  project?.remove();
});

describe.each(['node-20.0', 'node-22', 'node-24'] as const)('%s', (name) => {
  test.skipIf(!hasTool(name))('prunes by import, by require and in threads, and with samples', async () => {
    const run = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await project.run(tool(name), args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout;
    };
    const written = await run('prune.mjs', model);
    expect(written).toMatch(/^[0-9a-f]{64}\ntrue FILE_NOT_FOUND\n$/);
    expect(await run('prune.cjs', model)).toBe(written);
    expect(await run('thread.mjs', model)).toBe(written);
    expect(await run('both.mjs')).toBe('true true\ntrue\ntrue\n');
    expect(await run('samples.mjs', model, samples, `${project.folder}/refitted.onnx`)).toBe('true true\n');
  });
});
