// Builds the addon: native/espalier.<platform>.node, and its types, index.d.ts.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

if (spawnSync('cargo', ['--version'], { cwd: root, stdio: 'ignore' }).status !== 0) {
  fail(
    'The native addon is written in Rust and `cargo` was not found: install it from https://rustup.rs and run this again.',
  );
}

const require = createRequire(import.meta.url);
let cli;
try {
  cli = join(dirname(require.resolve('@napi-rs/cli/package.json')), 'dist', 'cli.js');
} catch {
  fail('@napi-rs/cli is not installed: run `npm install` and then this again.');
}

console.error('Building the native addon; the first time takes a minute or two.');
const build = spawnSync(
  process.execPath,
  [
    cli,
    'build',
    '--platform',
    '--release',
    '--manifest-path',
    'crates/binding/Cargo.toml',
    '--output-dir',
    'native',
    '--no-js',
    '--dts',
    '../index.d.ts',
    '--',
    '--quiet',
  ],
  { cwd: root, encoding: 'utf8' },
);
if (build.status !== 0) {
  process.stderr.write(`${build.stdout ?? ''}${build.stderr ?? ''}`);
  fail('The native addon could not be built: the lines above say why.');
}
