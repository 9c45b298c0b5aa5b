// Builds the addon for a target, on this machine where that is possible.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../src/platform/node/targets.js';
import { artifacts, root } from './manifest.js';
import { buildOf, here } from './targets.js';
import { addRustTarget, has, withZig } from './tools.js';
import { withNodeLibrary } from './windows.js';

/** The addon of a target, or why there is none. */
export type Built =
  | { readonly target: Target; readonly file: string }
  | { readonly target: Target; readonly why: string };

/** The file of an addon that was built for this machine: `npm run build:native`. */
export function builtHere(target: Target): Built {
  const file = join(root, 'native', `espalier.${target}.node`);
  return existsSync(file) ? { target, file } : { target, why: 'npm run build:native has not been run' };
}

/** What Node's own builds of version 20 want of a Linux. */
const OLDEST_GLIBC = '2.28';

/** Builds the addon of a target into artifacts/addons. Takes minutes, the first time. */
export function buildAddon(target: Target): Built {
  const { triple, builder } = buildOf(target);
  if (builder === 'elsewhere' && target !== here())
    return { target, why: `it is built on ${target.split('-', 1)[0]}` };
  if (builder === 'mingw' && !has('x86_64-w64-mingw32-gcc'))
    return { target, why: 'it needs MinGW (apt: gcc-mingw-w64-x86-64)' };
  addRustTarget(triple);
  console.error(`building the addon for ${target}`);
  if (builder === 'mingw') return napiBuild(target, triple, [], withNodeLibrary());
  if (builder !== 'zig' || process.platform !== 'linux') return napiBuild(target, triple, [], process.env);
  // zig links with a C library of any age, by itself with a newer one than Node asks for.
  const linked = triple.endsWith('-linux-gnu') ? `${triple}.${OLDEST_GLIBC}` : triple;
  return napiBuild(target, linked, ['--cross-compile'], withZig());
}

function napiBuild(
  target: Target,
  triple: string,
  options: readonly string[],
  env: NodeJS.ProcessEnv,
): Built {
  const folder = join(artifacts, 'addons', target);
  mkdirSync(folder, { recursive: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/@napi-rs/cli/dist/cli.js'),
      ...['build', '--platform', '--profile', 'published', '--target', triple, ...options],
      ...['--manifest-path', 'crates/binding/Cargo.toml', '--output-dir', folder],
      ...['--no-js', '--dts', 'addon.d.ts', '--', '--quiet'],
    ],
    { cwd: root, env, encoding: 'utf8' },
  );
  const file = join(folder, `espalier.${target}.node`);
  if (status === 0 && existsSync(file)) return { target, file };
  return { target, why: `${stdout}${stderr}`.trim() };
}
