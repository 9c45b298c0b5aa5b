import type { AttributeSpec, GraphSpec, ModelSpec, NodeSpec, TensorSpec, ValueSpec } from './onnx.js';
import { floats, integers } from './onnx.js';
import { random } from './random.js';

/** One step of growing a graph over sequences: what to add, and numbers that decide how. */
export interface SequenceStep {
  readonly kind: (typeof SEQUENCE_KINDS)[number];
  readonly pick: number;
  readonly size: number;
}

export const SEQUENCE_KINDS = [
  'linear',
  'mlp',
  'gated',
  'layerNorm',
  'rmsNorm',
  'attention',
  'fusedAttention',
  'groupedAttention',
  'rotary',
  'recurrent',
  'convolution',
  'residual',
  'concat',
  'splitHalves',
  'softmax',
  'mean',
  'position',
  'scale',
  'einsum',
  'tokens',
  'quantised',
  'branch',
  'loop',
  'scan',
] as const;

const CHANNELS = 8;

/** A network over [batch, sequence, channels], both open, grown step by step; a step that does not fit is left out. */
export function growSequenceNet(steps: readonly SequenceStep[], seed: number): ModelSpec {
  return new Grower(seed).grow(steps);
}

interface Value {
  readonly name: string;
  readonly channels: number;
}

class Grower {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: TensorSpec[] = [];
  readonly next: () => number;
  x: Value = { name: 'x', channels: 5 };
  count = 0;

  constructor(seed: number) {
    this.next = random(seed);
  }

  grow(steps: readonly SequenceStep[]): ModelSpec {
    this.x = this.linear(this.x, CHANNELS);
    for (const step of steps) this.add(step);
    const y = this.linear(this.x, 3);
    this.nodes.push({ op: 'Identity', inputs: [y.name], outputs: ['y'] });
    return {
      opset: 17,
      nodes: this.nodes,
      initializers: this.initializers,
      inputs: [{ name: 'x', shape: ['n', 's', 5] }],
      outputs: [{ name: 'y', shape: ['n', 's', 3] }],
    };
  }

  add({ kind, pick, size }: SequenceStep): void {
    const { x } = this;
    const wide = 4 + (size % 8);
    switch (kind) {
      case 'linear':
        this.x = this.linear(x, 2 * (2 + (size % 4)));
        break;
      case 'mlp':
        this.x = this.linear(
          this.unary(['Relu', 'Tanh', 'Sigmoid', 'Erf'][pick % 4]!, this.linear(x, wide)),
          x.channels,
        );
        break;
      case 'gated': {
        const [gate, value] = [this.unary('Sigmoid', this.linear(x, wide)), this.linear(x, wide)];
        this.x = this.linear({ ...value, name: this.node('Mul', [gate.name, value.name]) }, x.channels);
        break;
      }
      case 'layerNorm':
        this.x = {
          ...x,
          name: this.node('LayerNormalization', [
            x.name,
            this.weight([x.channels]),
            this.weight([x.channels]),
          ]),
        };
        break;
      case 'rmsNorm': {
        const mean = this.node('ReduceMean', [this.node('Mul', [x.name, x.name])], { axes: [-1] });
        const scaled = this.node('Div', [
          x.name,
          this.node('Sqrt', [this.node('Add', [mean, this.scalar(0.1)])]),
        ]);
        this.x = { ...x, name: this.node('Mul', [scaled, this.weight([x.channels])]) };
        break;
      }
      case 'attention':
        this.x = this.attention(x, 1 + (pick % 4), 2 + (size % 3), 1);
        break;
      case 'groupedAttention':
        this.x = this.attention(x, 2, 2 + (size % 3), 2);
        break;
      case 'fusedAttention':
        this.x = this.fusedAttention(x, 2 + (pick % 3), 2 + (size % 2));
        break;
      case 'rotary':
        this.x = this.rotary(this.linear(x, 2 * wide));
        break;
      case 'recurrent':
        this.x = this.recurrent(x, wide, pick % 2 === 0);
        break;
      case 'convolution': {
        const turned = this.node('Transpose', [x.name], { perm: [0, 2, 1] });
        const conv = this.node('Conv', [turned, this.weight([wide, x.channels, 3]), this.weight([wide])], {
          pads: [1, 1],
        });
        this.x = { channels: wide, name: this.node('Transpose', [conv], { perm: [0, 2, 1] }) };
        break;
      }
      case 'residual':
        this.x = {
          ...x,
          name: this.node('Add', [
            x.name,
            this.linear(this.unary('Relu', this.linear(x, wide)), x.channels).name,
          ]),
        };
        break;
      case 'concat':
        if (x.channels > 16) return;
        this.x = {
          channels: x.channels + wide,
          name: this.node('Concat', [x.name, this.linear(x, wide).name], { axis: 2 }),
        };
        break;
      case 'splitHalves': {
        if (x.channels % 2 !== 0) return;
        const [a, b] = [this.fresh('half'), this.fresh('half')];
        this.nodes.push({
          op: 'Split',
          name: a,
          inputs: [x.name],
          outputs: [a, b],
          attributes: { axis: -1 },
        });
        this.x = { channels: x.channels / 2, name: this.node('Mul', [a, this.node('Tanh', [b])]) };
        break;
      }
      case 'softmax':
        this.x = { ...x, name: this.node('Softmax', [x.name], { axis: 1 }) };
        break;
      case 'mean':
        this.x = { ...x, name: this.node('Sub', [x.name, this.node('ReduceMean', [x.name], { axes: [1] })]) };
        break;
      case 'position':
        this.x = { ...x, name: this.node('Add', [x.name, this.positions(x)]) };
        break;
      case 'scale':
        this.x = { ...x, name: this.node('Mul', [x.name, this.weight([x.channels])]) };
        break;
      case 'einsum':
        this.x = {
          channels: wide,
          name: this.node('Einsum', [x.name, this.weight([x.channels, wide])], { equation: 'nsc,cd->nsd' }),
        };
        break;
      case 'tokens': {
        // A learned token in front of the sequence, and away again.
        const batch = this.node('Gather', [this.node('Shape', [x.name]), this.ints([0])], { axis: 0 });
        const shape = this.node('Concat', [batch, this.ints([-1, -1])], { axis: 0 });
        const filled = this.node('Where', [
          this.node('Equal', [shape, this.ints([-1])]),
          this.ints([1]),
          shape,
        ]);
        const token = this.node('Expand', [this.weight([1, 1, x.channels]), filled]);
        const longer = this.node('Concat', [token, x.name], { axis: 1 });
        this.x = {
          ...x,
          name: this.node('Slice', [longer, this.ints([1]), this.ints([2 ** 40]), this.ints([1])]),
        };
        break;
      }
      case 'branch':
        this.x = this.branch(x, wide, pick);
        break;
      case 'loop':
        this.x = this.loop(x, wide, pick);
        break;
      case 'scan':
        this.x = this.scan(x, wide, pick);
        break;
      case 'quantised': {
        const weight = this.quantised(x.channels, wide);
        this.x = { channels: wide, name: this.node('MatMul', [x.name, weight]) };
        break;
      }
    }
  }

  linear(x: Value, channels: number): Value {
    const product = this.node('MatMul', [x.name, this.weight([x.channels, channels])]);
    return { channels, name: this.node('Add', [product, this.weight([channels])]) };
  }

  unary(op: string, x: Value): Value {
    return { ...x, name: this.node(op, [x.name]) };
  }

  /** What `make` adds, as a graph of its own: its weights lie in it, or outside of it. */
  inner(
    inputs: readonly ValueSpec[],
    held: boolean,
    make: () => readonly (readonly [value: string, shape: readonly (string | number)[], dtype?: 'bool'])[],
  ): GraphSpec {
    const [nodes, weights] = [this.nodes.length, this.initializers.length];
    const outputs = make().map(([name, shape, dtype]) => ({ name, shape, ...(dtype && { dtype }) }));
    const initializers = held ? this.initializers.splice(weights) : [];
    return { inputs, outputs, nodes: this.nodes.splice(nodes), initializers };
  }

  /** Two nets, of which data chooses one: always the same, or not. */
  branch(x: Value, wide: number, pick: number): Value {
    const sum = this.node('ReduceSum', [x.name], { keepdims: 0 });
    const condition = this.node('Greater', [sum, this.scalar(pick % 3 === 0 ? 0 : -1e9)]);
    const shape = ['n', 's', x.channels];
    const side = (op: string): GraphSpec =>
      this.inner([], pick % 2 === 0, () => [
        [this.linear(this.unary(op, this.linear(x, wide)), x.channels).name, shape],
      ]);
    const branches = { then_branch: side('Relu'), else_branch: side('Tanh') };
    return { ...x, name: this.node('If', [condition], branches) };
  }

  /** Two rounds of a net that gives back what it takes. */
  loop(x: Value, wide: number, pick: number): Value {
    const [step, going, state] = [this.fresh('step'), this.fresh('going'), this.fresh('state')];
    const shape = ['n', 's', x.channels];
    const given: readonly ValueSpec[] = [
      { name: step, dtype: 'int64', shape: [] },
      { name: going, dtype: 'bool', shape: [] },
      { name: state, shape },
    ];
    const body = this.inner(given, pick % 2 === 0, () => {
      const inside = { ...x, name: state };
      const still = this.node('Identity', [going]);
      const net = this.linear(this.unary('Relu', this.linear(inside, wide)), x.channels);
      return [
        [still, [], 'bool'],
        [pick % 3 === 0 ? this.node('Add', [state, net.name]) : net.name, shape],
      ];
    });
    return { ...x, name: this.node('Loop', [this.ints([2], []), '', x.name], { body }) };
  }

  /** h' = tanh(x W + h U) along the sequence. */
  scan(x: Value, wide: number, pick: number): Value {
    const first = this.node('ReduceMean', [this.linear(x, wide).name], { axes: [1], keepdims: 0 });
    const [state, place] = [this.fresh('state'), this.fresh('place')];
    const given: readonly ValueSpec[] = [
      { name: state, shape: ['n', wide] },
      { name: place, shape: ['n', x.channels] },
    ];
    const body = this.inner(given, pick % 2 === 0, () => {
      const product = this.node('MatMul', [state, this.weight([wide, wide])]);
      const sum = this.node('Add', [product, this.linear({ ...x, name: place }, wide).name]);
      const after = this.node('Tanh', [sum]);
      return [
        [after, ['n', wide]],
        [this.node('Identity', [after]), ['n', wide]],
      ];
    });
    const [last, all] = [this.fresh('last'), this.fresh('all')];
    const axes = { num_scan_inputs: 1, scan_input_axes: [1], scan_output_axes: [1] };
    this.nodes.push({
      op: 'Scan',
      name: all,
      inputs: [first, x.name],
      outputs: [last, all],
      attributes: { body, ...axes },
    });
    return { channels: wide, name: all };
  }

  heads(x: Value, heads: number, perm: readonly number[]): string {
    const apart = this.node('Reshape', [x.name, this.ints([0, 0, heads, x.channels / heads])]);
    return this.node('Transpose', [apart], { perm });
  }

  attention(x: Value, heads: number, dims: number, share: number): Value {
    const query = this.heads(this.linear(x, heads * share * dims), heads * share, [0, 2, 1, 3]);
    const repeat = (name: string): string => {
      if (share === 1) return name;
      const grouped = this.node(
        'Concat',
        Array.from({ length: share }, () => this.node('Unsqueeze', [name, this.ints([2])])),
        { axis: 2 },
      );
      const shape = this.node('Shape', [name]);
      const at = (axis: number): string => this.node('Gather', [shape, this.ints([axis])], { axis: 0 });
      return this.node('Reshape', [
        grouped,
        this.node('Concat', [at(0), this.ints([heads * share]), at(2), at(3)], { axis: 0 }),
      ]);
    };
    const key = repeat(this.heads(this.linear(x, heads * dims), heads, [0, 2, 1, 3]));
    const value = repeat(this.heads(this.linear(x, heads * (dims + 1)), heads, [0, 2, 1, 3]));
    const scores = this.node('MatMul', [query, this.node('Transpose', [key], { perm: [0, 1, 3, 2] })]);
    const weights = this.node('Softmax', [this.node('Mul', [scores, this.scalar(0.5)])], { axis: -1 });
    const mixed = this.node('Transpose', [this.node('MatMul', [weights, value])], { perm: [0, 2, 1, 3] });
    const channels = heads * share * (dims + 1);
    return this.linear(
      { channels, name: this.node('Reshape', [mixed, this.ints([0, 0, channels])]) },
      x.channels,
    );
  }

  fusedAttention(x: Value, heads: number, dims: number): Value {
    const packed = this.linear(x, 3 * heads * dims);
    const apart = this.node('Reshape', [packed.name, this.ints([0, 0, 3, heads, dims])]);
    const turned = this.node('Transpose', [apart], { perm: [2, 0, 3, 1, 4] });
    const [q, k, v] = [0, 1, 2].map((i) =>
      this.node('Gather', [turned, this.ints([i], [])], { axis: 0 }),
    ) as [string, string, string];
    const scores = this.node('MatMul', [q, this.node('Transpose', [k], { perm: [0, 1, 3, 2] })]);
    const mixed = this.node('MatMul', [this.node('Softmax', [scores], { axis: -1 }), v]);
    const back = this.node('Transpose', [mixed], { perm: [0, 2, 1, 3] });
    const channels = heads * dims;
    return this.linear(
      { channels, name: this.node('Reshape', [back, this.ints([0, 0, channels])]) },
      x.channels,
    );
  }

  /** x · a + rotate_half(x) · b, over halves of the channels. */
  rotary(x: Value): Value {
    const half = x.channels / 2;
    const part = (from: number, to: number): string =>
      this.node('Slice', [x.name, this.ints([from]), this.ints([to]), this.ints([2])]);
    const rotated = this.node('Concat', [this.node('Neg', [part(half, x.channels)]), part(0, half)], {
      axis: -1,
    });
    const [cos, sin] = [
      this.node('Mul', [x.name, this.scalar(0.8)]),
      this.node('Mul', [rotated, this.scalar(0.6)]),
    ];
    return { ...x, name: this.node('Add', [cos, sin]) };
  }

  recurrent(x: Value, hidden: number, lstm: boolean): Value {
    const gates = lstm ? 4 : 3;
    const turned = this.node('Transpose', [x.name], { perm: [1, 0, 2] });
    const operands = [
      turned,
      this.weight([1, gates * hidden, x.channels]),
      this.weight([1, gates * hidden, hidden]),
      this.weight([1, 2 * gates * hidden]),
    ];
    const states = this.node(lstm ? 'LSTM' : 'GRU', operands, {
      hidden_size: hidden,
      ...(!lstm && { linear_before_reset: 1 }),
    });
    const squeezed = this.node('Squeeze', [states, this.ints([1])]);
    return { channels: hidden, name: this.node('Transpose', [squeezed], { perm: [1, 0, 2] }) };
  }

  /** A position's own vector: a learned row times the position. */
  positions(x: Value): string {
    const length = this.node('Gather', [this.node('Shape', [x.name]), this.ints([1], [])], { axis: 0 });
    const range = this.node('Cast', [this.node('Range', [this.ints([0], []), length, this.ints([1], [])])], {
      to: 1,
    });
    return this.node('Mul', [this.node('Unsqueeze', [range, this.ints([1])]), this.weight([x.channels])]);
  }

  quantised(rows: number, columns: number): string {
    const name = this.fresh('q');
    const data = Int8Array.from({ length: rows * columns }, () => Math.round(100 * this.next()));
    this.initializers.push({ name, dims: [rows, columns], data });
    return this.node('DequantizeLinear', [name, this.scalar(0.01)]);
  }

  node(op: string, inputs: readonly string[], attributes?: Record<string, AttributeSpec>): string {
    const name = this.fresh(op.toLowerCase());
    this.nodes.push({ op, name, inputs, outputs: [name], ...(attributes !== undefined && { attributes }) });
    return name;
  }

  weight(dims: readonly number[]): string {
    const name = this.fresh('w');
    const fan = Math.sqrt(dims.length > 1 ? dims.at(-2)! : 1);
    this.initializers.push(floats(name, dims, () => (1.5 * this.next()) / fan));
    return name;
  }

  scalar(value: number): string {
    const name = this.fresh('c');
    this.initializers.push({ name, dims: [], data: Float32Array.of(value) });
    return name;
  }

  ints(values: readonly number[], dims?: readonly number[]): string {
    const name = this.fresh('i');
    this.initializers.push(integers(name, values, dims ?? [values.length]));
    return name;
  }

  fresh(base: string): string {
    return `${base}_${this.count++}`;
  }
}
