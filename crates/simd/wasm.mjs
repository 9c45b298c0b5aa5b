// Tests the kernels as WebAssembly, in Node: each against its definition, as `cargo test` does on this machine's processor.
//
//   npm run test:kernels
//
// Cargo starts this file again for each test program that it has built.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { WASI } from 'node:wasi';

const [program, ...args] = process.argv.slice(2);
process.exitCode = program === undefined ? tested() : await run(program, args);

function tested() {
  const env = {
    ...process.env,
    CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS: '-C target-feature=+simd128',
    CARGO_TARGET_WASM32_WASIP1_RUNNER: `node --no-warnings ${fileURLToPath(import.meta.url)}`,
  };
  const which = ['--quiet', '--package', 'espalier-simd', '--target', 'wasm32-wasip1', '--tests'];
  return spawnSync('cargo', ['test', ...which], { env, stdio: 'inherit' }).status ?? 1;
}

async function run(file, args) {
  const wasi = new WASI({ version: 'preview1', args: [file, ...args], env: process.env, returnOnExit: true });
  const { instance } = await WebAssembly.instantiate(await readFile(file), wasi.getImportObject());
  return wasi.start(instance);
}
