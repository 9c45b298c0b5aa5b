import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { shared } from './models.js';

const built = new URL('../../dist/index.js', import.meta.url);

/** Runs a script that loads a model, starts a run of many samples, and then does something else. */
const whileRunning = (act: string) =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { onnxruntime } from ${JSON.stringify(built.href)};
       const stop = new AbortController();
       const file = ${JSON.stringify(shared('models/lenet5_mnist.onnx'))};
       const session = await onnxruntime().load(file, { signal: stop.signal });
       const input = { type: 'float32', data: new Float32Array(4096 * 784), dims: [4096, 1, 28, 28] };
       session.run({ input }).catch((error) => console.log(error.message));
       session.run({ input }).catch(() => {});
       setTimeout(() => { ${act} }, 60);`,
    ],
    { encoding: 'utf8', timeout: 60_000 },
  );

// onnxruntime-node aborts the process when its thread is torn down in the middle of a run.
describe.skipIf(!existsSync(shared('models')))('while the runtime is at work (needs ../shared)', () => {
  test('the process may exit', () => {
    expect(whileRunning('process.exit(7)')).toMatchObject({ status: 7, signal: null, stderr: '' });
  });

  test('an aborted session lets the process end by itself', () => {
    expect(whileRunning("stop.abort(new Error('enough'))")).toMatchObject({
      status: 0,
      stdout: 'enough\n',
      stderr: '',
    });
  });
});
