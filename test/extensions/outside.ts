import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const made: string[] = [];
afterAll(() => Promise.all(made.map((root) => rm(root, { recursive: true, force: true }))));

/** A file of this repository. */
export const inRepository = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A project of somebody else, with copies of the package installed as `npm install` lays them out: by the name of each. */
export async function project(...copies: readonly string[]): Promise<string> {
  if (!existsSync(inRepository('dist/index.js')))
    throw new Error('The package is tested as built: npm run build');
  const root = await realpath(await mkdtemp(join(tmpdir(), 'espalier-outside-')));
  made.push(root);
  await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'outside', type: 'module' }));
  for (const name of copies) await install(join(root, 'node_modules', name));
  await mkdir(join(root, 'node_modules/@types'), { recursive: true });
  await symlink(inRepository('node_modules/@types/node'), join(root, 'node_modules/@types/node'));
  return root;
}

async function install(at: string): Promise<void> {
  await mkdir(join(at, 'node_modules'), { recursive: true });
  // Copies, as links to the same files would be the same modules.
  for (const path of ['dist', 'package.json'])
    await cp(inRepository(path), join(at, path), { recursive: true });
  await symlink(inRepository('native'), join(at, 'native'));
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(inRepository('package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (!existsSync(inRepository(`node_modules/${name}`))) continue;
    await mkdir(dirname(join(at, 'node_modules', name)), { recursive: true });
    await symlink(inRepository(`node_modules/${name}`), join(at, 'node_modules', name));
  }
}

export async function write(
  root: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node there. */
export function node(root: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd: root });
  const ended = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => {
      ended[name] += chunk;
    });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...ended })));
}

/** The installed command line. */
export const espalier = (root: string, ...args: readonly string[]): Promise<Ended> =>
  node(root, join('node_modules/espalier/dist/node/cli/main.cjs'), ...args);

/** Checks all TypeScript of a project as strictly as there is, and compiles it beside itself. What is wrong with it is the output. */
export async function compile(root: string): Promise<string> {
  const compilerOptions = {
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
    ...{ target: 'ES2022', lib: ['ES2023', 'ESNext.Disposable'], types: ['node'] },
    ...{ module: 'NodeNext', moduleResolution: 'NodeNext', verbatimModuleSyntax: true },
  };
  await write(root, { 'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }) });
  const { stdout, stderr } = await node(root, inRepository('node_modules/typescript/bin/tsc'), '-p', '.');
  return stdout + stderr;
}

/** The fenced blocks of a document that are files, by their names: "```ts file=NAME". */
export function filesIn(document: string): Readonly<Record<string, string>> {
  const text = readFileSync(inRepository(document), 'utf8');
  const blocks = [...text.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)];
  return Object.fromEntries(blocks.map(([, name, content]) => [name!, content!]));
}
