// The addon's WebAssembly with little memory, which ends it in the middle of a call: what callers are told, and what comes after that.
//
//   ESPALIER_WASM=1 npx tsx test/wasm/exhausted.ts      prints it as JSON
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EspalierError, openModel } from '../../src/index.js';
import { encodeModel, floats } from '../support/onnx.js';
import { random } from '../support/random.js';

/** Pages of 64 KiB: enough for the stack, and for some tens of megabytes. */
const PAGES = 2304;
const Memory = WebAssembly.Memory;
WebAssembly.Memory = class extends Memory {
  constructor(pages: ConstructorParameters<typeof Memory>[0]) {
    super({ ...pages, maximum: PAGES });
  }
};

const next = random(1);
const WIDTH = 5800;
/** 134 MB of weights, for which there is no room. */
const large = encodeModel({
  opset: 17,
  inputs: [{ name: 'x', shape: ['n', 16] }],
  outputs: [{ name: 'y', shape: ['n', WIDTH] }],
  initializers: [floats('a', [16, WIDTH], next), floats('b', [WIDTH, WIDTH], () => 0.5)],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'a'], outputs: ['h'] },
    { op: 'MatMul', inputs: ['h', 'b'], outputs: ['y'] },
  ],
});
const small = fileURLToPath(new URL('../../examples/lenet5_mnist.onnx', import.meta.url));

const told = (error: unknown): unknown =>
  error instanceof EspalierError ? [error.code, error.what, error.todo] : String(error);

const folder = mkdtempSync(join(tmpdir(), 'espalier-exhausted-'));
const path = join(folder, 'large.onnx');
writeFileSync(path, large);
const early = await openModel(small);
const given = await openModel(large).then(() => 'opened', told);
const opened = await openModel(path);
const pruned = await opened.prune({ ratio: 0.1, criterion: 'random' });
const failed = await pruned.toBytes().then(() => 'worked', told);
const later = await early.prune({ ratio: 0.5 }).then(() => 'pruned', told);
const again = await openModel(small);
const { length } = await (await again.prune({ ratio: 0.5 })).toBytes();
console.log(JSON.stringify({ given, failed, later, again: length }));
rmSync(folder, { recursive: true });
