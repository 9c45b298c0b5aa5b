import { expect, test } from 'vitest';
import { EspalierError, openModel, operators } from '../../src/index.js';
import type { NodeSpec, TensorSpec, ValueSpec } from '../support/onnx.js';
import { encodeModel, floats, integers } from '../support/onnx.js';

const RANKS = [0, 1, 2, 3, 4, 6];
const COUNTS = [0, 1, 2, 3, 4, 6, 9];

/** What every operand of a node is: of each rank there is one of every kind. */
const KINDS = ['weights', 'data', 'lengths', 'unlike'] as const;

const dims = (rank: number): number[] => Array.from({ length: rank }, (_, d) => [2, 4, 1, 3, 1, 2][d]!);
const count = (rank: number): number => dims(rank).reduce((a, b) => a * b, 1);

const initializers: readonly TensorSpec[] = RANKS.flatMap((rank) => [
  floats(`weights${rank}`, dims(rank), () => 0.5),
  integers(
    `lengths${rank}`,
    Array.from({ length: count(rank) }, (_, i) => (i % 3) - 1),
    dims(rank),
  ),
]);
const inputs: readonly ValueSpec[] = RANKS.map((rank) => ({ name: `data${rank}`, shape: dims(rank) }));

const operand = (kind: (typeof KINDS)[number], rank: number, i: number): string =>
  kind === 'unlike'
    ? `${['weights', 'data', 'lengths'][i % 3]}${RANKS[(RANKS.indexOf(rank) + i) % RANKS.length]}`
    : `${kind}${rank}`;

/** Every operator that is known, each once, over operands of this kind. */
function everyOperator(kind: (typeof KINDS)[number], rank: number, operands: number): NodeSpec[] {
  const names = new Set(operators().map(({ domain, op }) => `${domain}:${op}`));
  return [...names].map((name, n) => {
    const [domain, op] = name.split(':') as [string, string];
    return {
      op,
      domain,
      inputs: Array.from({ length: operands }, (_, i) => operand(kind, rank, i)),
      outputs: Array.from({ length: 1 + (n % 3) }, (_, i) => `y${n}.${i}`),
    };
  });
}

/** What does not end well: in a model of its own, so that one fault hides no other. */
async function faultsOf(nodes: readonly NodeSpec[], opset: number): Promise<string[]> {
  const outputs = nodes.slice(0, 1).map((node) => ({ name: node.outputs[0]!, shape: [] }));
  try {
    using model = await openModel(encodeModel({ opset, nodes, initializers, inputs, outputs }));
    model.inspect();
    return [];
  } catch (problem) {
    if (problem instanceof EspalierError && problem.code !== 'INTERNAL') return [];
    if (nodes.length === 1) return [`${nodes[0]!.op}(${nodes[0]!.inputs}): ${(problem as Error).stack}`];
    const half = Math.ceil(nodes.length / 2);
    return [...(await faultsOf(nodes.slice(0, half), opset)), ...(await faultsOf(nodes.slice(half), opset))];
  }
}

test.each([1, 12, 21])('every operator over operands of any number and rank, opset %i', async (opset) => {
  for (const kind of KINDS)
    for (const rank of RANKS)
      for (const operands of COUNTS) {
        const nodes = everyOperator(kind, rank, operands);
        expect(nodes.length).toBeGreaterThan(200);
        expect(await faultsOf(nodes, opset)).toEqual([]);
      }
});
