import * as fs from 'node:fs';
import { resolve, sep } from 'node:path';
import type { Files, Shown } from '../wasm/instantiate.js';

/** Whether paths begin with a drive or a server, which the addon's WebAssembly, as Unix has it, takes for folders of one root. */
const HAS_DRIVES = process.platform === 'win32';

/** A path as the addon's WebAssembly takes it: it knows no folder that a process is in, and one separator. */
export const absolute = (path: string): string => resolve(path).replaceAll(sep, '/');

/** The path of Windows under a path below the one root: `/C:/models` is `C:/models`, `/server/share` is `//server/share`. */
export function fromRoot(path: string): string {
  if (path === '/') return path;
  const [, drive, rest = ''] = /^\/([a-z]:)(.*)$/i.exec(path) ?? [];
  return drive === undefined ? `/${path}` : `${drive}${rest === '' ? '/' : rest}`;
}

/** The other way round. */
export const toRoot = (path: string): string => `/${path.replaceAll('\\', '/').replace(/^\/+/, '')}`;

/** As `node:fs`, but that a link leads to a whole path: what reads links here takes them for one. */
const linked = {
  ...fs,
  readlinkSync: (path: string) => {
    fs.readlinkSync(path);
    return fs.realpathSync(path);
  },
};

type Call = (...given: unknown[]) => unknown;

/** The same under one root: whatever is given and looks like a path below it is one of Windows there. */
function underOneRoot(calls: typeof linked): typeof linked {
  const led = (given: unknown): unknown =>
    typeof given === 'string' && given.startsWith('/') ? fromRoot(given) : given;
  const changed = Object.entries(calls)
    .filter(([name, call]) => name.endsWith('Sync') && typeof call === 'function')
    .map(([name, call]): [string, Call] => [name, (...given) => (call as Call)(...given.map(led))]);
  const { realpathSync, readlinkSync } = Object.fromEntries(changed);
  return {
    ...calls,
    ...Object.fromEntries(changed),
    realpathSync: ((path: string) =>
      path === '/' ? path : toRoot(`${realpathSync!(path)}`)) as typeof fs.realpathSync,
    readlinkSync: (path: string) => toRoot(`${readlinkSync!(path)}`),
  };
}

/** All files, as the process sees them. */
export const allFiles: Shown = {
  files: (HAS_DRIVES ? underOneRoot(linked) : linked) as unknown as Files,
  root: '/',
};
