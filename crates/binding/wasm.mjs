// Builds the addon as WebAssembly, for browsers and for systems that have no native addon: native/espalier.wasm. Of one thread, since
// threads need pages that are isolated from others; with SIMD, which every browser has.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TARGET = 'wasm32-wasip1';
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

// Rust that does not come from rustup has its own way to the library, and the compiler says where that is missing.
const rustup = run('rustup', ['target', 'list', '--installed']);
if (rustup.status === 0 && !rustup.stdout.split('\n').includes(TARGET)) {
  const added = run('rustup', ['target', 'add', TARGET]);
  if (added.status !== 0)
    fail(`${added.stderr}Rust's library for ${TARGET} could not be installed: rustup target add ${TARGET}`);
}

let emnapi;
try {
  emnapi = dirname(createRequire(import.meta.url).resolve('emnapi/package.json'));
} catch {
  fail('emnapi is not installed: run `npm install` and then this again.');
}

console.error('Building the WebAssembly; the first time takes a minute or two.');
const build = run(
  'cargo',
  ['build', '--quiet', '--release', '--target', TARGET, '--package', 'espalier-binding'],
  {
    env: {
      ...process.env,
      // What Node-API's functions are linked with where there is no Node.
      EMNAPI_LINK_DIR: join(emnapi, 'lib', TARGET),
      CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS: '-C target-feature=+simd128',
    },
  },
);
if (build.status !== 0) {
  process.stderr.write(`${build.stdout ?? ''}${build.stderr ?? ''}`);
  fail('The WebAssembly could not be built: the lines above say why.');
}
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const file = join(root, 'native', 'espalier.wasm');
mkdirSync(dirname(file), { recursive: true });
copyFileSync(join(target, TARGET, 'release', 'espalier_binding.wasm'), file);
console.error(`native/espalier.wasm: ${statSync(file).size.toLocaleString('en-US')} bytes`);
