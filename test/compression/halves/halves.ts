import * as v from 'valibot';
import type { Compression, Decision } from '../../../src/compression/compression.js';
import type { Analysis } from '../../../src/coupling/analysis.js';
import type { TensorDocument } from '../../../src/model/document.js';
import type { Edits } from '../../../src/model/edits.js';
import { Names } from '../../../src/model/names.js';

const section = v.object({ tensors: v.array(v.string()) });
type Section = v.InferOutput<typeof section>;

/** Of a weight that is rounded to float16: (2^-11)² / 3 of its variance, as rounding errors are spread evenly. */
const ROUNDING = 2 ** -22 / 3;
const FLOAT = 1;

/** Stores tensors as float16, in half of the bytes; a Cast gives them back as float32 where they are read. */
export const halves: Compression<Section> = {
  name: 'halves',
  async offer({ analysis, own }) {
    const { tensors } = v.parse(section, own);
    const units = tensors.flatMap((name) => storable(analysis, name) ?? []);
    return {
      curves: units.map(({ name }) => ({
        unit: name,
        amounts: [32, 16],
        loss: [0, ROUNDING],
        worth: [ROUNDING],
        nearest: (share) => (share <= 0.75 ? 1 : 0),
      })),
      decide: (choices) =>
        decisionOf(
          analysis,
          units.filter((_, index) => choices[index] === 1).map(({ name }) => name),
        ),
    };
  },
  read: (data) => v.parse(section, data),
  replay: (analysis, { tensors }) => decisionOf(analysis, tensors),
};

/** An initializer of float32 that only nodes of the main graph read. */
function storable({ graph }: Analysis, name: string): TensorDocument | undefined {
  const tensor = graph.initializers.get(name);
  const readers = graph.readersOf(name);
  const isInput = graph.inputs.some((input) => input.name === name);
  return tensor?.dtype === 'float32' && !isInput && readers.every(graph.isMain) ? tensor : undefined;
}

function decisionOf(analysis: Analysis, tensors: readonly string[]): Decision<Section> {
  const { graph } = analysis;
  const names = new Names(graph);
  const retyped: NonNullable<Edits['retyped']>[number][] = [];
  const nodes: Edits['nodes'][number][] = [];
  for (const name of tensors) {
    const { id } = storable(analysis, name)!;
    const stored = names.fresh(name);
    const first = graph.readersOf(name)[0]!;
    retyped.push({ tensor: id, dtype: 'float16', name: stored });
    nodes.push({
      ...{ graph: 0, before: first.id, replaces: false, op: 'Cast', domain: '' },
      ...{ name: names.fresh(`${name}/cast`), inputs: [stored], outputs: [name] },
      attributes: [{ name: 'to', kind: 'int', ints: [FLOAT] }],
    });
  }
  return {
    section: { tensors: [...tensors] },
    dtypes: new Map(retyped.map(({ tensor, dtype }) => [tensor, dtype])),
    edits: { retyped, nodes },
  };
}
