// Builds the addon as WebAssembly, for browsers and for systems that have no native addon: native/espalier.wasm of one thread, which runs
// in every page, and native/espalier.threads.wasm of several, for pages that are isolated from others and for Node. With SIMD, which
// every browser has.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What rustc calls them, and the files that they become. */
const TARGETS = { 'wasm32-wasip1': 'espalier.wasm', 'wasm32-wasip1-threads': 'espalier.threads.wasm' };
const root = fileURLToPath(new URL('../..', import.meta.url));

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const run = (program, args, options) => spawnSync(program, args, { cwd: root, encoding: 'utf8', ...options });

if (run('cargo', ['--version']).status !== 0)
  fail(
    'The WebAssembly is written in Rust and `cargo` was not found: install it from https://rustup.rs and run this again.',
  );

let emnapi;
try {
  emnapi = dirname(createRequire(import.meta.url).resolve('emnapi/package.json'));
} catch {
  fail('emnapi is not installed: run `npm install` and then this again.');
}

console.error('Building the WebAssembly; the first time takes some minutes.');
for (const [target, file] of Object.entries(TARGETS)) build(target, file);

function build(target, name) {
  haveLibrary(target);
  const environment = `CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}_RUSTFLAGS`;
  const built = run(
    'cargo',
    ['build', '--quiet', '--release', '--target', target, '--package', 'espalier-binding'],
    {
      env: {
        ...process.env,
        // What Node-API's functions are linked with where there is no Node.
        EMNAPI_LINK_DIR: join(emnapi, 'lib', target),
        [environment]: '-C target-feature=+simd128',
      },
    },
  );
  if (built.status !== 0) {
    process.stderr.write(`${built.stdout ?? ''}${built.stderr ?? ''}`);
    fail(`The WebAssembly could not be built for ${target}: the lines above say why.`);
  }
  const folder = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  const file = join(root, 'native', name);
  mkdirSync(dirname(file), { recursive: true });
  copyFileSync(join(folder, target, 'release', 'espalier_binding.wasm'), file);
  console.error(`native/${name}: ${statSync(file).size.toLocaleString('en-US')} bytes`);
}

/** Rust that does not come from rustup has its own way to its library, and the compiler says where that is missing. */
function haveLibrary(target) {
  const rustup = run('rustup', ['target', 'list', '--installed']);
  if (rustup.status !== 0 || rustup.stdout.split('\n').includes(target)) return;
  const added = run('rustup', ['target', 'add', target]);
  if (added.status !== 0)
    fail(`${added.stderr}Rust's library for ${target} could not be installed: rustup target add ${target}`);
}
