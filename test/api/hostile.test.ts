import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EspalierError, openModel } from '../../src/index.js';
import { growConvnet } from '../support/convnets.js';
import type { ModelSpec, NodeSpec } from '../support/onnx.js';
import { encodeModel, floats } from '../support/onnx.js';

const good = growConvnet([{ kind: 'residual', pick: 0, size: 3 }], 1);
const bytes = encodeModel(good);

/** Opens and prunes; the error it ends in, or undefined. */
async function problemWith(source: Uint8Array | string): Promise<unknown> {
  try {
    using model = await openModel(source);
    await (await model.prune({ ratio: 0.5 })).toBytes();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

const codeOf = async (source: Uint8Array | string): Promise<string> => {
  const problem = await problemWith(source);
  return problem instanceof EspalierError ? problem.code : `${problem}`;
};

const small = (change: Partial<ModelSpec>): Uint8Array =>
  encodeModel({
    opset: 13,
    nodes: [
      { op: 'Gemm', name: 'first', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'Gemm', name: 'second', inputs: ['h', 'v'], outputs: ['y'] },
    ],
    initializers: [floats('w', [3, 5], () => 0.5), floats('v', [5, 2], () => 0.5)],
    inputs: [{ name: 'x', shape: ['n', 3] }],
    outputs: [{ name: 'y', shape: ['n', 2] }],
    ...change,
  });

const gemm = (name: string, input: string, output: string): NodeSpec => ({
  op: 'Gemm',
  name,
  inputs: [input, 'w'],
  outputs: [output],
});

describe('a file that is wrong ends in one clear error', () => {
  test.each([
    ['empty', new Uint8Array(0), 'MODEL_MALFORMED'],
    ['text', new TextEncoder().encode('{"not": "a protobuf"}'), 'MODEL_MALFORMED'],
    ['zeros', new Uint8Array(1000), 'MODEL_MALFORMED'],
    ['no nodes', small({ nodes: [] }), 'GRAPH_INVALID'],
    ['no outputs', small({ outputs: [] }), 'GRAPH_INVALID'],
    ['an operand that nothing defines', small({ nodes: [gemm('first', 'nothing', 'y')] }), 'GRAPH_INVALID'],
    ['an output that nothing makes', small({ outputs: [{ name: 'z', shape: [1] }] }), 'GRAPH_INVALID'],
    [
      'a cycle',
      small({ nodes: [gemm('a', 'q', 'p'), gemm('b', 'p', 'q'), gemm('c', 'p', 'y')] }),
      'GRAPH_INVALID',
    ],
    ['a value defined twice', small({ nodes: [gemm('a', 'x', 'y'), gemm('b', 'x', 'y')] }), 'GRAPH_INVALID'],
    [
      'an initializer too short for its shape',
      small({
        initializers: [{ name: 'w', dims: [3, 6], data: new Float32Array(15) }, floats('v', [5, 2], () => 1)],
      }),
      'MODEL_MALFORMED',
    ],
    [
      'a shape that overflows',
      small({
        initializers: [
          { name: 'w', dims: [2 ** 40, 2 ** 40], data: new Float32Array(15) },
          floats('v', [5, 2], () => 1),
        ],
      }),
      'MODEL_MALFORMED',
    ],
    [
      'NaN among scored weights',
      small({ initializers: [floats('w', [3, 5], () => Number.NaN), floats('v', [5, 2], () => 1)] }),
      'NON_FINITE',
    ],
    [
      'infinity among scored weights',
      small({
        initializers: [floats('w', [3, 5], () => Number.POSITIVE_INFINITY), floats('v', [5, 2], () => 1)],
      }),
      'NON_FINITE',
    ],
    [
      'nothing to prune',
      small({ nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], initializers: [] }),
      'NOTHING_PRUNABLE',
    ],
  ])('%s', async (_, source, code) => {
    expect(await codeOf(source)).toBe(code);
  });

  test('truncated at any point', async () => {
    for (let length = 0; length < bytes.length; length += Math.max(1, Math.floor(bytes.length / 400))) {
      expect(await problemWith(bytes.subarray(0, length)), `${length} bytes`).toBeInstanceOf(EspalierError);
    }
  });

  test('with any bytes changed: an error of ours, or a model', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (changes) => {
          const broken = bytes.slice();
          for (const [at, value] of changes) broken[at] = value;
          const problem = await problemWith(broken);
          if (problem === undefined) return;
          refused += 1;
          expect(problem).toBeInstanceOf(EspalierError);
          expect((problem as EspalierError).code, `${problem}`).not.toBe('INTERNAL');
        },
      ),
      { numRuns: 500, seed: 11 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});

describe('a path that is wrong ends in one clear error', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('missing, a folder, a dangling link', async () => {
    expect(await codeOf(join(folder, 'none.onnx'))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(folder)).toMatch(/^FILE_UNREADABLE$|^MODEL_MALFORMED$/);
    symlinkSync(join(folder, 'gone'), join(folder, 'link.onnx'));
    expect(await codeOf(join(folder, 'link.onnx'))).toBe('FILE_NOT_FOUND');
  });

  test('the message names the file and what to do', async () => {
    const path = join(folder, 'text.onnx');
    writeFileSync(path, 'hello');
    const problem = (await problemWith(path)) as EspalierError;
    expect(problem.message).toContain('text.onnx');
    expect(problem.todo).not.toBe('');
  });
});
