import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { Builder } from '../test/support/builder.js';
import type { ModelSpec, TensorSpec } from '../test/support/onnx.js';
import { encodeModel } from '../test/support/onnx.js';
import { random } from '../test/support/random.js';

/** Residual blocks of two 3x3 convolutions, then a linear layer. */
export function convnet(blocks: number, width: number, b = new Builder()): ModelSpec {
  const conv = (name: string, x: string, channels: number, from: number): string => {
    const inputs = [
      x,
      b.weight(`${name}.weight`, [channels, from, 3, 3]),
      b.weight(`${name}.bias`, [channels]),
    ];
    return b.node('Relu', `${name}.relu`, [b.node('Conv', name, inputs, { pads: [1, 1, 1, 1] })]);
  };
  let stream = conv('stem', 'x', width, 3);
  for (let block = 0; block < blocks; block++) {
    const inner = conv(
      `block${block}.conv2`,
      conv(`block${block}.conv1`, stream, width, width),
      width,
      width,
    );
    stream = b.node('Add', `block${block}`, [stream, inner]);
  }
  const flat = b.node('Flatten', 'flat', [b.node('GlobalAveragePool', 'pooled', [stream])]);
  b.nodes.push({
    op: 'Gemm',
    inputs: [flat, b.weight('fc.weight', [10, width])],
    outputs: ['y'],
    attributes: { transB: 1 },
  });
  return {
    opset: 13,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 3, 32, 32] }],
    outputs: [{ name: 'y', shape: ['n', 10] }],
  };
}

/** Pre-norm transformer blocks with 8 heads and a hidden layer of four times the width. */
export function transformer(blocks: number, width: number): ModelSpec {
  const b = new Builder();
  const heads = 8;
  const apart = b.ints('apart', [0, 0, heads, width / heads]);
  const together = b.ints('together', [0, 0, width]);
  const linear = (name: string, x: string, from: number, to: number): string =>
    b.node('Add', name, [
      b.node('MatMul', `${name}.matmul`, [x, b.weight(`${name}.weight`, [from, to])]),
      b.weight(`${name}.bias`, [to]),
    ]);
  const norm = (name: string, x: string): string =>
    b.node('LayerNormalization', name, [
      x,
      b.weight(`${name}.weight`, [width]),
      b.weight(`${name}.bias`, [width]),
    ]);
  const split = (name: string, x: string, perm: readonly number[]): string =>
    b.node(
      'Transpose',
      `${name}.heads`,
      [b.node('Reshape', `${name}.apart`, [linear(name, x, width, width), apart])],
      { perm },
    );
  let stream = linear('embed', 'x', 16, width);
  for (let block = 0; block < blocks; block++) {
    const at = (part: string): string => `block${block}.${part}`;
    const x = norm(at('norm1'), stream);
    const scores = b.node(
      'Softmax',
      at('softmax'),
      [b.node('MatMul', at('scores'), [split(at('q'), x, [0, 2, 1, 3]), split(at('k'), x, [0, 2, 3, 1])])],
      { axis: -1 },
    );
    const mixed = b.node('MatMul', at('mixed'), [scores, split(at('v'), x, [0, 2, 1, 3])]);
    const merged = b.node('Reshape', at('merged'), [
      b.node('Transpose', at('back'), [mixed], { perm: [0, 2, 1, 3] }),
      together,
    ]);
    stream = b.node('Add', at('residual1'), [stream, linear(at('out'), merged, width, width)]);
    const hidden = b.node('Relu', at('relu'), [
      linear(at('up'), norm(at('norm2'), stream), width, 4 * width),
    ]);
    stream = b.node('Add', at('residual2'), [stream, linear(at('down'), hidden, 4 * width, width)]);
  }
  b.nodes.push({ op: 'MatMul', inputs: [stream, b.weight('head.weight', [width, 10])], outputs: ['y'] });
  return {
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 's', 16] }],
    outputs: [{ name: 'y', shape: ['n', 's', 10] }],
  };
}

/** A convolutional network of about so many bytes; returns its path. */
export function writeConvnet(path: string, bytes: number): string {
  const width = 256;
  writeFileSync(path, encodeModel(convnet(blocksOf(bytes, width), width)));
  return path;
}

const blocksOf = (bytes: number, width: number): number =>
  Math.max(1, Math.round(bytes / (4 * 2 * 9 * width * width)));

/** Weights without their data. */
class Shapes extends Builder {
  override weight(name: string, dims: readonly number[]): string {
    this.initializers.push({ name, dims, data: new Float32Array() });
    return name;
  }
}

/**
 * A convolutional network of about so many bytes whose weights lie beside it, in `<path>.data`; returns its path.
 *
 * `sparse`: all of them are zeros that take no place on the disk.
 */
export function writeLarge(path: string, bytes: number, sparse: boolean): string {
  const width = bytes > 1e9 ? 1024 : bytes > 1e7 ? 256 : 32;
  const location = `${basename(path)}.data`;
  const file = openSync(`${path}.data`, 'wx');
  const next = random(1);
  // Bell-shaped about 0, as trained weights are; drawn once, since drawing takes longer than writing.
  const drawn = Float32Array.from({ length: 1 << 20 }, () => 0.05 * (next() + next() + next()));
  let offset = 0;
  const placed = (tensor: TensorSpec): TensorSpec => {
    const length = tensor.dims.reduce((product, dim) => product * dim, 1);
    const elsewhere = { location, offset };
    for (let start = 0; !sparse && start < length; start += drawn.length) {
      const part = drawn.subarray(0, Math.min(length - start, drawn.length));
      writeSync(file, part, 0, part.byteLength, offset + 4 * start);
    }
    offset += 4 * length;
    return { ...tensor, elsewhere };
  };
  const spec = convnet(blocksOf(bytes, width), width, new Shapes());
  writeFileSync(path, encodeModel({ ...spec, initializers: spec.initializers.map(placed) }));
  ftruncateSync(file, offset);
  closeSync(file);
  return path;
}
