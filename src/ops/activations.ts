import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, withZero } from '../coupling/axis.js';
import { bounds, type Fusing, type Step } from '../coupling/passage.js';
import type { Call } from '../coupling/rule.js';
import { hardSigmoidBounds } from './elementwise.js';

/** Activations that onnxruntime fuses, and that give 0 at 0. Those that are not listed do not, or depend on parameters. */
const ZERO_AT_ZERO: ReadonlySet<string> = new Set([
  'Relu',
  'LeakyRelu',
  'Tanh',
  'Elu',
  'Selu',
  'Softsign',
  'ScaledTanh',
  'ThresholdedRelu',
  'HardSwish',
  'Gelu',
  'RELU',
  'GELU',
]);

/** What the attribute `activation` leaves of the zeros. */
export function activated(call: Call, axes: Axes): Axis[] {
  const activation = call.attributes.string('activation', '');
  const keepsZero = activation === '' || ZERO_AT_ZERO.has(activation);
  return axes.map((axis) => withZero(axis, keepsZero && isZero(axis)));
}

/**
 * What the attribute `activation` makes the same of all values beyond a bound. FusedConv has its parameters in a list, FusedGemm and
 * FusedMatMulActivation each by name.
 */
export function activationSteps(call: Call): readonly Step[] {
  const { attributes } = call;
  const listed = attributes.floats('activation_params');
  const parameter = (place: number, name: string, otherwise: number): number =>
    listed?.[place] ?? attributes.float(`activation_${name}`, otherwise);
  const open = Number.POSITIVE_INFINITY;
  switch (attributes.string('activation', '')) {
    case 'Relu':
    case 'RELU':
      return bounds(0, open);
    case 'Clip':
      return bounds(parameter(0, 'min', -open), parameter(1, 'max', open));
    case 'HardSigmoid':
      return hardSigmoidBounds(parameter(0, 'alpha', 0.2), parameter(1, 'beta', 0.5));
    case 'HardSwish':
      return bounds(-3, open);
    case 'ThresholdedRelu':
      return bounds(parameter(0, 'alpha', 1), open);
    default:
      return [];
  }
}

/** The attributes that say what follows a product in the same node. */
const ACTIVATION: readonly string[] = [
  'activation',
  'activation_params',
  'activation_alpha',
  'activation_beta',
  'activation_gamma',
  'activation_axis',
];

/** What follows W x + b in a node that ends in an activation. `alone`: the operator that does not. */
export function fusing(
  call: Call,
  steps: readonly Step[],
  { op, domain, operands }: { readonly op: string; readonly domain: string; readonly operands: number },
  without: readonly string[] = [],
): Fusing | undefined {
  const isActivated = call.attributes.string('activation', '') !== '';
  if (steps.length === 0 && !isActivated) return undefined;
  return {
    steps: [...steps, ...activationSteps(call)],
    alone: { op, domain, operands, without: [...ACTIVATION, ...without] },
  };
}
