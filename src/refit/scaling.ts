import type { Walk } from '../coupling/walk.js';
import type { ValueSource } from '../execution/activationCache.js';
import type { StagedRun } from '../execution/stagedRun.js';
import { directly, makersOf, together } from '../layers/quantised.js';
import { float32, taken } from '../layers/rows.js';
import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import type { NativeOptions } from '../native/index.js';
import type { Tensor } from '../runtime/runtime.js';
import type { Example } from './examples.js';
import { everyOfGroups, solveGroups, subsampledTensors } from './grouped.js';
import type { PendingUpdates } from './pendingUpdates.js';
import { type PostOps, targetOf } from './target.js';

/**
 * A node that scales and shifts each lane by stored numbers, which nothing else reads: y = scale · f(x) + shift. As any f is
 * followed by them, a lane's least squares need y alone: y ≈ a y + b is scale' = a · scale, shift' = a · shift + b.
 */
export interface Scaling {
  readonly uses: readonly [{ readonly node: Node; readonly data: string; readonly reads: readonly string[] }];
  readonly output: { readonly value: string; readonly axis: number };
  readonly outputs: number;
  readonly scale: TensorDocument;
  /** Without one lanes are scaled alone. */
  readonly shift?: TensorDocument;
}

/** The scalings of the main graph. */
export function scalingsOf(walk: Walk): Scaling[] {
  const { graph, scalings } = walk;
  const makers = makersOf(graph);
  const own = (node: Node, operand: number): TensorDocument | undefined => {
    const found = together(graph, [directly(walk, makers, node, operand)]);
    if (found === undefined || found.quantised !== undefined) return undefined;
    return graph.isNamed(found.tensor.id) && found.tensor.dims.length === 1 ? found.tensor : undefined;
  };
  return scalings.flatMap(({ node, output, scale: by, shift: and }): Scaling[] => {
    if (!graph.isMain(node)) return [];
    const [scale, shift] = [own(node, by), and === undefined ? undefined : own(node, and)];
    if (scale === undefined || (and !== undefined && shift?.dims[0] !== scale.dims[0])) return [];
    const uses = [{ node, data: node.inputs[0]!, reads: node.inputs }] as const;
    return [{ uses, output, outputs: scale.dims[0]!, scale, ...(shift && { shift }) }];
  });
}

/** What the refit of a scaling is computed from. */
interface ScalingInputs {
  readonly updates: PendingUpdates;
  readonly original: ValueSource;
  readonly pruned: StagedRun;
  /** Undefined where the residual branch is not computed before this point of the schedule. */
  readonly after: PostOps | undefined;
  readonly batches: number;
  readonly options: NativeOptions;
}

/** One batch in this many is held out to choose the damping. */
const HELD_OUT = 4;

/** Gives each lane the scale and shift under which it is nearest to the original's, by least squares. */
export async function refitScaling(
  scaling: Scaling,
  { updates, original, pruned, after, batches, options }: ScalingInputs,
): Promise<void> {
  const { output, scale, shift, uses } = scaling;
  const { value, axis } = output;
  const kept = updates.keptOf(scale, 0);
  const stream = after?.residualBranch === undefined ? [] : [after.residualBranch];
  const then: ReadonlyMap<string, Tensor>[] = [];
  const names = [value, ...stream];
  await original.to(names, async (batch, tensors) => {
    then[batch] = new Map(names.map((name) => [name, tensors.get(name)!]));
  });
  const streams: (Tensor | undefined)[] = [];
  await pruned.to([uses[0].data, ...stream], async (batch, tensors) => {
    if (after?.residualBranch !== undefined) streams[batch] = tensors.get(after.residualBranch);
  });
  const examples: Example[] = [];
  await pruned.peek([value], async (batch, tensors) => {
    const now = new Map([[value, tensors.get(value)!]]);
    if (after?.residualBranch !== undefined) now.set(after.residualBranch, streams[batch]!);
    const rows = now.get(value)!.dims.reduce((product, length) => product * length, 1) / kept.length;
    const every = everyOfGroups(kept.length, 1, rows * batches);
    // Lanes on the first axis are left whole.
    const some = (of: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
      axis === 0 ? of : subsampledTensors(of, names, Math.min(every, now.get(value)!.dims[0] ?? 1));
    // The two models have other lengths here, so that their elements do not correspond.
    const before = then[batch]!.get(value)!.dims;
    if (now.get(value)!.dims.some((length, d) => d !== axis && length !== before[d])) return;
    examples.push({
      held: batch % HELD_OUT === HELD_OUT - 1,
      ...exampleOf(output, kept, some(then[batch]!), some(now), after),
    });
  });
  if (examples.length === 0) return;
  const { refit } = await solveGroups(
    {
      ...{ groups: kept.length, inputs: 1, outputs: 1 },
      ...{ weights: new Float32Array(kept.length).fill(1), intercept: shift !== undefined },
    },
    examples,
    options,
  );
  await updates.scale(scale, shift, refit);
}

function exampleOf(
  { value, axis }: Scaling['output'],
  kept: readonly number[],
  then: ReadonlyMap<string, Tensor>,
  now: ReadonlyMap<string, Tensor>,
  after: PostOps | undefined,
): Pick<Example, 'rows' | 'wanted'> {
  const left = (name: string): Float32Array => {
    const own = then.get(name)!;
    return taken(float32(own, name), own.dims, axis, kept);
  };
  const { dims } = now.get(value)!;
  const inner = dims.slice(axis + 1).reduce((product, length) => product * length, 1);
  const batch = dims.slice(0, axis).reduce((product, length) => product * length, 1);
  const one = [1];
  const rows = {
    x: float32(now.get(value)!, value),
    patches: {
      ...{ batch, channels: kept.length, lengths: [inner] },
      ...{ kernel: one, strides: one, dilations: one, pads: [0, 0] },
    },
    rows: batch * inner,
  };
  const y = left(value);
  if (after === undefined) return { rows, wanted: { y } };
  const some = (values: Float64Array): Float64Array => Float64Array.from(kept, (index) => values[index]!);
  const own = { ...after, scale: some(after.scale), shift: some(after.shift) };
  if (after.residualBranch === undefined)
    return { rows, wanted: targetOf(y, own, kept.length, inner, undefined) };
  const streams = {
    original: left(after.residualBranch),
    pruned: float32(now.get(after.residualBranch)!, after.residualBranch),
  };
  // A value that is broadcast over the other is no residual branch.
  const fits = streams.original.length === y.length && streams.pruned.length === y.length;
  return { rows, wanted: fits ? targetOf(y, own, kept.length, inner, streams) : { y } };
}
