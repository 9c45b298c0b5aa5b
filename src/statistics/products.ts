import { EspalierError } from '../base/errors.js';
import type { ActivationProduct, Side } from '../coupling/activationProduct.js';
import type { Walk } from '../coupling/walk.js';
import { type ProbedValue, probe, type Root } from '../execution/probing.js';
import type { Layer } from '../layers/layers.js';
import { makersOf } from '../layers/quantised.js';
import { readersOf } from '../model/readers.js';
import type { NativeOptions } from '../native/index.js';
import type { Feeds, Runtime } from '../runtime/runtime.js';
import type { FactorOfLayer, HeadPairing } from './heads.js';
import { headPairingsOf } from './heads.js';
import type { Models } from './moments.js';
import { type FinalReader, Paths } from './paths.js';

/** A node that multiplies what layers make and sums over dims, and nobody else sees what it multiplies. */
export interface Product {
  readonly pairings: readonly HeadPairing[];
}

/** A layer, and the nodes that its outputs end in. */
interface Ending {
  readonly layer: Layer;
  readonly root: string;
  readonly terminals: readonly FinalReader[];
}

/**
 * Products of what layers make: contractions whose sides are outputs of layers, moved, scaled and shifted at most. Where anything else
 * lies between, or any other node sees the same outputs, there is none.
 */
export async function productsOf(
  { native, computed }: Models,
  walk: Walk,
  layers: readonly Layer[],
  runtime: Runtime,
  feeds: () => Promise<Feeds>,
  options: NativeOptions,
): Promise<Product[]> {
  const endings = endingsOf(walk, layers);
  const open = walk.activationProducts.filter(
    (contraction) => sourcesOf(contraction, layers, endings) !== undefined,
  );
  const roots = [...new Set(open.flatMap((own) => sourcesOf(own, layers, endings)!))].flatMap(
    (source): Root[] => {
      if (source.ending === undefined) return [];
      const { layer, root, terminals } = source.ending;
      const seen = [...new Set(terminals.map(({ value }) => value))];
      return [{ value: root, axis: layer.uses[0]!.output!.axis, outputs: layer.outputs, seen }];
    },
  );
  const once = [...new Map(roots.map((root) => [root.value, root])).values()];
  // Numbers in the place of answers may be what a node does not take: then nothing is known of where they go.
  const probed = async (): Promise<Map<string, ProbedValue>> => {
    if (once.length === 0) return new Map();
    try {
      return await probe(computed, walk, once, runtime, await feeds(), options);
    } catch (problem) {
      if (problem instanceof EspalierError && problem.code === 'RUNTIME_FAILED') return new Map();
      throw problem;
    }
  };
  const seen = await probed();
  return open.flatMap((contraction): Product[] => {
    const sources = sourcesOf(contraction, layers, endings)!;
    const [left, right] = sources.map((source) => shownOf(source, contraction, seen));
    if (left === undefined || right === undefined) return [];
    const pairings = headPairingsOf(contraction, [left, right], walk, native);
    const alone = sources.every(({ ending }) => isAlone(ending, contraction, pairings ?? [], seen));
    return pairings === undefined || pairings.length === 0 || !alone ? [] : [{ pairings }];
  });
}

/** Layers of one use, by their terminals. */
function endingsOf(walk: Walk, layers: readonly Layer[]): Ending[] {
  const paths = new Paths(walk, readersOf(walk.graph), makersOf(walk.graph));
  return layers.flatMap((layer): Ending[] => {
    const [use, ...others] = layer.uses;
    if (use?.output === undefined || use.fused !== undefined || others.length > 0) return [];
    const terminals = paths.from(use.output.value);
    return terminals === undefined ? [] : [{ layer, root: use.output.value, terminals }];
  });
}

/** Where a side comes from: a layer whose outputs end in it, or one that the node is itself. */
interface FactorSource {
  readonly side: Side;
  readonly layer: Layer;
  readonly ending?: Ending;
}

function sourcesOf(
  { node, sides }: ActivationProduct,
  layers: readonly Layer[],
  endings: readonly Ending[],
): readonly FactorSource[] | undefined {
  const found = sides.map((side): FactorSource | undefined => {
    if (side.value === undefined) {
      const layer = layers.find(({ uses }) => uses.length === 1 && uses[0]!.node === node);
      return layer && { side, layer };
    }
    const ending = endings.find(({ terminals }) =>
      terminals.some((own) => own.node === node && own.operand === side.operand),
    );
    return ending && { side, layer: ending.layer, ending };
  });
  return found.includes(undefined) ? undefined : (found as FactorSource[]);
}

function shownOf(
  { side, layer }: FactorSource,
  { lengths, sides }: ActivationProduct,
  seen: ReadonlyMap<string, ProbedValue>,
): FactorOfLayer | undefined {
  if (side.value !== undefined) {
    const own = seen.get(side.value);
    return own && { layer, side, seen: own };
  }
  // The outputs of the node's own weight lie one behind the other.
  const [first, second] = sides.map(({ from }) => from).sort((a, b) => a - b);
  const size = second! - first!;
  if (lengths.size === 0 || side.from + size > layer.outputs) return undefined;
  return {
    ...{ layer, side },
    seen: {
      dims: [size],
      output: Int32Array.from({ length: size }, (_, place) => side.from + place),
      scale: new Float32Array(size).fill(1),
      shift: new Float32Array(size),
    },
  };
}

/** Nothing but the contraction sees the outputs of its heads. */
function isAlone(
  ending: Ending | undefined,
  { node, sides }: ActivationProduct,
  pairings: readonly HeadPairing[],
  seen: ReadonlyMap<string, ProbedValue>,
): boolean {
  if (ending === undefined) return true;
  const heads = pairings.flatMap(({ left, right }) => [...left, ...right]);
  const own = new Set(heads.flatMap(({ layer, outputs }) => (layer === ending.layer ? outputs : [])));
  return ending.terminals.every((terminal) => {
    if (terminal.node === node && sides.some(({ operand }) => operand === terminal.operand)) return true;
    const other = seen.get(terminal.value);
    return other?.output.every((output) => !own.has(output)) ?? false;
  });
}
