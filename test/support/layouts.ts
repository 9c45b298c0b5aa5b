import type { Axes, Axis } from '../../src/coupling/axis.js';
import { layout } from '../../src/coupling/layout.js';
import { atomsAlong, type SettledEquations } from '../../src/coupling/settledEquations.js';
import type { NodeSpec, TensorSpec, ValueSpec } from './onnx.js';
import { floats } from './onnx.js';

/** What the factors of layouts are: `a+b*c` has the factors a, b and c. */
export interface Alphabet {
  lengthOf(factor: string): number;
  /** A group of lanes; all others are lengths that no weight gave. */
  hasLanes(factor: string): boolean;
  /** A length that the model leaves open. */
  isOpen(factor: string): boolean;
}

const factorsOf = (token: string): string[][] => token.split('+').map((part) => part.split('*'));

export const lengthOfToken = (token: string, alphabet: Alphabet): number =>
  factorsOf(token)
    .map((factors) => factors.map((own) => alphabet.lengthOf(own)).reduce((x, y) => x * y, 1))
    .reduce((x, y) => x + y, 0);

export const hasLanes = (token: string, alphabet: Alphabet): boolean =>
  factorsOf(token).some((factors) => factors.some((own) => alphabet.hasLanes(own)));

/** What an operand takes in a model. */
export interface Made {
  readonly nodes: NodeSpec[];
  readonly inputs: ValueSpec[];
  readonly initializers: TensorSpec[];
}

/** An operand whose axes have lanes where the layout has groups: data of open lengths times a weight. */
export function operandOf(
  name: string,
  tokens: readonly string[],
  alphabet: Alphabet,
  next: () => number,
): Made {
  const lengths = tokens.map((token) => lengthOfToken(token, alphabet));
  const isLanes = (token: string): boolean => hasLanes(token, alphabet);
  const weight = floats(
    `${name}_w`,
    tokens.map((token, d) => (isLanes(token) ? lengths[d]! : 1)),
    next,
  );
  const shape = tokens.map((token, d) => {
    if (alphabet.isOpen(token)) return `open_${name}_${d}`;
    return isLanes(token) ? 1 : lengths[d]!;
  });
  const data: ValueSpec = { name: `${name}_x`, shape };
  return {
    nodes: [{ op: 'Mul', name: `${name}_mul`, inputs: [data.name, weight.name], outputs: [name] }],
    inputs: [data],
    initializers: [weight],
  };
}

type Place = readonly [group: string, position: number];

/** The groups and their positions that lie at each index of an axis: `a+b` is a0 a1 … b0 b1 …, `h*d` is (h0 d0) (h0 d1) … */
function placesOf(token: string, alphabet: Alphabet): Place[][] {
  return factorsOf(token).flatMap((factors) =>
    factors.reduce<Place[][]>(
      (outer, factor) => {
        const length = alphabet.lengthOf(factor);
        const own = (position: number): Place[] => (alphabet.hasLanes(factor) ? [[factor, position]] : []);
        return outer.flatMap((list) => Array.from({ length }, (_, position) => [...list, ...own(position)]));
      },
      [[]],
    ),
  );
}

/** The layouts found, in the groups expected: each position of a group is one lane, wherever it lies. */
export function namedLayouts(
  expected: readonly (readonly [value: string, layout: string])[],
  { equations, axes }: { readonly equations: SettledEquations; axes(value: string): Axes | undefined },
  alphabet: Alphabet,
): Record<string, string> {
  const groups = new Map<number, string>();
  const laneOf = new Map<string, number>();
  const name = (token: string, axis: Axis): void => {
    if (!hasLanes(token, alphabet) || typeof axis.length !== 'number') return;
    const found = [...atomsAlong(axis, equations)];
    for (const [index, list] of placesOf(token, alphabet).entries()) {
      const atoms = found[index] ?? [];
      if (atoms.length !== list.length) continue;
      for (const [place, [group, position]] of list.entries()) {
        const lane = atoms[place]!;
        const known = laneOf.get(`${group}:${position}`);
        if (known === undefined && !groups.has(lane)) {
          laneOf.set(`${group}:${position}`, lane);
          groups.set(lane, group);
        } else if (known !== lane) groups.set(lane, '!');
      }
    }
  };
  for (const simple of [true, false])
    for (const [value, text] of expected)
      for (const [d, token] of text.split(' ').filter(Boolean).entries()) {
        const axis = axes(value)?.[d];
        if (axis !== undefined && !/[+*]/.test(token) === simple) name(token, axis);
      }
  return Object.fromEntries(
    expected.map(([value]) => {
      const found = axes(value);
      return [
        value,
        found === undefined ? 'unknown' : layout(found, equations, (lane) => groups.get(lane) ?? '!'),
      ];
    }),
  );
}
