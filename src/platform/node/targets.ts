import { closeSync, openSync, readSync } from 'node:fs';

/** Where a program runs, as far as native code cares. */
export interface Host {
  /** As `process.platform`. */
  readonly platform: string;
  /** As `process.arch`. */
  readonly arch: string;
  /** The C library of a Linux; undefined elsewhere, and where it cannot be told. */
  readonly libc: 'glibc' | 'musl' | undefined;
}

/** This process. */
export function host(): Host {
  const { platform, arch } = process;
  return { platform, arch, libc: platform === 'linux' ? libcOf(process.execPath) : undefined };
}

/** How much of an executable holds the name of the program that the system starts it with, which stands at its beginning. */
const HEAD = 2048;

/** The C library that an executable of a Linux is linked with; undefined where that cannot be read. */
export function libcOf(executable: string): Host['libc'] {
  const head = Buffer.alloc(HEAD);
  try {
    const file = openSync(executable, 'r');
    try {
      readSync(file, head, 0, HEAD, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
  if (head.includes('/ld-musl-')) return 'musl';
  return head.includes('/ld-linux') ? 'glibc' : undefined;
}

/** The targets that releases have an addon for, in the words of napi-rs. */
export const TARGETS = [
  'linux-x64-gnu',
  'linux-x64-musl',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
] as const;

/** A target, or a build of one's own for another one, such as `win32-x64-gnu`. */
export type Target = (typeof TARGETS)[number] | (string & {});

/**
 * Targets whose addons this host loads, the released one first. Windows loads what Visual C++ and what MinGW made. None where there
 * can be no addon.
 */
export function targetsOf({ platform, arch, libc }: Host): readonly Target[] {
  if (platform === 'linux') return [`linux-${arch}-${libc === 'musl' ? 'musl' : 'gnu'}`];
  if (platform === 'win32') return [`win32-${arch}-msvc`, `win32-${arch}-gnu`];
  return [`${platform}-${arch}`];
}

/** The target that a release has for this host; undefined where it has none. */
export const releasedFor = (of: Host): Target | undefined =>
  targetsOf(of).find((target) => (TARGETS as readonly Target[]).includes(target));

/** The npm package with the addon of a target. */
export const packageOf = (target: Target): string => `@espalier/binding-${target}`;

/** A host in words for people: `linux-x64 with musl`. */
export const hostInWords = ({ platform, arch, libc }: Host): string =>
  `${platform}-${arch}${libc === undefined ? '' : ` with ${libc}`}`;
