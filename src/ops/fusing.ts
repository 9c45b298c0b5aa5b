import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, withZero } from '../coupling/axis.js';
import type { ElementwiseStep, Fusing } from '../coupling/passage.js';
import type { Call } from '../coupling/rule.js';
import * as activations from './activations.js';
import { keepsZero, NOT_ZERO_AT_ZERO, parametersOf, stepsOf, ZERO_AT_ZERO } from './activations.js';

/** Activations that onnxruntime fuses, by what the attribute `activation` calls them. */
const FUSED: Readonly<Record<string, activations.Activation>> = {
  Relu: activations.RELU,
  RELU: activations.RELU,
  LeakyRelu: activations.LEAKY_RELU,
  Elu: activations.ELU,
  Selu: activations.SELU,
  ThresholdedRelu: activations.THRESHOLDED_RELU,
  HardSigmoid: activations.HARD_SIGMOID,
  HardSwish: activations.HARD_SWISH,
  Clip: activations.CLIP,
  Tanh: ZERO_AT_ZERO,
  Softsign: ZERO_AT_ZERO,
  ScaledTanh: ZERO_AT_ZERO,
  Gelu: ZERO_AT_ZERO,
  GELU: ZERO_AT_ZERO,
  Sigmoid: NOT_ZERO_AT_ZERO,
};

/** The activation that a node ends in, and its parameters: FusedConv has them in a list, FusedGemm and FusedMatMulActivation by name. */
function fusedActivation({
  attributes,
}: Call):
  | { readonly activation: activations.Activation; readonly parameters: activations.ActivationParameters }
  | undefined {
  const name = attributes.string('activation', '');
  if (name === '') return undefined;
  // An activation that is not listed may do anything to zeros, and may have no bounds.
  const activation = FUSED[name] ?? NOT_ZERO_AT_ZERO;
  const listed = attributes.floats('activation_params');
  const parameters = parametersOf(
    activation,
    (own, place, otherwise) => listed?.[place] ?? attributes.float(`activation_${own}`, otherwise),
  );
  return { activation, parameters };
}

/** The axes behind the activation: zeros stay where it gives 0 at 0. */
export function activated(call: Call, axes: Axes): Axis[] {
  const fused = fusedActivation(call);
  const keeps = fused === undefined || keepsZero(fused.activation, fused.parameters);
  return axes.map((axis) => withZero(axis, keeps && isZero(axis)));
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
  steps: readonly ElementwiseStep[],
  { op, domain, operands }: { readonly op: string; readonly domain: string; readonly operands: number },
  without: readonly string[] = [],
): Fusing | undefined {
  const fused = fusedActivation(call);
  if (steps.length === 0 && fused === undefined) return undefined;
  return {
    steps: [...steps, ...(fused === undefined ? [] : stepsOf(fused.activation, fused.parameters))],
    alone: { op, domain, operands, without: [...ACTIVATION, ...without] },
  };
}
