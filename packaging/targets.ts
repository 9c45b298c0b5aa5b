// The targets that releases have an addon for, as Rust names them and as packages do, and how each is built.
import { host, TARGETS, type Target, targetsOf } from '../src/platform/node/targets.js';

/** How the addon of a target is built on a Linux: by the compiler that is there, by zig, by MinGW, or only on its own system. */
export type Builder = 'native' | 'zig' | 'mingw' | 'elsewhere';

interface Build {
  readonly triple: string;
  readonly builder: Builder;
}

/** Of each target. MinGW's is not released: it lets Windows be tested where there is no Visual C++. */
const BUILDS: Readonly<Record<Target, Build>> = {
  'linux-x64-gnu': { triple: 'x86_64-unknown-linux-gnu', builder: 'zig' },
  'linux-x64-musl': { triple: 'x86_64-unknown-linux-musl', builder: 'zig' },
  'linux-arm64-gnu': { triple: 'aarch64-unknown-linux-gnu', builder: 'zig' },
  'linux-arm64-musl': { triple: 'aarch64-unknown-linux-musl', builder: 'zig' },
  'darwin-x64': { triple: 'x86_64-apple-darwin', builder: 'zig' },
  'darwin-arm64': { triple: 'aarch64-apple-darwin', builder: 'zig' },
  'win32-x64-gnu': { triple: 'x86_64-pc-windows-gnu', builder: 'mingw' },
  'win32-x64-msvc': { triple: 'x86_64-pc-windows-msvc', builder: 'elsewhere' },
  'win32-arm64-msvc': { triple: 'aarch64-pc-windows-msvc', builder: 'elsewhere' },
};

/** All targets there is a way to build for. */
export const buildable: readonly Target[] = Object.keys(BUILDS);

/** As Rust names a target. errors: a sentence for people where there is no such target. */
export const buildOf = (target: Target): Build => {
  const build = BUILDS[target];
  if (build === undefined)
    throw new Error(`There is no target ${target}. There are: ${buildable.join(', ')}.`);
  return build;
};

/** The triples of all released targets, as package.json has them under napi.targets. */
export const releasedTriples = (): readonly string[] => TARGETS.map((target) => buildOf(target).triple);

/** The target that this machine loads. */
export const here = (): Target => targetsOf(host())[0]!;
