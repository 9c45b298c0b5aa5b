import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { artifacts, manifest, root } from '../../packaging/manifest.js';
import type { Registry } from './registry.js';

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of somebody who uses the package, empty but for what the tests need to install there. */
export interface Project {
  readonly folder: string;
  /** Writes files, by their paths. */
  write(files: Readonly<Record<string, string>>): void;
  /** Copies programs of test/packaging/programs to where they can import the package. */
  copy(...programs: readonly string[]): void;
  /** Lends a package of this repository's own node_modules, which need not be installed again. */
  lend(...packages: readonly string[]): void;
  run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  /** Runs npm. errors: with what it says, where it fails. */
  npm(...args: readonly string[]): Promise<string>;
  remove(): void;
}

/** The tarball of the package itself. */
export const tarball = (): string => join(artifacts, `${manifest.name}-${manifest.version}.tgz`);

/** The model that programs prune. */
export const model: string = join(root, 'examples/lenet5_mnist.onnx');
/** Samples of it. */
export const samples: string = join(root, 'examples/mnist-digits.npz');

const programs = join(root, 'test/packaging/programs');

/** An empty project that asks `registry` for the packages with addons, and npm's registry for all else. */
export function emptyProject(registry: Registry): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-packaging-')));
  const project: Project = {
    folder,
    write: (files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
    },
    copy: (...names) => {
      for (const name of names) copyFileSync(join(programs, name), join(folder, name));
    },
    lend: (...names) => {
      for (const name of names) {
        mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
        symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
      }
    },
    run: (program, args, env = {}) => run(folder, program, args, env),
    npm: async (...args) => {
      const { code, stdout, stderr } = await run(folder, 'npm', args, {});
      if (code !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}${stdout}`);
      return stdout;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  project.write({
    'package.json': JSON.stringify({ name: 'outside', version: '1.0.0', private: true }),
    // As npm has it, whatever this machine's own settings are: lockfiles say where packages are from.
    '.npmrc': `@espalier:registry=${registry.url}\nomit-lockfile-registry-resolved=false\naudit=false\nfund=false\n`,
  });
  return project;
}

/** A project with the package installed from its tarball, as by `npm install espalier`. */
export async function installedProject(registry: Registry, ...options: readonly string[]): Promise<Project> {
  if (!readdirSync(artifacts).some((name) => name.endsWith('.tgz')))
    throw new Error('There are no packages to install: npm run package');
  const project = emptyProject(registry);
  await project.npm('install', '--prefer-offline', ...options, tarball());
  return project;
}

function run(cwd: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  // What npm and vitest have set for the process that runs the tests is not the user's.
  const clean = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_OPTIONS|VITEST|NODE_ENV)/.test(name),
  );
  const shell = process.platform === 'win32' && /^np[mx]$/.test(program);
  const child = spawn(program, args, { cwd, shell, env: { ...Object.fromEntries(clean), ...env } });
  const ended = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk) => {
      ended[stream] += chunk;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...ended }));
  });
}
