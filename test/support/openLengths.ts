import type { ModelSpec, NodeSpec } from './onnx.js';
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

/** A front, two convolutions with a residual between, and a third: [1 4 t] -> [1 2 any]. */
export function openLengthNet(kind: string, seed = 1): ModelSpec {
  const next = random(seed);
  const { nodes, channels = 4 } = FRONTS[kind]!;
  const conv = (input: string, name: string): NodeSpec =>
    node('Conv', [input, `w_${name}`, `b_${name}`], name, { pads: [1, 1] });
  const weights = (name: string, out: number, from: number) => [
    floats(`w_${name}`, [out, from, 3], next),
    floats(`b_${name}`, [out], next),
  ];
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
      conv('front', 'a'),
      node('Relu', ['a'], 'a_relu'),
      conv('a_relu', 'c'),
      node('Add', ['c', 'a_relu'], 'both'),
      conv('both', 'y'),
    ],
    inputs: [{ name: 'x', shape: [1, 4, 't'] }],
    outputs: [{ name: 'y', shape: [1, 2, 'any'] }],
    initializers: [
      ...weights('a', 6, channels),
      ...weights('c', 6, 6),
      ...weights('y', 2, 6),
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
