import { isZero, withZero } from '../coupling/axis.js';
import { bounds, type ElementwiseStep } from '../coupling/passage.js';
import type { Call, Rule } from '../coupling/rule.js';

/** Parameters of an activation by name. */
export type ActivationParameters = Readonly<Record<string, number>>;

/** An interval of x. */
export type Interval = readonly [low: number, high: number];

/** y = f(x), element by element, with parameters that are numbers: all that rules have to know of f. */
export interface Activation {
  /** Names and defaults, in the order in which a list of parameters has them. */
  readonly parameters?: ActivationParameters;
  /** f(0) = 0, so that a lane that was removed stays zero behind it. */
  readonly zero: boolean | ((parameters: ActivationParameters) => boolean);
  /**
   * f is one constant at and below `low`, and one at and above `high`; infinite where there is no such number. A layer in front need
   * not be right about values beyond, only about which side they lie on. What comes near a limit without reaching it (Sigmoid,
   * Tanh, Elu, Softplus, Gelu) has no bounds: its slope vanishes nowhere.
   */
  readonly bounds?: (parameters: ActivationParameters) => Interval;
}

const EVERYWHERE: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const above = (low: number): Interval => [low, Number.POSITIVE_INFINITY];
const aboveZeroIf = (flat: boolean): Interval => (flat ? above(0) : EVERYWHERE);

/** max(0, min(1, α x + β)) is 0 on one side and 1 on the other. */
function hardSigmoidBounds(alpha: number, beta: number): Interval {
  if (alpha === 0) return EVERYWHERE;
  const [zero, one] = [-beta / alpha, (1 - beta) / alpha];
  return [Math.min(zero, one), Math.max(zero, one)];
}

/** f with f(0) = 0 and no bounds. */
export const ZERO_AT_ZERO: Activation = { zero: true };
/** f with f(0) ≠ 0 and no bounds. */
export const NOT_ZERO_AT_ZERO: Activation = { zero: false };

/** max(0, x): 0 at and below 0. */
export const RELU: Activation = { zero: true, bounds: () => above(0) };
/** x above 0, α x below: without bounds unless α = 0, when it is ReLU. */
export const LEAKY_RELU: Activation = {
  parameters: { alpha: 0.01 },
  zero: true,
  bounds: ({ alpha }) => aboveZeroIf(alpha === 0),
};
/** x above 0, α (eˣ - 1) below: without bounds unless α = 0, when it is ReLU. */
export const ELU: Activation = {
  parameters: { alpha: 1 },
  zero: true,
  bounds: ({ alpha }) => aboveZeroIf(alpha === 0),
};
/** γ x above 0, γ α (eˣ - 1) below: without bounds unless α = 0. */
export const SELU: Activation = {
  parameters: { alpha: 1.6732632, gamma: 1.050701 },
  zero: true,
  bounds: ({ alpha }) => aboveZeroIf(alpha === 0),
};
/** x where it is greater than α, else 0. */
export const THRESHOLDED_RELU: Activation = {
  parameters: { alpha: 1 },
  zero: true,
  bounds: ({ alpha }) => above(alpha!),
};
/** max(0, min(1, α x + β)): f(0) = β at the defaults, so that zeros do not stay zeros unless β ≤ 0. */
export const HARD_SIGMOID: Activation = {
  parameters: { alpha: 0.2, beta: 0.5 },
  zero: ({ beta }) => beta! <= 0,
  bounds: ({ alpha, beta }) => hardSigmoidBounds(alpha!, beta!),
};
/** x · max(0, min(1, x / 6 + 1 / 2)) is 0 below -3. */
export const HARD_SWISH: Activation = { zero: true, bounds: () => above(-3) };
/** max(min, min(x, max)): zeros stay zeros where 0 lies between the limits. */
export const CLIP: Activation = {
  parameters: { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY },
  zero: ({ min, max }) => min! <= 0 && max! >= 0,
  bounds: ({ min, max }) => [min!, max!],
};

/** What a parameter is, by its name, its place in a list, and its default. */
export type Stated = (name: string, place: number, otherwise: number) => number;

/** An activation's parameters by name, each as the node states it, or its default. */
export const parametersOf = ({ parameters = {} }: Activation, stated: Stated): ActivationParameters =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, otherwise], place) => [name, stated(name, place, otherwise)]),
  );

/** Whether f(0) = 0 with these parameters. */
export const keepsZero = ({ zero }: Activation, parameters: ActivationParameters): boolean =>
  typeof zero === 'boolean' ? zero : zero(parameters);

/**
 * The steps between a layer and what follows the activation: where f is constant, at its bounds; none where it has no
 * bounds.
 */
export const stepsOf = (
  activation: Activation,
  parameters: ActivationParameters,
): readonly ElementwiseStep[] => bounds(...(activation.bounds?.(parameters) ?? EVERYWHERE));

/**
 * The rule of an activation whose parameters are attributes. A row of the registry with it is all that has to be written for a
 * new one: lanes pass, zeros stay where f(0) = 0, and refits of layers in front of it know what its bounds let through.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes. Whether f(0) = 0 decides whether y is zero where a lane was removed.
 */
export const activation = (own: Activation): Rule => ({
  says: 'element by element',
  exact: 'yes',
  axes: (call: Call) => {
    const parameters = parametersOf(own, (name, _, otherwise) => call.attributes.float(name, otherwise));
    const keeps = keepsZero(own, parameters);
    const steps = stepsOf(own, parameters);
    if (steps.length > 0) call.passes({ operand: 0, steps });
    const axes = call.input(0).map((axis) => withZero(axis, keeps && isZero(axis)));
    return [{ axes, dtype: call.optional(0)!.dtype }];
  },
});
