import { EspalierError, option, text } from '../base/errors.js';
import type { Restatement } from '../coupling/rule.js';
import type { Removal } from '../coupling/survivors.js';
import type { Walk } from '../coupling/walk.js';
import type { Dim } from '../model/dim.js';
import { equal, ratioOf } from '../model/dim.js';
import type { Edits, NewAttribute, NewLiteral, NewNode } from '../model/edits.js';
import type { Node } from '../model/graph.js';
import type { Names } from '../model/names.js';
import type { Element } from '../model/values.js';

type Written = Pick<Edits, 'integers' | 'literals' | 'attributes' | 'inputs' | 'nodes'>;
type Draft = { -readonly [K in keyof Written]: Written[K][number][] };

/** One stated length after a removal: what the file would say, and what it must. */
interface Pair {
  readonly index: number;
  readonly stated: Dim;
  readonly wanted: Dim;
  /** What is in the file says the right thing. */
  readonly right: boolean;
}

/**
 * Lengths that nodes state are written again where the lanes that remain say otherwise: attributes and literals by
 * their new values, lengths computed in the graph by arithmetic on what is computed. Knows no operator.
 */
export function restate(walk: Walk, removal: Removal, names: Names): Written {
  const draft: Draft = { integers: [], literals: [], attributes: [], inputs: [], nodes: [] };
  const literals = new Literals(draft, names);
  for (const restatement of walk.restatements) {
    const pairs = restatement.wanted.flatMap((wanted, index): Pair[] => {
      if (restatement.labels !== undefined && !removal.keeps(restatement.labels[index]!)) return [];
      return [pairOf(index, restatement.stated[index]!, wanted, removal)];
    });
    const same = pairs.length === restatement.wanted.length && pairs.every(({ right }) => right);
    if (same) continue;
    if ('attribute' in restatement.where) writeAttribute(restatement, restatement.where, pairs, draft);
    else writeOperand(walk, removal, restatement, restatement.where.operand, pairs, draft, literals, names);
    for (const name of restatement.replaces) {
      if (restatement.node.attributes[name] !== undefined)
        draft.attributes.push({ node: restatement.node.id, name, kind: 'remove', ints: [] });
    }
  }
  for (const { node, operand, own, wanted } of walk.omissions) {
    const fits = own.every((length, d) => pairOf(d, length, wanted[d]!, removal).right);
    if (!fits) draft.inputs.push({ node: node.id, index: operand, name: '' });
  }
  return draft;
}

/** A statement is right where it says what it must, and where no removal touches it: lengths may be open in two ways. */
function pairOf(index: number, stated: Element, wanted: Element, removal: Removal): Pair {
  const [says, must] = [stated.after(removal), wanted.after(removal)];
  const untouched = equal(stated.before, says) && equal(wanted.before, must);
  return { index, stated: says, wanted: must, right: untouched || equal(says, must) };
}

function writeAttribute(
  { node }: Restatement,
  where: { readonly attribute: string; readonly kind: 'int' | 'ints' | 'float' },
  pairs: readonly Pair[],
  draft: Draft,
): void {
  const attribute = node.attributes[where.attribute];
  const raw = attribute?.type === 'ints' ? attribute.value : undefined;
  const numbers = pairs.map(({ index, wanted, right }) =>
    raw !== undefined && right ? raw[index]! : number(node, wanted),
  );
  const { attribute: name, kind } = where;
  const written: NewAttribute =
    kind === 'float' ? { name, kind, floats: numbers } : { name, kind, ints: numbers };
  draft.attributes.push({ node: node.id, ...written });
}

function number(node: Node, wanted: Dim): number {
  if (typeof wanted === 'number') return wanted;
  throw new EspalierError(
    'INTERNAL',
    `a length that must be written as a number depends on ${wanted}`,
    { node: node.name, op: node.op },
    'Please report the model.',
  );
}

function writeOperand(
  walk: Walk,
  removal: Removal,
  { node, raw }: Restatement,
  operand: number,
  pairs: readonly Pair[],
  draft: Draft,
  literals: Literals,
  names: Names,
): void {
  const name = node.inputs[operand] ?? '';
  const tensor = walk.tensors.get(name);
  const dtype = tensor?.dtype ?? 'int64';
  const scalar = tensor?.values?.dims.length === 0;
  const dims = scalar ? [] : [pairs.length];
  // Elements that are still right are kept as they are written, such as -1; elements that the graph computes are kept as what
  // they come to after pruning.
  const content = raw === undefined ? undefined : tensor?.values?.elements;
  const fixed = pairs.map(({ index, wanted, right }) =>
    right && content !== undefined ? content[index]!.after(removal) : wanted,
  );
  const base = node.written[operand] || node.name;
  if (fixed.every((value) => typeof value === 'number')) {
    const full = tensor?.values?.dims ?? dims;
    const sameShape = full.reduce((a, b) => a * b, 1) === fixed.length;
    const stored = walk.graph.initializers.get(name) ?? walk.graph.constants.get(name);
    // A stored tensor is changed in its place only where nothing else reads it and its shape stays; otherwise the node gets a
    // new one.
    const inPlace = stored !== undefined && sameShape && walk.graph.uses.get(name) === 1;
    if (inPlace) draft.integers.push({ tensor: stored.id, dims: full, values: fixed });
    else {
      const literal = literals.name(base, dtype, sameShape ? full : dims, fixed);
      draft.inputs.push({ node: node.id, index: operand, name: literal });
    }
    return;
  }
  // Some elements are known only when the model runs, so that nodes are added that compute y = computed * p / q + r, element
  // by element.
  const factor = (pair: Pair): readonly [p: number, q: number, r: number] => {
    if (pair.right) return [1, 1, 0];
    if (typeof pair.wanted === 'number') return [0, 1, pair.wanted];
    const ratio = ratioOf(pair.wanted, pair.stated);
    if (ratio !== undefined) return [ratio[0], ratio[1], 0];
    throw new EspalierError(
      'INTERNAL',
      `the length ${pair.wanted} cannot be computed from ${pair.stated}`,
      { node: node.name, op: node.op },
      text`Please report the model; ${option('keep')} with the name of this node works around it.`,
    );
  };
  const factors = pairs.map(factor);
  let current = node.written[operand]!;
  /** One node of arithmetic; none where the numbers change nothing. */
  const step = ({ op }: Pick<NewNode, 'op'>, values: readonly number[], neutral: number): void => {
    if (values.every((value) => value === neutral)) return;
    const output = names.fresh(base);
    const inserted: NewNode = {
      graph: node.graph,
      before: node.id,
      replaces: false,
      op,
      domain: '',
      name: output,
      inputs: [current, literals.name(base, dtype, dims, values)],
      outputs: [output],
      attributes: [],
    };
    draft.nodes.push(inserted);
    current = output;
  };
  const parts = ([0, 1, 2] as const).map((part) => factors.map((factor) => factor[part]));
  step({ op: 'Mul' }, parts[0]!, 1);
  step({ op: 'Div' }, parts[1]!, 1);
  step({ op: 'Add' }, parts[2]!, 0);
  draft.inputs.push({ node: node.id, index: operand, name: current });
}

/** New initializers, one for each content. */
class Literals {
  readonly #made = new Map<string, string>();

  constructor(
    readonly draft: Draft,
    readonly names: Names,
  ) {}

  name(base: string, dtype: string, dims: readonly number[], values: readonly number[]): string {
    const key = `${dtype}[${dims}]${values}`;
    let name = this.#made.get(key);
    if (name === undefined) {
      name = this.names.fresh(base);
      this.#made.set(key, name);
      const literal: NewLiteral = { graph: 0, name, dtype, dims, values };
      this.draft.literals.push(literal);
    }
    return name;
  }
}
