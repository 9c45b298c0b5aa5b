import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { model, tensorType } from './models.js';

test('the worker runs where esbuild keeps the names of functions, as tsx does', () => {
  const value = (name: string) => ({ name, type: tensorType.float32, shape: [2] });
  const bytes = Buffer.from(
    model({
      nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
      inputs: [value('x')],
      outputs: [value('y')],
    }),
  );
  const adapter = new URL('../../src/runtime/onnxruntime.ts', import.meta.url);
  const script = `import { onnxruntime } from ${JSON.stringify(adapter.href)};
    const session = await onnxruntime().load(Buffer.from('${bytes.toString('base64')}', 'base64'));
    const { outputs } = await session.run({ x: { type: 'float32', data: Float32Array.of(1, 2), dims: [2] } });
    console.log(String(outputs.y.data));
    await session.dispose();`;
  const done = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(done).toMatchObject({ status: 0, stdout: '-1,-2\n' });
});
