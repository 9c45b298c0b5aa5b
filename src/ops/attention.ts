import type { ContractingSide } from '../coupling/activationProduct.js';
import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, lengthOf, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { add, multiply, quotient } from '../model/dim.js';
import { lift, literal } from '../model/values.js';
import { broadcast, neverZero } from './broadcasting.js';

/** Queries, keys or values: [batch rows heads*dims], or [batch heads rows dims]. */
export interface AttentionInput {
  readonly batch: Axis;
  readonly rows: Axis;
  readonly heads: Axis;
  readonly dims: Axis;
}

/** Hidden units seen as heads × dims, the heads outermost. */
export function perHead(call: Call, axis: Axis, heads: number): Pick<AttentionInput, 'heads' | 'dims'> {
  const each = quotient(axis.length, heads);
  if (each === undefined || heads < 1)
    throw new Frozen('mismatch', `its ${axis.length} units do not divide into ${heads} heads`);
  const [outer, dims] = call.lanes.factor(axis, [heads, each]) as [Axis, Axis];
  return { heads: outer, dims };
}

/** [batch heads rows dims] */
export function sideOf4(axes: Axes): AttentionInput {
  const [batch, heads, rows, dims] = axes as readonly [Axis, Axis, Axis, Axis];
  return { batch, heads, rows, dims };
}

/** [batch rows heads*dims] */
export function sideOf3(call: Call, axes: Axes, heads: number): AttentionInput {
  const [batch, rows, hidden] = axes as readonly [Axis, Axis, Axis];
  return { batch, rows, ...perHead(call, hidden, heads) };
}

/** The cache at an operand, [n h p d], if there is one. */
export function cacheAt(call: Call, index: number): Axes | undefined {
  if (call.optional(index) === undefined) return undefined;
  const axes = call.input(index);
  if (axes.length !== 4) throw new Frozen('mismatch', `its operand ${index} has rank ${axes.length}, not 4`);
  return axes;
}

/** Keys or values behind those that a cache holds: one with them in all but their rows. */
export function behindPast(call: Call, cache: Axes | undefined, side: AttentionInput): AttentionInput {
  if (cache === undefined) return side;
  const { lanes } = call;
  const past = sideOf4(cache);
  for (const rows of [past.rows, side.rows]) lanes.freeze(rows, 'operator', 'is a position of a cache');
  const one = (a: Axis, b: Axis): Axis => withZero(lanes.unify([a, b]), isZero(a) && isZero(b));
  return {
    batch: one(side.batch, past.batch),
    heads: one(side.heads, past.heads),
    dims: one(side.dims, past.dims),
    rows: plain(add(past.rows.length, side.rows.length)),
  };
}

/** What attention leaves: lanes of the heads and of the values' dims, zero where the values are. */
export interface Attended {
  readonly batch: Axis;
  readonly rows: Axis;
  readonly columns: Axis;
  readonly heads: Axis;
  readonly dims: Axis;
}

/**
 * softmax(q kᵀ · scale + bias) v, for each head. A head of keys and values owns the query heads that share it.
 *
 *   q [n s g*r d], k [n t g d], v [n t g e], bias [n g*r s t]  ->  [n s g*r e]
 *
 * Keys and values are normalised over, so that their rows stay whole; so do the queries' where order matters. q · k is exact over d where either is zero.
 */
export function attend(
  call: Call,
  query: AttentionInput,
  key: AttentionInput,
  value: AttentionInput,
  options: { readonly scaleStated: boolean; readonly bias?: number },
): Attended {
  const { lanes } = call;
  const batch = lanes.unify([query.batch, key.batch, value.batch]);
  // Masks and lengths of sequences are integers with an entry for each sample. They are no weights and are never cut, so
  // neither is the axis of samples.
  lanes.freeze(batch, 'operator', `is a sample of ${call.node.op}`);
  if (isOrdered(call)) lanes.freeze(query.rows, 'operator', 'is a position that sees those before it');
  const columns = lanes.unify([key.rows, value.rows]);
  lanes.freeze(columns, 'operator', `${call.node.op} runs over it`);
  const owners = lanes.unify([key.heads, value.heads]);
  const shared = quotient(query.heads.length, owners.length);
  if (shared === undefined)
    throw new Frozen('mismatch', `${query.heads.length} query heads do not share ${owners.length} key heads`);
  const [own, sharing] = lanes.factor(query.heads, [owners.length, shared]) as [Axis, Axis];
  lanes.unify([own, owners]);
  lanes.contract(query.dims, key.dims);
  if (!options.scaleStated) keepScale(call, query.dims);
  const rows = withZero(query.rows, false);
  if (options.bias !== undefined) biasScores(call, options.bias, [batch, query.heads, rows]);
  call.work([batch, query.heads, rows, columns, query.dims]);
  call.work([batch, query.heads, rows, columns, value.dims]);
  return {
    batch: withZero(batch, false),
    rows,
    columns: plain(columns.length),
    heads: lanes.merge([withZero(own, isZero(value.heads)), withZero(sharing, false)]),
    dims: value.dims,
  };
}

/** Queries and keys are summed over `d`: `g` heads of keys, each with `r` of queries. Heads that are not counted are left alone. */
export function contractsHeads(
  call: Call,
  { heads, owners }: { readonly heads: Dim; readonly owners: Dim },
  sides: readonly [query: ContractingSide, key: ContractingSide],
): void {
  if (typeof heads !== 'number' || typeof owners !== 'number') return;
  // Where the node also puts out the keys, others read them: then other dims with the same products would not do.
  if ((call.node.outputs[1] ?? '') !== '') return;
  call.contracts({ summed: 'd', lengths: { g: owners, r: heads / owners }, sides });
}

/** Without an attribute the operator scales by 1/√d: the network was trained with the original's d, which is then written. */
function keepScale(call: Call, dims: Axis): void {
  const inverseRoot = (d: Dim | undefined): number => 1 / Math.sqrt(d as number);
  if (typeof dims.length !== 'number') {
    call.lanes.freeze(dims, 'unknown-shape', `${call.node.op} scales by 1/√d, and d is not known`);
    return;
  }
  const stated = lift(inverseRoot)(lengthOf(dims));
  call.restate({ attribute: 'scale', kind: 'float' }, [literal(inverseRoot(dims.length))], {
    stated: [stated],
  });
}

/** Queries see the keys before them only: which these are depends on the places of both. */
const isOrdered = ({ attributes, node }: Call): boolean =>
  node.op === 'GroupQueryAttention' ||
  attributes.int('is_causal', 0) !== 0 ||
  attributes.int('unidirectional', 0) !== 0;

/** What is added to the scores, [n h s t], broadcast: its columns are normalised over, its heads are the queries'. */
function biasScores(call: Call, index: number, scores: Axes): void {
  if (call.optional(index) === undefined) return;
  const bias = call.input(index);
  if (bias.length > 4) throw new Frozen('mismatch', `its operand ${index} has rank ${bias.length}, not 4`);
  const columns = bias.at(-1);
  if (columns !== undefined) call.lanes.freeze(columns, 'operator', `${call.node.op} runs over it`);
  broadcast(call.lanes, [scores, bias.slice(0, -1)], neverZero);
}

/** [batch rows heads*dims] */
export const merged = (call: Call, { batch, rows, heads, dims }: AttentionInput | Attended): Axis[] => [
  batch,
  rows,
  call.lanes.merge([heads, dims]),
];

/** [batch heads rows dims] */
export const apart = ({ batch, heads, rows, dims }: AttentionInput | Attended): Axis[] => [
  batch,
  heads,
  rows,
  dims,
];

/**
 * Attention of ai.onnx: operands with heads apart, or merged into the last axis as attributes say.
 *
 *   Q [n! g*r s d], K [n! g t! d], V [n! g t! e], bias [s t!]
 *     ->  Y [n! g*r s e], present [n! g t! d], [n! g t! e], scores [n! g*r s t!]
 *   Q [n! s g*r*d], K [n! t! g*d], V [n! t! g*e]
 *     ->  Y [n! s g*r*e]        (q_num_heads = g*r, kv_num_heads = g)
 *
 * exact: yes.   restates: `q_num_heads`, `kv_num_heads`, and `scale`, where it is absent: 1/√d stays the original's.
 * source: https://onnx.ai/onnx/operators/onnx__Attention.html
 */
export const attention: Rule = {
  says: 'heads and value dims are lanes of their own, query and key dims are contracted; a key head owns its query heads',
  exact: 'where queries or keys are zero in a removed dim: always behind a weight',
  axes: (call) => {
    const { attributes } = call;
    const side = (index: number, attribute: string): AttentionInput => {
      const axes = call.input(index);
      if (axes.length === 4) return sideOf4(axes);
      const heads = attributes.int(attribute);
      if (axes.length !== 3 || heads === undefined)
        throw new Frozen('mismatch', `its operand ${index} has rank ${axes.length} and no ${attribute}`);
      return sideOf3(call, axes, heads);
    };
    const query = side(0, 'q_num_heads');
    const key = behindPast(call, cacheAt(call, 4), side(1, 'kv_num_heads'));
    const value = behindPast(call, cacheAt(call, 5), side(2, 'kv_num_heads'));
    const y = attend(call, query, key, value, { scaleStated: attributes.has('scale'), bias: 3 });
    const apartAt = (index: number): boolean => call.input(index).length === 4;
    if (call.optional(4) === undefined)
      contractsHeads(call, { heads: query.heads.length, owners: key.heads.length }, [
        { operand: 0, axes: apartAt(0) ? ['n', ['g', 'r'], 's', 'd'] : ['n', 's', ['g', 'r', 'd']] },
        { operand: 1, axes: apartAt(1) ? ['n', 'g', 't', 'd'] : ['n', 't', ['g', 'd']] },
      ]);
    for (const [attribute, own] of [
      ['q_num_heads', query],
      ['kv_num_heads', key],
    ] as const)
      if (attributes.has(attribute)) call.restate({ attribute, kind: 'int' }, [own.heads]);
    const scores = [y.batch, withZero(query.heads, false), y.rows, y.columns];
    return [call.input(0).length === 4 ? apart(y) : merged(call, y), apart(key), apart(value), scores];
  },
};

/**
 * RotaryEmbedding: dims are turned in pairs, so that both of a pair leave together: d and d + D/2, or 2d and 2d + 1 where
 * `interleaved`. Behind `rotary_embedding_dim` dims pass.
 *
 *   x [n! h s! 2*d], cos [s! d], sin [s! d]  ->  y [n! h s! 2*d]
 *
 * exact: yes.   restates: `num_heads`, `rotary_embedding_dim`.
 * source: https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html
 */
function rotary(operands: { readonly cos: number; readonly sin: number; readonly positions: number }): Rule {
  return {
    says: 'dims pass in pairs that leave together; heads pass',
    exact: 'yes',
    axes: (call) => {
      const { lanes, attributes } = call;
      const x = call.input(0);
      const caches = [call.input(operands.cos), call.input(operands.sin)];
      const stated = attributes.int('rotary_embedding_dim', 0);
      const halves = caches.map((axes) => axes.at(-1) ?? plain(1));
      const { heads, dims } = x.length === 4 ? sideOf4(x) : hiddenOf(call, x, stated, halves[0]!);
      const [turned] = stated === 0 ? [dims] : lanes.cut(dims, [stated, add(dims.length, -stated)]);
      const pairs = quotient(turned!.length, 2);
      if (pairs === undefined) throw new Frozen('mismatch', `turns ${turned!.length} dims in pairs`);
      const interleaved = attributes.int('interleaved', 0) !== 0;
      const parts = lanes.factor(turned!, interleaved ? [pairs, 2] : [2, pairs]);
      const [pair, two] = interleaved ? [parts[0]!, parts[1]!] : [parts[1]!, parts[0]!];
      lanes.freeze(two, 'operator', 'is one of a pair that is turned');
      lanes.unify([pair, ...halves]);
      const places = [x[0]!, x.at(-2)!, ...caches.flatMap((axes) => axes.slice(0, -1))];
      for (const axis of places) lanes.freeze(axis, 'data-dependent', 'is a sample or a position');
      call.optional(operands.positions);
      if (attributes.int('num_heads', 0) > 0) call.restate({ attribute: 'num_heads', kind: 'int' }, [heads]);
      if (stated > 0) call.restate({ attribute: 'rotary_embedding_dim', kind: 'int' }, [turned!]);
      return [x];
    },
  };
}

/** Heads × dims of [n s h*d]; without `num_heads` a head is as long as its cosines say. */
function hiddenOf(call: Call, x: Axes, turned: number, half: Axis): Pick<AttentionInput, 'heads' | 'dims'> {
  if (x.length !== 3) throw new Frozen('mismatch', `its input has rank ${x.length}, not 3 or 4`);
  const stated = call.attributes.int('num_heads', 0);
  const heads = stated > 0 ? stated : quotient(x[2]!.length, multiply(half.length, 2));
  if (typeof heads !== 'number' || (stated === 0 && turned > 0))
    throw new Frozen('unknown-shape', 'the number of its heads is not known');
  return perHead(call, x[2]!, heads);
}

/**
 * RotaryEmbedding of ai.onnx: cosines before positions.
 *
 *   x [n! h s! 2*d], cos [s! d], sin [s! d]  ->  y [n! h s! 2*d]
 *   x [n! s! h*2*d], cos [s! d], sin [s! d]  ->  y [n! s! h*2*d]        (num_heads = h)
 */
export const rotaryEmbedding = rotary({ cos: 1, sin: 2, positions: 3 });
/**
 * RotaryEmbedding of com.microsoft: positions before cosines.
 *
 *   x [n! h s! 2*d], positions [1], cos [p! d], sin [p! d]  ->  y [n! h s! 2*d]
 */
export const rotaryEmbeddingOfPositions = rotary({ positions: 1, cos: 2, sin: 3 });
