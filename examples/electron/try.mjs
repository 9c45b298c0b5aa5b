// Runs the example in a real Electron, as it is and as it is packed, and ends with 0 where all went well.
//
//   npm install && npm run try [-- APP]
//
//   APP   the program that electron-builder or Electron Forge has made; by default Electron from node_modules, with the app unpacked
//
// On a Linux without a screen: xvfb-run -a npm run try
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-electron-'));
const request = {
  model: here('../lenet5_mnist.onnx'),
  samples: here('../mnist-digits.npz'),
  output: join(folder, 'small.onnx'),
};
const trial = `--try=${Buffer.from(JSON.stringify(request)).toString('base64url')}`;
const [, , app] = process.argv;
const program = app ?? createRequire(import.meta.url)('electron');
// Containers let no program set up a sandbox of its own.
const sandbox = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const { status } = spawnSync(program, [...(app === undefined ? [here('.')] : []), ...sandbox, trial], {
  stdio: 'inherit',
  timeout: 120_000,
});
rmSync(folder, { recursive: true });
process.exitCode = status ?? 1;
