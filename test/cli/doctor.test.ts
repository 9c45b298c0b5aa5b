import { expect, test } from 'vitest';
import { espalier, withoutRuntime } from './espalier.js';

type Found = { readonly name: string; readonly state: string; readonly text: string }[];
const stateOf = (stdout: string, name: string) =>
  (JSON.parse(stdout) as Found).find((own) => own.name === name)?.state;

test('where all is there, all is well', async () => {
  const { code, stdout, stderr } = await espalier(['doctor']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ok {2}addon +native: \S*espalier/m);
  expect(stdout).toMatch(/^ok {2}runtime +onnxruntime-node runs models$/m);
  expect(stdout.trimEnd().endsWith('All is well.')).toBe(true);
});

test('without a runtime models cannot be run, and what to install is told', async () => {
  const entry = await withoutRuntime();
  const { code, stdout } = await espalier(['doctor'], { entry, cwd: '/' });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^! {3}runtime +.*not installed\n.*npm install onnxruntime-node/m);
  expect(stdout).toMatch(/^ok {2}onnxruntime-node +not installed/m);
});

test('without an addon nothing works: exit code 1', async () => {
  const entry = await withoutRuntime({ addon: false });
  const { code, stdout } = await espalier(['doctor', '--json'], { entry, cwd: '/' });
  expect(code).toBe(1);
  expect(stateOf(stdout, 'addon')).toBe('fault');
  expect(stateOf(stdout, 'engine')).toBe('ok');
});

test.runIf(process.platform === 'linux')(
  'folders that cannot be written to are told, and nothing hangs',
  async () => {
    const { code, stdout } = await espalier(['doctor', '--json'], {
      env: { XDG_CACHE_HOME: '/proc', TMPDIR: '/proc' },
    });
    expect(code).toBe(0);
    expect(stateOf(stdout, 'cache')).toBe('warning');
    expect(stateOf(stdout, 'temporary files')).toBe('warning');
    const pruned = await espalier(['prune', 'x.onnx', '--out-dir', '/proc/x', '--ratio', '0.5']);
    expect(pruned).toMatchObject({ code: 1, stdout: expect.stringMatching(/OUTPUT_UNWRITABLE/) });
  },
);
