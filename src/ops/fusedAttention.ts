import type { ContractingSide } from '../coupling/activationProduct.js';
import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { multiply, quotient } from '../model/dim.js';
import type { AttentionInput } from './attention.js';
import {
  apart,
  attend,
  behindPast,
  cacheAt,
  contractsHeads,
  merged,
  perHead,
  sideOf3,
  sideOf4,
} from './attention.js';

/** In these operators a scale of 0 means the default, 1/√d. */
const scaleStated = (call: Call): boolean => call.attributes.float('scale', 0) !== 0;

/** Two axes that are added: one axis, zero where both are. */
const added = (call: Call, a: Axis, b: Axis): Axis =>
  withZero(call.lanes.unify([a, b]), isZero(a) && isZero(b));

const numHeads = (call: Call): number => call.attributes.int('num_heads', 0);

/**
 * Attention of com.microsoft: projections of queries, keys and values lie side by side in one weight.
 *
 *   x [n! s! i], W [i h*d+h*d+h*e], b [h*d+h*d+h*e], _, _, bias [n! h s! s!]
 *     ->  y [n! s! h*e]        (num_heads = h, qkv_hidden_sizes = [h*d h*d h*e])
 *   x [n! s! i], W [i h*d+h*d+h*d], b [h*d+h*d+h*d], _, past [2 n! h p! d]
 *     ->  y [n! s! h*d], present [2 n! h p!+s! d]        (num_heads = h)
 *
 * exact: yes.   restates: `num_heads`, `qkv_hidden_sizes`.
 * restates `scale` where it is absent.   frozen: d, where `do_rotary` turns the dims; e with d, where there is a cache.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Attention
 */
export const packedAttention: Rule = {
  says: 'one weight projects queries, keys and values; heads, query and key dims, value dims are lanes of their own',
  exact: 'yes',
  axes: (call) => {
    const { lanes, attributes } = call;
    const [batch, rows, input] = ofRank(call, 0, 3) as [Axis, Axis, Axis];
    const [contracted, projected] = ofRank(call, 1, 2) as [Axis, Axis];
    lanes.contract(input, contracted);
    call.work([batch, rows, input, projected]);
    // The node computes W x and goes on with it, so that no value of the graph is W x and no output is named.
    call.mixes({
      ...{ data: 0, axis: 2, weight: 1, outputs: [1], input: 0 },
      bias: { kind: 'operand', operand: 2 },
    });
    const sizes = sizesOf(call, projected);
    const hidden = call.optional(2) === undefined ? projected : added(call, projected, call.input(2)[0]!);
    const sides = lanes.cut(hidden, sizes).map((part): AttentionInput => {
      return { batch, rows, ...perHead(call, part, numHeads(call)) };
    });
    const [query, key, value] = sides as [AttentionInput, AttentionInput, AttentionInput];
    const cache = call.optional(4) === undefined ? undefined : ofRank(call, 4, 5);
    if (cache !== undefined) lanes.freeze(cache[0]!, 'operator', 'is keys beside values');
    if (cache !== undefined || (call.node.outputs[1] ?? '') !== '') lanes.unify([key.dims, value.dims]);
    if (attributes.int('do_rotary', 0) !== 0)
      lanes.freeze(query.dims, 'operator', 'is turned in pairs, of which there are 32, 64 or 128');
    const [keys, values] = [key, value].map((side) => behindPast(call, cache?.slice(1), side)) as [
      AttentionInput,
      AttentionInput,
    ];
    const y = attend(call, query, keys, values, { scaleStated: scaleStated(call), bias: 5 });
    const [first] = sizes;
    const bias = (from: number): Pick<ContractingSide, 'bias'> =>
      call.optional(2) === undefined ? {} : { bias: { operand: 2, from, axes: ['g', 'd'] } };
    if (cache === undefined && attributes.int('do_rotary', 0) === 0 && typeof first === 'number')
      contractsHeads(call, { heads: query.heads.length, owners: key.heads.length }, [
        { operand: 1, axes: [['g', 'd']], projected: 0, ...bias(0) },
        { operand: 1, axes: [['g', 'd']], projected: first, ...bias(first) },
      ]);
    call.restate({ attribute: 'num_heads', kind: 'int' }, [query.heads]);
    call.restate(
      { attribute: 'qkv_hidden_sizes', kind: 'ints' },
      sides.map((side) => lanes.merge([side.heads, side.dims])),
    );
    return [merged(call, y), [plain(2), ...apart(keys)]];
  },
};

/** Lengths of the three projections. */
function sizesOf(call: Call, projected: Axis): readonly Dim[] {
  const stated = call.attributes.ints('qkv_hidden_sizes');
  if (stated !== undefined && stated.length === 3) return stated;
  const each = quotient(projected.length, 3);
  if (each === undefined)
    throw new Frozen('mismatch', `its ${projected.length} units do not divide into queries, keys and values`);
  return [each, each, each];
}

function ofRank(call: Call, index: number, rank: number): Axes {
  const axes = call.input(index);
  if (axes.length !== rank)
    throw new Frozen('mismatch', `its operand ${index} has rank ${axes.length}, not ${rank}`);
  return axes;
}

/**
 * MultiHeadAttention: three projections, or packed ones; keys and values may also come as a cache has them. The bias of
 * the projections is one vector.
 *
 *   q [n! s h*d], k [n! t! h*d], v [n! t! h*e], b [h*d+h*d+h*e], _, bias [n! h s t!]
 *     ->  y [n! s h*e], present [n! h t! d], [n! h t! e], scores [n! h s t!]        (num_heads = h)
 *   q [n! s h*d], k [n! t! h*d], v [n! t! h*d], _, _, _, past [n! h p! d], [n! h p! d]
 *     ->  y [n! s h*d], present [n! h p!+t! d], [n! h p!+t! d]        (num_heads = h)
 *   q [n! s! h 3 d]                              ->  y [n! s! h*d]        (num_heads = h)
 *   q [n! s h*d], k [n! t! h 2 d]                ->  y [n! s h*d]        (num_heads = h)
 *   q [n! s h*d], k [n! h t! d], v [n! h t! d]   ->  y [n! s h*d]        (num_heads = h)
 *
 * exact: where queries or keys are zero in a removed dim.   restates: `num_heads`, and `scale` where it is absent.
 * e is d where a cache comes in: onnxruntime takes keys and values of one shape.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MultiHeadAttention
 */
export const multiHeadAttention: Rule = {
  says: 'heads, query and key dims, value dims are lanes of their own',
  exact: 'where queries or keys are zero in a removed dim: always behind a weight',
  axes: (call) => {
    const biased = withBias(call, 3, projections(call));
    const [query, key, value] = biased;
    // onnxruntime wants the caches of keys and of values in one shape, so that both lose the same dims.
    if (call.optional(6) !== undefined) call.lanes.unify([key.dims, value.dims]);
    const keys = behindPast(call, cacheAt(call, 6), key);
    const values = behindPast(call, cacheAt(call, 7), value);
    const y = attend(call, query, keys, values, { scaleStated: scaleStated(call), bias: 5 });
    if (call.optional(6) === undefined)
      contractsHeads(
        call,
        { heads: query.heads.length, owners: key.heads.length },
        projectedSides(call, query),
      );
    call.restate({ attribute: 'num_heads', kind: 'int' }, [query.heads]);
    const scores = [y.batch, withZero(query.heads, false), y.rows, y.columns];
    return [merged(call, y), apart(keys), apart(values), scores];
  },
};

/** Where queries and keys lie, by the ranks of their operands, and what is added to them. */
function projectedSides(
  call: Call,
  { heads, dims }: AttentionInput,
): readonly [ContractingSide, ContractingSide] {
  const [query, key] = [call.input(0), call.optional(1)?.axes];
  const hidden = multiply(heads.length, dims.length);
  const bias = (from: Dim): Pick<ContractingSide, 'bias'> =>
    call.optional(3) === undefined || typeof from !== 'number'
      ? {}
      : { bias: { operand: 3, from, axes: ['g', 'd'] } };
  const rows = (index: number): ContractingSide['axes'] => {
    const { length } = call.input(index);
    if (length === 5) return ['n', index === 0 ? 's' : 't', 'g', 0, 'd'];
    return length === 4 ? ['n', 'g', 't', 'd'] : ['n', index === 0 ? 's' : 't', ['g', 'd']];
  };
  const packedToo = query.length === 5 || key === undefined;
  return [
    { operand: 0, axes: rows(0), ...bias(0) },
    packedToo
      ? { operand: 0, axes: ['n', 't', 'g', 1, 'd'], ...bias(hidden) }
      : { operand: 1, axes: rows(1), ...bias(hidden) },
  ];
}

type Sides = readonly [query: AttentionInput, key: AttentionInput, value: AttentionInput];

/** Queries, keys and values by the ranks of their operands. */
function projections(call: Call): Sides {
  const query = call.input(0);
  if (query.length === 5) {
    const side = packed(call, query);
    return [side, side, side];
  }
  const heads = numHeads(call);
  const side = (index: number): AttentionInput => {
    const axes = call.input(index);
    if (axes.length === 4) return sideOf4(axes);
    return sideOf3(call, ofRank(call, index, 3), heads);
  };
  const key = call.input(1);
  if (key.length === 5) {
    const both = packed(call, key);
    return [side(0), both, both];
  }
  const value = side(2);
  const keys = side(1);
  // Keys of four axes come from a cache, in which keys and values have one shape.
  if (key.length === 4) call.lanes.unify([keys.dims, value.dims]);
  return [side(0), keys, value];
}

/** [n s h 3 d]: what is packed shares heads and dims. */
function packed(call: Call, axes: Axes): AttentionInput {
  const [batch, rows, heads, kinds, dims] = axes as [Axis, Axis, Axis, Axis, Axis];
  call.lanes.freeze(kinds, 'operator', 'is queries, keys and values beside each other');
  return { batch, rows, heads, dims };
}

/** One vector holds the biases of all three. */
function withBias(call: Call, index: number, sides: Sides): Sides {
  if (call.optional(index) === undefined) return sides;
  const [bias] = ofRank(call, index, 1);
  const parts = call.lanes.cut(
    bias!,
    sides.map(({ heads, dims }) => multiply(heads.length, dims.length)),
  );
  return sides.map((side, i): AttentionInput => {
    const own = perHead(call, parts[i]!, numHeads(call));
    return { ...side, heads: added(call, side.heads, own.heads), dims: added(call, side.dims, own.dims) };
  }) as readonly AttentionInput[] as Sides;
}

/**
 * GroupQueryAttention: a head of keys and values is shared by several query heads, which it owns. Queries, keys and values
 * may be packed into operand 0.
 *
 *   q [n! s! g*r*d!], k [n! t! g*d!], v [n! t! g*d!]
 *     ->  y [n! s! g*r*d!]        (num_heads = g*r, kv_num_heads = g)
 *   q [n! s! g*r*d!], k [n! t! g*d!], v [n! t! g*d!], past [n! g p! d!], [n! g p! d!], lengths [n!], _, _, _, _,
 *     bias [n! g*r s! t!], sink [g*r]
 *     ->  y [n! s! g*r*d!], present [n! g ? d!], [n! g ? d!]        (num_heads = g*r, kv_num_heads = g)
 *   q [n! s! g*r*d!+g*d!+g*d!]
 *     ->  y [n! s! g*r*d!]        (num_heads = g*r, kv_num_heads = g)
 *
 * exact: yes.   restates: `num_heads`, `kv_num_heads`.   frozen: d, which must stay a multiple of 8, or of 16 where it is turned.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GroupQueryAttention
 */
export const groupQueryAttention: Rule = {
  says: 'a head of keys and values owns the query heads that share it; dims stay whole',
  exact: 'yes',
  axes: (call) => {
    const { lanes } = call;
    const owners = call.attributes.int('kv_num_heads', 0);
    const [query, key, value] = groupedProjections(call, owners);
    for (const { dims } of [query, key, value])
      lanes.freeze(
        dims,
        'operator',
        'is a head of GroupQueryAttention, whose length must stay a multiple of 8 or 16',
      );
    const keys = sharedCache(call, 3, key);
    const values = sharedCache(call, 4, value);
    const sink = call.optional(11) === undefined ? [] : ofRank(call, 11, 1);
    const heads = lanes.unify([query.heads, ...sink]);
    const y = attend(call, { ...query, heads }, keys, values, { scaleStated: true, bias: 10 });
    call.restate({ attribute: 'num_heads', kind: 'int' }, [query.heads]);
    call.restate({ attribute: 'kv_num_heads', kind: 'int' }, [key.heads]);
    const scores = [y.batch, withZero(heads, false), y.rows, y.columns];
    return [merged(call, y), apart(keys), apart(values), scores];
  },
};

function groupedProjections(call: Call, owners: number): Sides {
  const heads = numHeads(call);
  if (call.optional(1) !== undefined) {
    const side = (index: number, own: number): AttentionInput => sideOf3(call, ofRank(call, index, 3), own);
    return [side(0, heads), side(1, owners), side(2, owners)];
  }
  const [batch, rows, packed] = ofRank(call, 0, 3) as [Axis, Axis, Axis];
  const each = quotient(packed.length, heads + 2 * owners);
  if (each === undefined)
    throw new Frozen(
      'mismatch',
      `its ${packed.length} units do not divide into ${heads} + 2 · ${owners} heads`,
    );
  const counts = [heads, owners, owners];
  const parts = call.lanes.cut(
    packed,
    counts.map((count) => multiply(count, each)),
  );
  return counts.map((count, i): AttentionInput => {
    return { batch, rows, ...perHead(call, parts[i]!, count) };
  }) as readonly AttentionInput[] as Sides;
}

/** A cache that may be a buffer longer than what it holds: how much of it is used, data says. */
function sharedCache(call: Call, index: number, side: AttentionInput): AttentionInput {
  call.lanes.freeze(side.rows, 'operator', 'is a position of a cache');
  const behind = behindPast(call, cacheAt(call, index), side);
  return { ...behind, rows: plain(call.openLength(`${call.node.name}.cache.${index}`)) };
}
