import type { ModelSpec, NodeSpec, TensorSpec } from './onnx.js';
import { floats, integers } from './onnx.js';
import { random } from './random.js';

/** What stands in front of the convolutions: data x [1 4 t] and lengths that data decides, to data [1 4 any]. */
interface Front {
  readonly nodes: readonly NodeSpec[];
  /** Its outcome is integers, or has other channels than four. */
  readonly channels?: number;
}

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: NodeSpec['attributes'] = {},
): NodeSpec => ({ op, name: output, inputs, outputs: [output], attributes });

/** The last of three lengths is `last`, of shape [1]. */
const shape = (last: string): NodeSpec => node('Concat', ['one_four', last], 'shape', { axis: 0 });
const zeroPads = (last: string): NodeSpec => node('Concat', ['five_zeros', last], 'pads', { axis: 0 });

/**
 * Every way to a length that data decides; `count` is such a number, () and [1] as `counts`, from 1 to some dozens; `few`
 * is one from 1 to 3.
 */
export const FRONTS: Readonly<Record<string, Front>> = {
  'Range up to it': {
    nodes: [
      node('Range', ['zero', 'count', 'step'], 'range'),
      node('Unsqueeze', ['range', 'two_axes'], 'row'),
      node('Cast', ['row'], 'floats', { to: 1 }),
      node('Mul', ['floats', 'column'], 'front'),
    ],
  },
  'Range of floats, by a step': {
    nodes: [
      node('Range', ['zero_float', 'real', 'step_float'], 'range'),
      node('Unsqueeze', ['range', 'two_axes'], 'row'),
      node('Mul', ['row', 'column'], 'front'),
    ],
  },
  'Range backwards, by a step': {
    nodes: [
      node('Range', ['count', 'zero', 'back_step'], 'range'),
      node('Unsqueeze', ['range', 'two_axes'], 'row'),
      node('Cast', ['row'], 'floats', { to: 1 }),
      node('Mul', ['floats', 'column'], 'front'),
    ],
  },
  'Tile as often': {
    nodes: [node('Concat', ['ones', 'fews'], 'times', { axis: 0 }), node('Tile', ['x', 'times'], 'front')],
  },
  'Tile over lanes': {
    nodes: [
      node('Mul', ['x', 'column'], 'scaled'),
      node('Concat', ['ones', 'fews'], 'times', { axis: 0 }),
      node('Tile', ['scaled', 'times'], 'front'),
    ],
  },
  'Expand to it': {
    nodes: [
      node('ReduceMean', ['x'], 'mean', { axes: [2] }),
      shape('counts'),
      node('Expand', ['mean', 'shape'], 'front'),
    ],
  },
  'Expand lanes to lengths that data decides all': {
    nodes: [
      node('ReduceMean', ['x'], 'mean', { axes: [2] }),
      node('Mul', ['mean', 'column'], 'scaled'),
      // As a comparison with -1 spells broadcasting: every length is chosen by data.
      shape('counts'),
      node('Greater', ['counts', 'zeros'], 'any'),
      node('Where', ['any', 'shape', 'three_ones'], 'chosen'),
      node('Expand', ['scaled', 'chosen'], 'front'),
    ],
  },
  'ConstantOfShape of it': {
    nodes: [
      shape('counts'),
      node('ConstantOfShape', ['shape'], 'constant', { value: floats('value', [1], () => 1) }),
      node('Mul', ['constant', 'column'], 'front'),
    ],
  },
  'Reshape to a -1 that data computes': {
    nodes: [
      node('Div', ['counts', 'counts'], 'unit'),
      node('Mul', ['unit', 'minus'], 'rest'),
      shape('rest'),
      node('Reshape', ['x', 'shape'], 'front'),
    ],
  },
  'Reshape to a length that data chooses': {
    nodes: [
      node('Less', ['counts', 'zeros'], 'never'),
      node('Where', ['never', 'counts', 'minus'], 'rest'),
      shape('rest'),
      node('Reshape', ['x', 'shape'], 'front'),
    ],
  },
  'Reshape of lanes made as long as data says': {
    nodes: [
      node('ReduceMean', ['x'], 'mean', { axes: [2] }),
      node('Concat', ['counts', 'one', 'one'], 'longer', { axis: 0 }),
      node('Transpose', ['mean'], 'turned', { perm: [0, 2, 1] }),
      node('Expand', ['turned', 'longer'], 'expanded'),
      node('MatMul', ['expanded', 'square'], 'mixed'),
      node('Concat', ['one', 'counts', 'four'], 'target', { axis: 0 }),
      node('Reshape', ['mixed', 'target'], 'steps'),
      node('Transpose', ['steps'], 'front', { perm: [0, 2, 1] }),
    ],
  },
  'Slice up to it': { nodes: [node('Slice', ['x', 'zeros', 'fews', 'last_axis'], 'front')] },
  'Slice from it, counted from the back': {
    nodes: [
      node('Mul', ['fews', 'minus'], 'back'),
      node('Slice', ['x', 'back', 'most', 'last_axis'], 'front'),
    ],
  },
  'Slice along an axis that data computes': {
    nodes: [
      node('Less', ['few', 'zero'], 'never'),
      node('Cast', ['never'], 'nothing', { to: 7 }),
      node('Add', ['nothing', 'last_axis'], 'axis'),
      node('Slice', ['x', 'zeros', 'fews', 'axis'], 'front'),
    ],
  },
  'Slice by a step that data decides': {
    nodes: [node('Slice', ['x', 'zeros', 'most', 'last_axis', 'fews'], 'front')],
  },
  'Pad by it': { nodes: [zeroPads('counts'), node('Pad', ['x', 'pads'], 'front')] },
  'Pad lanes by it, before and behind': {
    nodes: [
      node('Mul', ['x', 'column'], 'scaled'),
      node('Concat', ['zeros', 'zeros', 'fews', 'zeros', 'zeros', 'counts'], 'pads', { axis: 0 }),
      node('Pad', ['scaled', 'pads'], 'front'),
    ],
  },
  'Resize to it': {
    nodes: [shape('counts'), node('Resize', ['x', '', '', 'shape'], 'front', { mode: 'nearest' })],
  },
  'Resize by scales that data decides': {
    nodes: [
      node('Cast', ['fews'], 'factor', { to: 1 }),
      node('Concat', ['float_ones', 'factor'], 'scales', { axis: 0 }),
      node('Mul', ['x', 'column'], 'scaled'),
      node('Resize', ['scaled', '', 'scales'], 'front', { mode: 'nearest' }),
    ],
  },
  'NonZero of data': {
    channels: 2,
    nodes: [
      node('Reshape', ['x', 'four_rest'], 'flat'),
      node('NonZero', ['flat'], 'places'),
      node('Unsqueeze', ['places', 'zeros'], 'batch'),
      node('Cast', ['batch'], 'front', { to: 1 }),
    ],
  },
  'Split where data says': {
    nodes: [
      node('Concat', ['x', 'x'], 'twice', { axis: 2 }),
      node('Shape', ['twice'], 'lengths'),
      node('Gather', ['lengths', 'last_axis'], 'length'),
      node('Sub', ['length', 'fews'], 'others'),
      node('Concat', ['fews', 'others'], 'parts', { axis: 0 }),
      {
        op: 'Split',
        name: 'split',
        inputs: ['twice', 'parts'],
        outputs: ['rest', 'front'],
        attributes: { axis: 2 },
      },
    ],
  },
  'TopK of it': {
    nodes: [
      {
        op: 'TopK',
        name: 'top',
        inputs: ['x', 'fews'],
        outputs: ['front', 'where'],
        attributes: { axis: 2 },
      },
    ],
  },
  'CumSum along an axis that data computes': {
    nodes: [
      node('Less', ['few', 'zero'], 'never'),
      node('Cast', ['never'], 'nothing', { to: 7 }),
      node('Add', ['nothing', 'step'], 'axis'),
      node('CumSum', ['x', 'axis'], 'front'),
    ],
  },
  'ReduceSum over an axis that data computes': {
    nodes: [
      node('Less', ['fews', 'zeros'], 'never'),
      node('Cast', ['never'], 'nothing', { to: 7 }),
      node('Add', ['nothing', 'last_axis'], 'axis'),
      node('ReduceSum', ['x', 'axis'], 'front'),
    ],
  },
};

type Kind = (typeof OPEN_KINDS)[number];

/** Steps over [1 c any], behind a front. */
export const OPEN_KINDS = [
  'conv',
  'relu',
  'norm',
  'residual',
  'joined',
  'tiled',
  'sliced',
  'padded',
  'repeated',
  'counted',
  'parts',
  'turned',
  'gated',
  'resized',
] as const;

export interface OpenStep {
  readonly kind: Kind;
  /** How wide, where the step makes channels. */
  readonly size: number;
}

/** Grows a net over a length that data decides: what it has come to, and of how many channels. */
class OpenNet {
  readonly nodes: NodeSpec[] = [];
  readonly weights: TensorSpec[] = [];
  #count = 0;

  constructor(
    public value: string,
    public channels: number,
    readonly next: () => number,
  ) {}

  weight(...dims: number[]): string {
    const own = floats(`w${this.#count++}`, dims, this.next);
    this.weights.push(own);
    return own.name;
  }

  add(op: string, inputs: readonly string[], attributes: NodeSpec['attributes'] = {}): string {
    const output = `${op.toLowerCase()}${this.#count++}`;
    this.nodes.push(node(op, inputs, output, attributes));
    return output;
  }

  conv(channels: number): string {
    const operands = [this.value, this.weight(channels, this.channels, 3), this.weight(channels)];
    return this.add('Conv', operands, { pads: [1, 1] });
  }

  step({ kind, size }: OpenStep): void {
    const { value, channels } = this;
    const column = (): string => this.weight(channels, 1);
    const length = (): string => this.add('Gather', [this.add('Shape', [value]), 'last_axis']);
    const steps: Record<Kind, () => string> = {
      conv: () => {
        const made = this.conv(2 + size);
        this.channels = 2 + size;
        return made;
      },
      relu: () => this.add('Relu', [value]),
      norm: () => {
        const [scale, bias, mean] = [0, 1, 2].map(() => this.weight(channels)) as [string, string, string];
        this.weights.push(floats(`variance${scale}`, [channels], () => 0.5 + Math.abs(this.next())));
        return this.add('BatchNormalization', [value, scale, bias, mean, `variance${scale}`]);
      },
      residual: () => this.add('Add', [value, this.conv(channels)]),
      joined: () => {
        const made = this.add('Concat', [value, this.conv(1 + size)], { axis: 1 });
        this.channels += 1 + size;
        return made;
      },
      tiled: () => this.add('Tile', [value, this.add('Concat', ['ones', 'fews'], { axis: 0 })]),
      sliced: () => this.add('Slice', [value, 'zeros', 'fews', 'last_axis']),
      padded: () => this.add('Pad', [value, this.add('Concat', ['five_zeros', 'fews'], { axis: 0 })]),
      repeated: () => {
        const mean = this.add('ReduceMean', [value], { axes: [2] });
        return this.add('Expand', [mean, this.add('Concat', ['ones', 'counts'], { axis: 0 })]);
      },
      counted: () => {
        const last = this.add('Squeeze', [length(), 'zeros']);
        const counted = this.add('Cast', [this.add('Range', ['zero', last, 'step'])], { to: 1 });
        return this.add('Add', [value, this.add('Mul', [counted, column()])]);
      },
      parts: () => {
        const split = this.add('Reshape', [value, this.ints([1, channels, 1, -1])]);
        const moved = this.add('Transpose', [split], { perm: [0, 2, 1, 3] });
        const target = this.add('Concat', [this.ints([1, -1]), length()], { axis: 0 });
        return this.add('Reshape', [moved, target]);
      },
      turned: () => {
        const turned = this.add('Transpose', [value], { perm: [0, 2, 1] });
        const mixed = this.add('MatMul', [turned, this.weight(channels, 2 + size)]);
        const target = this.add('Concat', ['one', length(), this.ints([2 + size])], { axis: 0 });
        this.channels = 2 + size;
        return this.add('Transpose', [this.add('Reshape', [mixed, target])], { perm: [0, 2, 1] });
      },
      gated: () => {
        const mean = this.add('ReduceMean', [value], { axes: [2] });
        return this.add('Mul', [value, this.add('Sigmoid', [this.add('Mul', [mean, column()])])]);
      },
      resized: () => {
        const sizes = this.add('Concat', [this.ints([1, channels]), 'counts'], { axis: 0 });
        return this.add('Resize', [value, '', '', sizes], { mode: 'nearest' });
      },
    };
    this.value = steps[kind]();
  }

  ints(values: readonly number[]): string {
    const own = integers(`i${this.#count++}`, values);
    this.weights.push(own);
    return own.name;
  }
}

const SOME = ['conv', 'relu', 'residual'].map((kind): OpenStep => ({ kind: kind as Kind, size: 4 }));

/** A front, steps behind it, and convolutions whose lanes are free wherever ranks are known: [1 4 t] -> [1 2 any]. */
export function openLengthNet(kind: string, seed = 1, steps: readonly OpenStep[] = []): ModelSpec {
  const next = random(seed);
  const { nodes, channels = 4 } = FRONTS[kind]!;
  const net = new OpenNet('front', channels, next);
  for (const step of [...steps, ...SOME]) net.step(step);
  const last = net.conv(2);
  return {
    opset: 13,
    nodes: [
      node('Abs', ['x'], 'sizes'),
      node('ReduceSum', ['sizes'], 'sum', { keepdims: 0 }),
      node('Add', ['sum', 'one_float'], 'real'),
      node('Cast', ['real'], 'count', { to: 7 }),
      node('Reshape', ['count', 'one'], 'counts'),
      node('Mod', ['count', 'three'], 'below'),
      node('Add', ['below', 'step'], 'few'),
      node('Reshape', ['few', 'one'], 'fews'),
      ...nodes,
      ...net.nodes,
      node('Identity', [last], 'y'),
    ],
    inputs: [{ name: 'x', shape: [1, 4, 't'] }],
    outputs: [{ name: 'y', shape: [1, 2, 'any'] }],
    initializers: [
      ...net.weights,
      floats('column', [4, 1], next),
      floats('square', [4, 4], next),
      floats('one_float', [], () => 1),
      floats('zero_float', [], () => 0),
      floats('step_float', [], () => 0.75),
      floats('float_ones', [2], () => 1),
      integers('zero', [0], []),
      integers('step', [1], []),
      integers('back_step', [-2], []),
      integers('three', [3], []),
      integers('zeros', [0]),
      integers('one', [1]),
      integers('minus', [-1]),
      integers('four', [4]),
      integers('most', [2 ** 63]),
      integers('last_axis', [2]),
      integers('two_axes', [0, 1]),
      integers('ones', [1, 1]),
      integers('three_ones', [1, 1, 1]),
      integers('one_four', [1, 4]),
      integers('four_rest', [4, -1]),
      integers('five_zeros', [0, 0, 0, 0, 0]),
    ],
  };
}
