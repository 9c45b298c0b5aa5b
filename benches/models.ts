import { writeFileSync } from 'node:fs';
import type { NodeSpec, TensorSpec } from '../test/support/onnx.js';
import { encodeModel, floats } from '../test/support/onnx.js';
import { random } from '../test/support/random.js';

/** A plain convolutional network with residual blocks, of about so many bytes; returns its path. */
export function writeConvnet(path: string, bytes: number): string {
  const width = 256;
  const blocks = Math.max(1, Math.round(bytes / (4 * 2 * 9 * width * width)));
  const next = random(1);
  const nodes: NodeSpec[] = [];
  const initializers: TensorSpec[] = [];
  const weight = (name: string, dims: readonly number[]): string => {
    initializers.push(floats(name, dims, next));
    return name;
  };
  const conv = (name: string, x: string, channels: number, from: number): string => {
    const inputs = [x, weight(`${name}.weight`, [channels, from, 3, 3]), weight(`${name}.bias`, [channels])];
    nodes.push({ op: 'Conv', name, inputs, outputs: [name], attributes: { pads: [1, 1, 1, 1] } });
    nodes.push({ op: 'Relu', name: `${name}.relu`, inputs: [name], outputs: [`${name}.relu`] });
    return `${name}.relu`;
  };
  let stream = conv('stem', 'x', width, 3);
  for (let block = 0; block < blocks; block++) {
    const inner = conv(
      `block${block}.conv2`,
      conv(`block${block}.conv1`, stream, width, width),
      width,
      width,
    );
    nodes.push({ op: 'Add', name: `block${block}`, inputs: [stream, inner], outputs: [`block${block}`] });
    stream = `block${block}`;
  }
  nodes.push(
    { op: 'GlobalAveragePool', inputs: [stream], outputs: ['pooled'] },
    { op: 'Flatten', inputs: ['pooled'], outputs: ['flat'] },
    {
      op: 'Gemm',
      inputs: ['flat', weight('fc.weight', [10, width]), weight('fc.bias', [10])],
      outputs: ['y'],
      attributes: { transB: 1 },
    },
  );
  const model = {
    opset: 13,
    nodes,
    initializers,
    inputs: [{ name: 'x', shape: ['n', 3, 32, 32] }],
    outputs: [{ name: 'y', shape: ['n', 10] }],
  };
  writeFileSync(path, encodeModel(model));
  return path;
}
