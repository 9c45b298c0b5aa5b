import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { float32, int64, npz } from '../data/files.js';
import { model, tensorType } from '../runtime/models.js';

/** The built command line. */
export const main = fileURLToPath(new URL('../../dist/node/cli/main.cjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as users do: in a process of its own. */
export function espalier(
  args: readonly string[],
  {
    entry = main,
    cwd,
    env = {},
    started,
  }: {
    entry?: string;
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    started?: (child: ChildProcess) => void;
  } = {},
): Promise<Ended> {
  if (!existsSync(entry)) throw new Error('The command line is tested as built: npm run build');
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  started?.(child);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

/** An installation as users have it who did not install the runtime, or another package; gives its entry. */
export async function withoutRuntime({ addon = true, missing = 'onnxruntime' } = {}): Promise<string> {
  const root = await folder();
  const from = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  for (const path of ['dist', 'package.json']) await cp(from(path), join(root, path), { recursive: true });
  if (addon) await symlink(from('native'), join(root, 'native'));
  await mkdir(join(root, 'node_modules'));
  for (const name of await readdir(from('node_modules')))
    if (!name.startsWith(missing))
      await symlink(from(`node_modules/${name}`), join(root, 'node_modules', name));
  return join(root, 'dist/node/cli/main.cjs');
}

export const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'espalier-cli-'));

/** Two linear layers, 4 -> `hidden` -> 3, with weights that no criterion finds alike. */
export function mlp(hidden = 16): Uint8Array {
  const numbers = (n: number, seed: number) =>
    Array.from({ length: n }, (_, i) => Math.sin(seed + 1.7 * i * i));
  return model({
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w1'], outputs: ['h'] },
      { op: 'Relu', inputs: ['h'], outputs: ['r'] },
      { op: 'MatMul', inputs: ['r', 'w2'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', type: tensorType.float32, shape: ['n', 4] }],
    outputs: [{ name: 'y', type: tensorType.float32, shape: ['n', 3] }],
    weights: {
      w1: { dims: [4, hidden], data: numbers(4 * hidden, 1) },
      w2: { dims: [hidden, 3], data: numbers(3 * hidden, 2) },
    },
  });
}

/** Eight samples for it, with labels. */
export const samples = (): Uint8Array =>
  npz({
    x: float32('8, 4', ...Array.from({ length: 32 }, (_, i) => Math.cos(i))),
    label: int64('8,', ...Array.from({ length: 8 }, (_, i) => BigInt(i % 3))),
  });
