import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { createPackageWithOptions, extractAll, listPackage, statFile } from '@electron/asar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../../packaging/manifest.js';
import { here } from '../../../packaging/targets.js';
import { packageOf } from '../../../src/platform/node/targets.js';
import { installedProject, model, type Project, samples } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';

const example = join(root, 'examples/electron');
const { asarUnpack, foreign, unpackDir } = createRequire(import.meta.url)(join(example, 'unpacked.cjs')) as {
  readonly asarUnpack: readonly string[];
  readonly unpackDir: string;
  foreign(platform: string, arch: string): RegExp;
};

/** What the system loads from files of their own. */
const NATIVE = /\.(node|dll|dylib|so(\.\d+)*)$/;

let registry: Registry;
let project: Project;
let packed: string;
const archive = () => join(packed, 'app.asar');
beforeAll(async () => {
  registry = await startRegistry();
  project = await installedProject(registry);
  packed = mkdtempSync(join(tmpdir(), 'espalier-asar-'));
  cpSync(example, project.folder, { recursive: true });
  const skipped = foreign(process.platform, process.arch);
  for (const name of ['onnxruntime-node', 'onnxruntime-common'])
    cpSync(join(root, 'node_modules', name), join(project.folder, 'node_modules', name), {
      recursive: true,
      filter: (path) => !skipped.test(path.replaceAll(sep, '/')),
    });
  await createPackageWithOptions(project.folder, archive(), { unpackDir });
});
afterAll(async () => {
  await registry?.close();
  project?.remove();
  if (packed !== undefined) rmSync(packed, { recursive: true, force: true });
});

/** Paths of all files of a folder, relative to it. */
const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

const isUnpacked = (path: string): boolean => {
  const found = statFile(archive(), path);
  return 'unpacked' in found && found.unpacked === true;
};

test('every native library lies beside the archive, as the system has to load it', () => {
  const native = filesOf(project.folder).filter((path) => NATIVE.test(path));
  expect(native.some((path) => path.includes(join('node_modules', packageOf(here()))))).toBe(true);
  expect(native.some((path) => path.includes(join('node_modules', 'onnxruntime-node')))).toBe(true);
  for (const path of native) {
    expect(isUnpacked(path), path).toBe(true);
    const beside = join(packed, 'app.asar.unpacked', path);
    expect(readFileSync(beside).equals(readFileSync(join(project.folder, path))), path).toBe(true);
  }
});

test('libraries of other systems are left out', () => {
  const systems = readdirSync(join(project.folder, 'node_modules/onnxruntime-node/bin'), { recursive: true });
  expect(
    systems
      .map(String)
      .filter((path) => NATIVE.test(path) && !path.includes(`${process.platform}${sep}${process.arch}`)),
  ).toEqual([]);
});

test('code stays in the archive', () => {
  const entry = join('node_modules', 'espalier', 'dist', 'index.cjs');
  expect(listPackage(archive(), { isPack: false })).toContain(`${sep}${entry}`);
  expect(isUnpacked(entry)).toBe(false);
  expect(existsSync(join(packed, 'app.asar.unpacked', entry))).toBe(false);
});

test('electron-builder is told the same as Electron Forge', () => {
  for (const pattern of asarUnpack) {
    const [, name] = /^\*\*\/node_modules\/(.*)\/\*\*$/.exec(pattern) ?? [];
    expect(unpackDir).toMatch(new RegExp(`[{,]${name}[,}]`));
  }
  expect(asarUnpack).toHaveLength(2);
});

test('what is unpacked prunes, in the main thread, in a worker and with samples', async () => {
  const out = join(packed, 'out');
  extractAll(archive(), out);
  const program = `
    import { attempt } from './attempt.mjs';
    import { openModel } from 'espalier';
    // A utility process is a Node of its own; here it is this one.
    const inUtility = async ({ input, output, macs, samples }) => {
      const model = await openModel(input);
      await (await model.prune(samples === undefined ? { macs } : { macs, data: samples })).save(output, { force: true });
      model.dispose();
    };
    process.exitCode = await attempt(JSON.parse(process.argv[2]), inUtility);`;
  project.write({ 'tried.mjs': program });
  cpSync(join(project.folder, 'tried.mjs'), join(out, 'tried.mjs'));
  const request = JSON.stringify({ model, samples, output: join(packed, 'small.onnx') });
  const { code, stdout, stderr } = await project.run(process.execPath, [join(out, 'tried.mjs'), request]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^main process: (\w+)\nworker thread: \1\nutility process: \1\nsamples: refitted\n$/,
  );
});
