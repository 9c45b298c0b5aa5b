import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { EspalierError } from '../../base/errors.js';
import { VERSION } from './package.js';
import { type Host, hostInWords, packageOf, releasedFor, TARGETS, type Target } from './targets.js';

/** An addon that was tried, and could not be taken. */
export interface Attempt {
  /** Of a package, or of a file in this one. */
  readonly name: string;
  readonly target: Target;
  /** Whether there is such a file. */
  readonly found: boolean;
  /** Of a package that belongs to another release. */
  readonly version?: string;
  /** Why it was not loaded. */
  readonly cause?: unknown;
}

/** What is wrong, and what mends it. */
type Diagnosis = readonly [what: string, todo: string];

/**
 * Why there is no addon, in words for whoever installed the package.
 *
 * - `from`: the file that packages were looked for from
 */
export function addonMissing(of: Host, from: string, attempts: readonly Attempt[]): EspalierError {
  const broken = attempts.find(({ found }) => found);
  const target = releasedFor(of);
  const [what, todo] =
    broken !== undefined
      ? unusable(of, broken)
      : target === undefined
        ? unsupported(of)
        : notInstalled(of, packageOf(target), from);
  const cause = (broken ?? attempts[0])?.cause;
  return new EspalierError('ADDON_MISSING', what, {}, todo, cause === undefined ? undefined : { cause });
}

const BUILD = 'npm run build:native in a checkout of Espalier (needs Rust, https://rustup.rs)';

const unsupported = (of: Host): Diagnosis => [
  `there is no native addon for ${hostInWords(of)}: releases have ${TARGETS.join(', ')}`,
  `Build it: ${BUILD}.`,
];

/** It is there, and of another release, or the system refuses it. */
function unusable(of: Host, { name, version, cause }: Attempt): Diagnosis {
  if (version !== undefined)
    return [
      `the native addon ${name} is of release ${version}, and espalier of ${VERSION}`,
      `Install both anew: npm install espalier@${VERSION}`,
    ];
  const words = cause instanceof Error ? cause.message.split('\n', 1)[0]! : String(cause);
  const what = `the native addon ${name} cannot be loaded on ${hostInWords(of)}: ${words}`;
  if (/GLIBC_\d/.test(words))
    return [
      what,
      `This system's C library is older than the addon wants. Update it, or build the addon: ${BUILD}.`,
    ];
  if (/NotCapable|ffi access/.test(`${(cause as Error).name} ${words}`))
    return [what, 'Deno runs native code where it is allowed to: deno run --allow-ffi --allow-read'];
  return [what, 'If the file is damaged, install it anew: npm ci'];
}

/** The released package is not there, and what lies around tells why. */
function notInstalled(of: Host, name: string, from: string): Diagnosis {
  const project = projectAround(from);
  if (project === undefined)
    return [
      `the native addon for ${hostInWords(of)} is not built in this checkout`,
      'Build it: npm run build:native',
    ];
  const what = `the native addon for ${hostInWords(of)} is missing: its package ${name} is not installed`;
  const others = TARGETS.map(packageOf).filter((other) => sees(from, other));
  const sibling = others.find((other) => withoutLibc(other) === withoutLibc(name));
  if (sibling !== undefined)
    return [
      `${what}, but ${sibling} is, for another C library`,
      `Install for this one: npm install --os=${of.platform} --cpu=${of.arch} --libc=${of.libc}`,
    ];
  if (others.length > 0)
    return [
      `${what}, but ${others.join(', ')} is: node_modules was installed on another platform`,
      'Do not copy node_modules between platforms. Install it here: npm ci',
    ];
  const lockfile = LOCKFILES.find(({ file }) => existsSync(join(project, file)));
  if (
    lockfile !== undefined &&
    !readFileSync(join(project, lockfile.file), 'utf8').includes(lockfile.entry(name))
  )
    return [
      `${what}, and ${lockfile.file} does not have it: it was written on another platform`,
      `Add it: ${lockfile.add} ${name}@${VERSION}`,
    ];
  return [
    `${what}: optional dependencies were left out (--omit=optional, --no-optional), or it could not be fetched`,
    'Install with them: npm install --include=optional',
  ];
}

/** The name of a package, without the C library that it is for. */
const withoutLibc = (name: string): string => name.replace(/-(gnu|musl)$/, '');

function sees(from: string, name: string): boolean {
  try {
    createRequire(from).resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** A file in which a package manager writes down what it installs. */
interface Lockfile {
  readonly file: string;
  /** How the entry of a package begins. Packages that merely depend on it are written otherwise. */
  entry(name: string): string;
  /** Adds a package that only some platforms need. */
  readonly add: string;
}

const withVersion = (name: string): string => `${name}@`;
const byPlace = (name: string): string => `node_modules/${name}"`;

const LOCKFILES: readonly Lockfile[] = [
  { file: 'package-lock.json', entry: byPlace, add: 'npm install --save-optional' },
  { file: 'npm-shrinkwrap.json', entry: byPlace, add: 'npm install --save-optional' },
  { file: 'pnpm-lock.yaml', entry: withVersion, add: 'pnpm add --save-optional' },
  { file: 'yarn.lock', entry: withVersion, add: 'yarn add --optional' },
  { file: 'bun.lock', entry: withVersion, add: 'bun add --optional' },
];

/** The folder of the project that this package is installed in; undefined where it is not installed, but a checkout. */
function projectAround(from: string): string | undefined {
  const [project] = from.split(/[\\/]node_modules[\\/]/, 1);
  return project === from ? undefined : project;
}
