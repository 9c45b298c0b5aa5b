import { spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Ended, inRepository } from '../extensions/outside.js';

/**
 * What stands for `npx` and `npm` where pages are tried, so that nothing is fetched: the first starts the package as it is built; the second takes
 * it for installed when it is told to install the package, what it works with, or what needs nothing else.
 */
const PROGRAMS = {
  npx: `#!/bin/sh
if [ "$1" != espalier ]; then echo "npx $1 is no command of the package" >&2; exit 127; fi
shift
exec node "$ROOT/node_modules/espalier/dist/node/cli/main.cjs" "$@"
`,
  npm: `#!/bin/sh
if [ "$1" != install ] && [ "$1" != init ]; then echo "npm $1 is not for a user of the package" >&2; exit 127; fi
shift
for name in "$@"; do
  case "$name" in
    -*) ;;
    espalier) ;;
    *) [ -d "$ROOT/node_modules/espalier/node_modules/$name" ] || { echo "npm installs no $name" >&2; exit 1; } ;;
  esac
done
`,
};

/** Puts these programs into a folder, for PATH. */
export async function writePrograms(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(PROGRAMS)) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
  }
}

/** Runs commands as a shell does that stops at the first that fails. */
export function shell(root: string, cwd: string, commands: string): Promise<Ended> {
  const path = [join(root, 'bin'), inRepository('node_modules/.bin'), process.env.PATH].join(delimiter);
  const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd,
    env: { ...process.env, PATH: path, ROOT: root, XDG_CACHE_HOME: join(root, 'cache') },
  });
  const ended = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => {
      ended[name] += chunk;
    });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...ended })));
}
