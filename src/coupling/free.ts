import type { ValueDocument } from '../model/document.js';
import type { Graph } from '../model/graph.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { Axis } from './axis.js';
import { isLabelled, plain } from './axis.js';
import type { Lanes } from './lanes.js';

/** An axis of an input or output of the model that may shrink: one label for each index. */
export interface FreeAxis {
  readonly kind: 'input' | 'output';
  readonly name: string;
  readonly axis: number;
  readonly labels: Int32Array;
}

type Tensors = ReadonlyMap<string, AbstractTensor>;
type IsFree = (name: string) => boolean;

/** Whether zeros of the value mean that nothing is there, as they do for floats and not for ids or masks. */
const isFloat = (value: ValueDocument): boolean => value.dtype?.includes('float') === true;

/** The axes of an input that may shrink: lanes are born at those whose length is stated. Integers are no channels and stay whole. */
export function bornFree(
  lanes: Lanes,
  value: ValueDocument,
  { axes, ...rest }: AbstractTensor,
): AbstractTensor {
  if (axes === undefined || !isFloat(value)) return { axes, ...rest };
  return { ...rest, axes: axes.map(({ length }) => lanes.given(length)) };
}

/**
 * A state that goes in and comes out again must lose the same lanes in both, though often no node says so. Its two ends are found by
 * their names (`past_key_values.0.key` and `present.0.key`, `h_in` and `h_out`); what has no such partner, and shares its lanes with
 * none in the graph, is tied to all free outputs of its shape, since any of them may be it.
 */
export function tieStates({ inputs, outputs }: Graph, tensors: Tensors, lanes: Lanes, isFree: IsFree): void {
  const states = outputs.filter((output) => output.dtype === null || isFloat(output));
  for (const input of inputs) {
    if (!isFloat(input)) continue;
    const alike = states.filter((output) => areAlike(tensors.get(input.name), tensors.get(output.name)));
    const named = alike.filter((output) => isSameState(input.name, output.name));
    for (const output of named)
      if (isFree(input.name) || isFree(output.name)) tie(input.name, output.name, tensors, lanes, isFree);
    if (named.length > 0 || !isFree(input.name)) continue;
    const free = alike.filter(
      ({ name }) => isFree(name) && !inputs.some((own) => isSameState(own.name, name)),
    );
    const same = free.filter(({ name }) => shapeOf(tensors.get(name)) === shapeOf(tensors.get(input.name)));
    if (same.some(({ name }) => shareLanes(tensors.get(input.name), tensors.get(name), lanes))) continue;
    for (const output of same) tie(input.name, output.name, tensors, lanes, isFree);
  }
}

/** Which axes of inputs and outputs may shrink, by all that was stated. */
export function freeAxes(
  { inputs, outputs }: Graph,
  tensors: Tensors,
  lanes: Lanes,
  isFree: IsFree,
): FreeAxis[] {
  const of = (kind: FreeAxis['kind'], values: readonly ValueDocument[]): FreeAxis[] =>
    values.flatMap(({ name }) => {
      if (!isFree(name)) return [];
      return (tensors.get(name)?.axes ?? []).flatMap((axis, index): FreeAxis[] => {
        if (!isLabelled(axis)) return [];
        if (typeof axis.length === 'number')
          return [{ kind, name, axis: index, labels: lanes.labelsOf(axis) }];
        lanes.freeze(axis, 'graph-output', `the model's ${kind} "${name}" shows it beside an open length`);
        return [];
      });
    });
  return [...of('input', inputs), ...of('output', outputs)];
}

function tie(input: string, output: string, tensors: Tensors, lanes: Lanes, isFree: IsFree): void {
  const [from, to] = [tensors.get(input)!.axes!, tensors.get(output)!.axes!];
  const missing = [input, output].find((name) => !isFree(name));
  const text =
    missing === undefined
      ? `a state that goes in as "${input}" and comes out as "${output}" has another length there`
      : `goes in as "${input}" and comes out as "${output}", and "${missing}" is not free`;
  for (const [index, a] of from.entries()) {
    const b = to[index]!;
    const fits = isFixed(a) && a.length === b.length && isLabelled(a) && isLabelled(b);
    if (fits && missing === undefined) lanes.unify([a, b]);
    else for (const axis of [a, b]) lanes.freeze(axis, 'graph-output', text);
  }
}

const isFixed = ({ length }: Axis): boolean => typeof length === 'number' && length > 1;

/** Whether two values could be the two ends of a state: they have equally many axes, and a fixed length in common. */
const areAlike = (a: AbstractTensor | undefined, b: AbstractTensor | undefined): boolean =>
  a?.axes !== undefined &&
  a.axes.length === b?.axes?.length &&
  a.axes.some((axis, index) => isFixed(axis) && axis.length === b.axes![index]!.length);

const shapeOf = (tensor: AbstractTensor | undefined): string =>
  (tensor?.axes ?? []).map(({ length }) => (typeof length === 'number' ? length : '?')).join();

/** Each fixed axis has the same lanes in both, by what nodes have stated. */
function shareLanes(a: AbstractTensor | undefined, b: AbstractTensor | undefined, lanes: Lanes): boolean {
  const lanesOf = (axis: Axis): string =>
    Array.from(lanes.labelsOf(axis), (label) => lanes.equations.atoms(label).join('·')).join();
  return (a?.axes ?? []).every((axis, index) => {
    const other = b?.axes?.[index] ?? plain(1);
    return !isFixed(axis) || lanesOf(axis) === lanesOf(other);
  });
}

/** Words that say which end of a state a name is. */
const ENDS = new Set(
  'in out input output past present prev previous next new old cur current init initial updated n'.split(' '),
);

/** Whether two names are those of one state, but for the words that say which end it is. */
const isSameState = (input: string, output: string): boolean =>
  stateName(input) !== '' && stateName(input) === stateName(output);

function stateName(name: string): string {
  const words = name
    .replace(/(past|present)_?(key_?values?|kv)/gi, '$1')
    .split(/[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])/)
    .map((word) => word.toLowerCase().replace(/^([a-hj-z])[0n]$/, '$1'));
  return words.filter((word) => word !== '' && !ENDS.has(word)).join('.');
}
