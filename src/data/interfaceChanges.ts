import type { Feeds, Session, Tensor } from '../runtime/runtime.js';

/** An axis of an input or output that shrank: its length in the original, and the indices that stay, ascending. */
export interface AxisChange {
  readonly length: number;
  readonly kept: readonly number[];
}

/** What shrank, by name and axis. */
export type Changes = Readonly<Record<string, Readonly<Record<string, AxisChange>>>>;

/** Inputs and outputs of a pruned model that are shorter than the original's. */
export interface InterfaceChanges {
  readonly inputs: Changes;
  readonly outputs: Changes;
}

/** Where a pruned model's metadata say what of its interface changed. */
export const INTERFACE_KEY = 'espalier.interface';

/** What metadata say; undefined where they say nothing, or nothing that can be read. */
export function readChanges(text: string | undefined): InterfaceChanges | undefined {
  if (text === undefined) return undefined;
  try {
    const { inputs, outputs } = JSON.parse(text) as InterfaceChanges;
    return areChanges(inputs) && areChanges(outputs) ? { inputs, outputs } : undefined;
  } catch {
    return undefined;
  }
}

const areChanges = (changes: unknown): changes is Changes =>
  isRecord(changes) &&
  Object.values(changes).every(
    (axes) =>
      isRecord(axes) &&
      Object.entries(axes).every(([axis, change]) => /^\d+$/.test(axis) && isChange(change)),
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isChange(change: unknown): change is AxisChange {
  if (!isRecord(change) || !Array.isArray(change.kept) || !Number.isSafeInteger(change.length)) return false;
  const kept: readonly unknown[] = change.kept;
  return kept.every(
    (index, i) =>
      Number.isSafeInteger(index) &&
      (index as number) > (i === 0 ? -1 : (kept[i - 1] as number)) &&
      (index as number) < (change.length as number),
  );
}

/** What changed earlier beside what changes later; of one axis, what changes later. */
export function together(earlier: InterfaceChanges, later: InterfaceChanges): InterfaceChanges {
  const both = (a: Changes, b: Changes): Changes =>
    Object.fromEntries(
      [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, { ...a[name], ...b[name] }]),
    );
  return { inputs: both(earlier.inputs, later.inputs), outputs: both(earlier.outputs, later.outputs) };
}

/** Tensors by name, each with the indices that stay. What does not have the original's lengths is left as it is. */
export const cutTensors = (
  tensors: Readonly<Record<string, Tensor>>,
  changes: Changes,
): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      Object.hasOwn(changes, name) ? cutTensor(tensor, changes[name]!) : tensor,
    ]),
  );

/** A tensor with the indices that stay. */
export function cutTensor(tensor: Tensor, axes: Changes[string]): Tensor {
  let cut = tensor;
  for (const [axis, { length, kept }] of Object.entries(axes))
    if (cut.dims[Number(axis)] === length) cut = selected(cut, Number(axis), kept);
  return cut;
}

function selected({ type, data, dims }: Tensor, axis: number, kept: readonly number[]): Tensor {
  const product = (lengths: readonly number[]): number => lengths.reduce((all, length) => all * length, 1);
  const [length, inner] = [dims[axis]!, product(dims.slice(axis + 1))];
  const outer = product(dims.slice(0, axis));
  const size = outer * kept.length * inner;
  const target: { [index: number]: unknown } = ArrayBuffer.isView(data)
    ? new (data.constructor as new (size: number) => typeof data)(size)
    : new Array<string>(size);
  let at = 0;
  for (let o = 0; o < outer; o++)
    for (const index of kept)
      for (let from = (o * length + index) * inner, end = from + inner; from < end; from++)
        target[at++] = data[from];
  return { type, data: target as unknown as Tensor['data'], dims: dims.with(axis, kept.length) };
}

/** A pruned model that is given what its original is given: inputs are cut before they are handed over. */
export const takingWhole = (session: Session, { inputs }: InterfaceChanges): Session => ({
  inputs: session.inputs,
  outputs: session.outputs,
  run: (feeds: Feeds, options) => session.run(cutTensors(feeds, inputs), options),
  dispose: () => session.dispose(),
});

/** An original that answers what its pruned model does: outputs are cut before they are compared. */
export const answeringKept = (session: Session, { outputs }: InterfaceChanges): Session => ({
  inputs: session.inputs,
  outputs: session.outputs,
  run: async (feeds, options) => {
    const result = await session.run(feeds, options);
    return { ...result, outputs: cutTensors(result.outputs, outputs) };
  },
  dispose: () => session.dispose(),
});

/** What shrank, in words: `h: 48 of 64 on axis 2`. */
export const changeTexts = (changes: Changes): readonly string[] =>
  Object.entries(changes).map(([name, axes]) => {
    const each = Object.entries(axes).map(
      ([axis, { length, kept }]) => `${kept.length} of ${length} on axis ${axis}`,
    );
    return `${name}: ${each.join(', ')}`;
  });
