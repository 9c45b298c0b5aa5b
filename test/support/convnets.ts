import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec } from './onnx.js';
import { floats, integers } from './onnx.js';
import { random } from './random.js';

/** One step of growing a graph: what to add, and numbers that decide how. Shrinks to fewer and simpler steps. */
export interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly pick: number;
  readonly size: number;
}

export const KINDS = [
  'conv',
  'pointwise',
  'grouped',
  'depthwise',
  'transposed',
  'batchNorm',
  'activation',
  'residual',
  'sum',
  'concat',
  'split',
  'slice',
  'shuffle',
  'shuffleByShape',
  'gate',
  'pool',
  'resize',
  'depthToSpace',
  'spaceToDepth',
  'padChannels',
  'gather',
  'sharedBias',
  'constantWeight',
  'scale',
] as const;

interface Value {
  readonly name: string;
  readonly channels: number;
  /** Height and width. */
  readonly extent: number;
}

const BATCH = 'n';
const IMAGE = 8;

/** A convolutional network grown step by step; every step that does not fit is left out. */
export function growConvnet(steps: readonly Step[], seed: number): ModelSpec {
  return new Grower(seed).grow(steps);
}

class Grower {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: TensorSpec[] = [];
  readonly values: Value[] = [{ name: 'x', channels: 3, extent: IMAGE }];
  readonly next: () => number;
  shared: string | undefined;
  count = 0;

  constructor(seed: number) {
    this.next = random(seed);
  }

  grow(steps: readonly Step[]): ModelSpec {
    this.conv(this.values[0]!, 6, 3, 1);
    for (const step of steps) this.add(step);
    const pooled = this.node('GlobalAveragePool', [this.last().name]);
    const flat = this.node('Flatten', [pooled]);
    const logits = this.node('Gemm', [flat, this.weight([4, this.last().channels]), this.weight([4])], {
      transB: 1,
    });
    this.nodes.push({ op: 'Identity', inputs: [logits], outputs: ['y'] });
    return {
      opset: 13,
      nodes: this.nodes,
      initializers: this.initializers,
      inputs: [{ name: 'x', shape: [BATCH, 3, IMAGE, IMAGE] }],
      outputs: [{ name: 'y', shape: [BATCH, 4] }],
    };
  }

  last(): Value {
    return this.values.at(-1)!;
  }

  add({ kind, pick, size }: Step): void {
    const x = this.last();
    const other = this.values[1 + (pick % Math.max(1, this.values.length - 1))] ?? x;
    const wide = 2 + (size % 7);
    switch (kind) {
      case 'conv':
        this.conv(x, wide, 3, size % 2 === 0 && x.extent % 2 === 0 && x.extent > 2 ? 2 : 1);
        break;
      case 'pointwise':
        this.conv(other, wide, 1, 1);
        break;
      case 'grouped':
        this.grouped(x, 2 + (pick % 2), 1 + (size % 3));
        break;
      case 'depthwise':
        this.put('Conv', [x.name, this.weight([x.channels, 1, 3, 3]), this.weight([x.channels])], x, {
          group: x.channels,
          pads: [1, 1, 1, 1],
        });
        break;
      case 'transposed':
        if (x.extent > IMAGE) return;
        this.put(
          'ConvTranspose',
          [x.name, this.weight([x.channels, wide, 2, 2]), this.weight([wide])],
          { ...x, channels: wide, extent: 2 * x.extent },
          { strides: [2, 2] },
        );
        break;
      case 'batchNorm':
        this.put(
          'BatchNormalization',
          [
            x.name,
            this.weight([x.channels]),
            this.weight([x.channels]),
            this.weight([x.channels]),
            this.positive([x.channels]),
          ],
          x,
        );
        break;
      case 'activation':
        this.put(['Relu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'Softplus', 'LeakyRelu'][pick % 6]!, [x.name], x);
        break;
      case 'residual': {
        this.conv(x, wide, 1, 1);
        this.put('Relu', [this.last().name], this.last());
        this.conv(this.last(), x.channels, 3, 1);
        this.put('Add', [this.last().name, x.name], x);
        break;
      }
      case 'sum':
        if (other === x || other.channels !== x.channels || other.extent !== x.extent) return;
        this.put(['Add', 'Mul', 'Sub', 'Max'][size % 4]!, [x.name, other.name], x);
        break;
      case 'concat':
        if (other.extent !== x.extent || other.channels + x.channels > 40) return;
        this.put(
          'Concat',
          [x.name, other.name],
          { ...x, channels: x.channels + other.channels },
          { axis: 1 },
        );
        break;
      case 'split':
        this.split(x, 1 + (size % Math.max(1, x.channels - 1)));
        break;
      case 'slice': {
        if (x.channels < 3) return;
        const start = pick % (x.channels - 1);
        const end = start + 1 + (size % (x.channels - start));
        this.put('Slice', [x.name, this.ints([start]), this.ints([end]), this.ints([1])], {
          ...x,
          channels: Math.min(end, x.channels) - start,
        });
        break;
      }
      case 'shuffle':
        this.shuffle(x, 2 + (pick % 2), false);
        break;
      case 'shuffleByShape':
        this.shuffle(x, 2 + (pick % 2), true);
        break;
      case 'gate': {
        const pooled = this.node('GlobalAveragePool', [x.name]);
        const squeezed = this.node('Conv', [
          pooled,
          this.weight([wide, x.channels, 1, 1]),
          this.weight([wide]),
        ]);
        const excited = this.node('Conv', [
          this.node('Relu', [squeezed]),
          this.weight([x.channels, wide, 1, 1]),
          this.weight([x.channels]),
        ]);
        this.put('Mul', [x.name, this.node('Sigmoid', [excited])], x);
        break;
      }
      case 'pool':
        this.put(pick % 2 === 0 ? 'MaxPool' : 'AveragePool', [x.name], x, {
          kernel_shape: [3, 3],
          pads: [1, 1, 1, 1],
        });
        break;
      case 'resize':
        if (x.extent > IMAGE) return;
        this.put(
          'Resize',
          [x.name, '', this.constant([1, 1, 2, 2])],
          { ...x, extent: 2 * x.extent },
          { mode: 'nearest' },
        );
        break;
      case 'depthToSpace':
        if (x.channels % 4 !== 0 || x.extent > IMAGE) return;
        this.put(
          'DepthToSpace',
          [x.name],
          { ...x, channels: x.channels / 4, extent: 2 * x.extent },
          { blocksize: 2, mode: pick % 2 === 0 ? 'DCR' : 'CRD' },
        );
        break;
      case 'spaceToDepth':
        if (x.extent % 2 !== 0 || x.channels > 8) return;
        this.put(
          'SpaceToDepth',
          [x.name],
          { ...x, channels: 4 * x.channels, extent: x.extent / 2 },
          { blocksize: 2 },
        );
        break;
      case 'padChannels':
        this.put('Pad', [x.name, this.ints([0, size % 3, 0, 0, 0, pick % 3, 0, 0])], {
          ...x,
          channels: x.channels + (size % 3) + (pick % 3),
        });
        break;
      case 'gather': {
        const indices = Array.from({ length: x.channels }, (_, i) => (i * 5 + pick) % x.channels);
        this.put('Gather', [x.name, this.ints(indices)], x, { axis: 1 });
        break;
      }
      case 'sharedBias': {
        if (this.shared === undefined)
          this.initializers.push(floats('shared', [6], size % 2 === 0 ? () => 0 : this.next));
        this.shared = 'shared';
        this.put('Conv', [x.name, this.weight([6, x.channels, 1, 1]), this.shared], {
          ...x,
          channels: 6,
        });
        break;
      }
      case 'constantWeight': {
        const weight = this.fresh('constant');
        this.nodes.push({
          op: 'Constant',
          inputs: [],
          outputs: [weight],
          attributes: { value: floats('', [wide, x.channels, 1, 1], this.next) },
        });
        this.put('Conv', [x.name, weight], { ...x, channels: wide });
        break;
      }
      case 'scale':
        this.put('Mul', [x.name, this.weight([x.channels, 1, 1])], x);
        break;
    }
  }

  conv(x: Value, channels: number, kernel: number, stride: number): void {
    const pad = (kernel - 1) / 2;
    const attributes = { pads: [pad, pad, pad, pad], strides: [stride, stride] };
    this.put(
      'Conv',
      [x.name, this.weight([channels, x.channels, kernel, kernel]), this.weight([channels])],
      { ...x, channels, extent: x.extent / stride },
      attributes,
    );
  }

  grouped(x: Value, groups: number, each: number): void {
    if (x.channels % groups !== 0) return;
    const channels = groups * each;
    this.put(
      'Conv',
      [x.name, this.weight([channels, x.channels / groups, 1, 1]), this.weight([channels])],
      { ...x, channels },
      { group: groups },
    );
  }

  split(x: Value, first: number): void {
    if (x.channels < 2) return;
    const [a, b] = [this.fresh('split'), this.fresh('split')];
    this.nodes.push({
      op: 'Split',
      name: a,
      inputs: [x.name, this.ints([first, x.channels - first])],
      outputs: [a, b],
      attributes: { axis: 1 },
    });
    this.values.push({ ...x, name: a, channels: first }, { ...x, name: b, channels: x.channels - first });
  }

  shuffle(x: Value, groups: number, byShape: boolean): void {
    if (x.channels % groups !== 0) return;
    const { extent } = x;
    let [apart, together] = [
      this.ints([0, groups, -1, extent, extent]),
      this.ints([-1, x.channels, extent, extent]),
    ];
    if (byShape) {
      const shape = this.node('Shape', [x.name]);
      const length = (axis: number): string => this.node('Gather', [shape, this.ints([axis])], { axis: 0 });
      const [n, c, h, w] = [length(0), length(1), length(2), length(3)];
      const each = this.node('Div', [c, this.ints([groups])]);
      apart = this.node('Concat', [n, this.ints([groups]), each, h, w], { axis: 0 });
      together = this.node('Concat', [n, c, h, w], { axis: 0 });
    }
    const transposed = this.node('Transpose', [this.node('Reshape', [x.name, apart])], {
      perm: [0, 2, 1, 3, 4],
    });
    this.put('Reshape', [transposed, together], x);
  }

  put(
    op: string,
    inputs: readonly string[],
    value: Omit<Value, 'name'>,
    attributes?: Record<string, AttributeSpec>,
  ): void {
    this.values.push({
      channels: value.channels,
      extent: value.extent,
      name: this.node(op, inputs, attributes),
    });
  }

  node(op: string, inputs: readonly string[], attributes?: Record<string, AttributeSpec>): string {
    const name = this.fresh(op.toLowerCase());
    this.nodes.push({ op, name, inputs, outputs: [name], ...(attributes !== undefined && { attributes }) });
    return name;
  }

  weight(dims: readonly number[]): string {
    const name = this.fresh('w');
    const fanIn = Math.sqrt(dims.slice(1).reduce((a, b) => a * b, 1));
    this.initializers.push(floats(name, dims, () => (2 * this.next()) / fanIn));
    return name;
  }

  positive(dims: readonly number[]): string {
    const name = this.fresh('v');
    this.initializers.push(floats(name, dims, () => 1 + Math.abs(this.next())));
    return name;
  }

  ints(values: readonly number[]): string {
    const name = this.fresh('i');
    this.initializers.push(integers(name, values));
    return name;
  }

  constant(values: readonly number[]): string {
    const name = this.fresh('c');
    this.initializers.push({ name, dims: [values.length], data: Float32Array.from(values) });
    return name;
  }

  fresh(base: string): string {
    return `${base}_${this.count++}`;
  }
}
