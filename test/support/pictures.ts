import { type Axis, plain } from '../../src/coupling/axis.js';
import { Lanes } from '../../src/coupling/lanes.js';
import { layout } from '../../src/coupling/layout.js';
import { walk } from '../../src/coupling/walking.js';
import { registry } from '../../src/ops/registry.js';
import type { OperatorRow } from '../../src/ops/table.js';
import { graphOf } from './graph.js';
import { type Alphabet, hasLanes, lengthOfToken, type Made, namedLayouts, operandOf } from './layouts.js';
import { type AttributeSpec, floats, integers, type ModelSpec, type NodeSpec } from './onnx.js';
import { random } from './random.js';

/**
 * The picture above a rule: what the axes of its operands are, and what becomes of them.
 *
 *   x [n a h w], b [n c h w]  ->  y [n a+c h w]        (axis = 1)
 *
 * picture   cases, each of which goes on in the next line until it has its arrow
 * case      operands `->` outputs notes
 * operand   a name, and its axes in brackets; or numbers that are known, `(1 2*c)` of a vector, `= 3` of one alone; or `_`
 *           where it is absent. `x_i [n a_i]` stands for two of them, `Σa_i` for their lanes end to end
 * axis      factors: `a+b` end to end, `h*d` a product, `…` any axes in front
 * factor    a letter is a group of lanes, with `!` one that the rule freezes; a word, or a letter with a prime, is a length that
 *           no weight gave; so is a number; `?` is one that is not known
 * notes     in parentheses: attributes, `axis = 1`, `perm = [0 2 1]`, `alpha = 0.5`, `mode = "CRD"`; `opset 6`; the length of a
 *           letter, where the operator wants a certain one, `d := 8`; `only Gemm`, where other operators of the rule differ
 */
export interface Picture {
  readonly operands: readonly Operand[];
  readonly outputs: readonly (string | undefined)[];
  readonly notes: Notes;
  /** As it is written. */
  readonly text: string;
}

type Operand =
  | { readonly kind: 'axes'; readonly layout: string }
  | { readonly kind: 'numbers'; readonly tokens: readonly string[]; readonly scalar: boolean }
  | { readonly kind: 'absent' };

interface Notes {
  readonly attributes: Readonly<Record<string, string>>;
  readonly lengths: Readonly<Record<string, number>>;
  readonly opset?: number;
  readonly only?: readonly string[];
}

const FACTOR = /^(?:\p{L}(?:_\w)?!?|\p{L}'+|\p{L}{2,}'*|\d+|\?|…)$/u;
const GROUP = /^\p{L}(?:_\w)?$/u;

/** errors: a text that is no picture, with what is wrong. */
export function parsePictures(lines: readonly string[]): Picture[] {
  const cases: string[] = [];
  for (const line of lines) {
    const text = line.trim();
    const isOpen = cases.length > 0 && !cases.at(-1)!.includes('->');
    if (isOpen) cases[cases.length - 1] += ` ${text}`;
    else cases.push(text);
  }
  return cases.map(parseCase);
}

function parseCase(text: string): Picture {
  const noted = /\s{2,}\((?<notes>[^()]*)\)$/u.exec(text);
  const drawing = noted === null ? text : text.slice(0, noted.index);
  const [from, to, ...more] = drawing.split('->').map((side) => side.trim());
  if (from === undefined || to === undefined || more.length > 0)
    throw new Error(`"${text}" has no one arrow between operands and outputs`);
  return {
    operands: separated(from).map(parseOperand),
    outputs: separated(to).map((output) => {
      if (output === '_') return undefined;
      const parsed = parseOperand(output);
      if (parsed.kind !== 'axes') throw new Error(`the output "${output}" has no axes`);
      return parsed.layout;
    }),
    notes: parseNotes(noted?.groups?.notes ?? ''),
    text,
  };
}

/** What commas separate outside of brackets; where a text has `_i` or `Σ`, for i of 1 and 2. */
function separated(side: string): string[] {
  if (side === '') return [];
  const parts = side.split(/,(?![^[(]*[\])])/).map((part) => part.trim());
  return parts.flatMap((part) => {
    const joined = part.replaceAll(/Σ(\p{L})_i/gu, '$1_1+$1_2');
    return joined.includes('_i') ? ['_1', '_2'].map((own) => joined.replaceAll('_i', own)) : [joined];
  });
}

function parseOperand(text: string): Operand {
  if (text === '_') return { kind: 'absent' };
  const axes = /^(?:[^[\]()=]*)\[([^\]]*)\]$/u.exec(text);
  if (axes !== null) {
    const tokens = axes[1]!.split(' ').filter(Boolean);
    const wrong = tokens.flatMap((token) => token.split(/[+*]/)).find((factor) => !FACTOR.test(factor));
    if (wrong !== undefined) throw new Error(`"${wrong}" in "${text}" is no factor of an axis`);
    // `…` is any axes in front: two here.
    const layout = tokens.flatMap((token) => (token === '…' ? ['y', 'z'] : [token])).join(' ');
    return { kind: 'axes', layout };
  }
  const vector = /^(?:[^[\]()=]*)\(([^)]*)\)$/u.exec(text);
  if (vector !== null) return numbersOf(vector[1]!.split(' ').filter(Boolean), false, text);
  const scalar = /^[^[\]()=]*= ([^\s]+)$/u.exec(text);
  if (scalar !== null) return numbersOf([scalar[1]!], true, text);
  throw new Error(`"${text}" is no operand: a name, and axes in brackets, numbers in parentheses, or "= 3"`);
}

function numbersOf(tokens: readonly string[], scalar: boolean, text: string): Operand {
  const isNumber = (token: string): boolean =>
    /^-?\d+(?:\.\d+)?$/.test(token) || token.split(/[+*]/).every((factor) => FACTOR.test(factor));
  const wrong = tokens.find((token) => !isNumber(token));
  if (wrong !== undefined) throw new Error(`"${wrong}" in "${text}" is no number, and no length`);
  return { kind: 'numbers', tokens, scalar };
}

function parseNotes(text: string): Notes {
  const attributes: Record<string, string> = {};
  const lengths: Record<string, number> = {};
  let own: Pick<Notes, 'opset' | 'only'> = {};
  for (const part of text.split(/,(?![^"]*"(?:[^"]*"[^"]*")*[^"]*$)/).map((note) => note.trim())) {
    if (part === '') continue;
    const [, length, value] = /^(\p{L}+'*) := (\d+)$/u.exec(part) ?? [];
    const [, attribute, stated] = /^(\w+) = (.+)$/u.exec(part) ?? [];
    const [, opset] = /^opset (\d+)$/.exec(part) ?? [];
    const [, only] = /^only (\w+(?: \w+)*)$/.exec(part) ?? [];
    if (length !== undefined) lengths[length] = Number(value);
    else if (attribute !== undefined) attributes[attribute] = stated!;
    else if (opset !== undefined) own = { ...own, opset: Number(opset) };
    else if (only !== undefined) own = { ...own, only: only.split(' ') };
    else throw new Error(`"${part}" is no note`);
  }
  return { attributes, lengths, ...own };
}

/** Each letter has a prime of its own as its length, so that no mix-up passes; products of them neither. */
const PRIMES = [5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
/** Lengths without lanes are shorter, so that a kernel fits into an image. */
const SHORT = [2, 3, 4, 6, 8, 9];
const OPEN = 7;

const bare = (factor: string): string => factor.replace('!', '');

/** How long letters and words are; a letter that is frozen once is frozen everywhere. */
interface Lengths extends Alphabet {
  /** The groups that are left once the rule has spoken. */
  readonly after: Alphabet;
}

function alphabetOf({ operands, outputs, notes }: Picture): Lengths {
  const lengths = new Map(Object.entries(notes.lengths));
  const untaken = (all: readonly number[]): number[] =>
    all.filter((own) => !Object.values(notes.lengths).includes(own));
  const [long, short] = [untaken(PRIMES), untaken(SHORT)];
  const written = [
    ...operands.flatMap((own) =>
      own.kind === 'axes' ? own.layout.split(' ') : own.kind === 'numbers' ? own.tokens : [],
    ),
    ...outputs.flatMap((own) => own?.split(' ') ?? []),
    ...Object.values(notes.attributes).flatMap((text) => (text.startsWith('"') ? [] : text.split(/[[\] ]/))),
  ];
  const factors = written.flatMap((token) => token.split(/[+*]/));
  for (const name of factors.map(bare))
    if (/^\p{L}/u.test(name) && !lengths.has(name)) {
      const length = (GROUP.test(name) ? long : short).shift();
      if (length === undefined)
        throw new Error(`there are too many letters for lengths of their own: ${name}`);
      lengths.set(name, length);
    }
  const frozen = new Set(factors.filter((factor) => factor.endsWith('!')).map(bare));
  const alphabet: Alphabet = {
    lengthOf: (factor) => (factor === '?' ? OPEN : (lengths.get(bare(factor)) ?? Number(factor))),
    hasLanes: (factor) => GROUP.test(bare(factor)),
    isOpen: (factor) => factor === '?',
  };
  return {
    ...alphabet,
    after: { ...alphabet, hasLanes: (factor) => alphabet.hasLanes(factor) && !frozen.has(bare(factor)) },
  };
}

/** The same picture with one mistake each: a letter of an output is another one, a letter is frozen, or is not. */
export function broken(picture: Picture): Picture[] {
  const letters = (layouts: readonly (string | undefined)[]): Set<string> =>
    new Set(layouts.flatMap((own) => (own ?? '').split(/[ +*]/)).filter((own) => GROUP.test(bare(own))));
  const given = letters(picture.operands.map((own) => (own.kind === 'axes' ? own.layout : undefined)));
  const made = letters(picture.outputs);
  const frozen = new Set([...given, ...made].filter((own) => own.endsWith('!')).map(bare));
  const isLive = (letter: string): boolean => !frozen.has(bare(letter));
  const renamed = [...made].filter((own) => given.has(own) && isLive(own));
  const rewritten = (how: string, letter: string, to: string, operandsToo: boolean): Picture => {
    const swap = (layout: string): string =>
      layout.replaceAll(/[^ +*]+/g, (factor) => (bare(factor) === letter ? to : factor));
    return {
      ...picture,
      text: `${picture.text}, ${letter} ${how}`,
      operands: picture.operands.map((own) =>
        own.kind === 'axes' && operandsToo ? { ...own, layout: swap(own.layout) } : own,
      ),
      outputs: picture.outputs.map((own) => own && swap(own)),
    };
  };
  return [
    ...renamed.map((letter) => rewritten('is another', letter, 'ω', false)),
    ...[...given].filter(isLive).map((letter) => rewritten('is frozen', letter, `${letter}!`, true)),
    ...[...frozen].map((letter) => rewritten('is not frozen', letter, letter, true)),
  ];
}

/** The newest operator set that rules are checked in here. */
const NEWEST = 28;

const opsetOf = ({ opsets: [first, last] }: Pick<OperatorRow, 'opsets'>): number =>
  Number.isFinite(last) ? last : Math.max(first, NEWEST);

/**
 * Runs the rule of a row on operands as its picture has them.
 *
 * returns: the layouts that the picture says, and those that are found, operands behind the node included; what the node was
 * frozen for, where it was
 */
export function drawn(
  picture: Picture,
  row: Pick<OperatorRow, 'domain' | 'op' | 'opsets'>,
): { readonly said: string; readonly found: string } {
  const { operands, outputs, notes } = picture;
  const alphabet = alphabetOf(picture);
  const names = operands.map((own, i) => (own.kind === 'absent' ? '' : `x${i}`));
  const node: NodeSpec = {
    ...{ op: row.op, name: 'subject', domain: row.domain, inputs: names },
    outputs: outputs.map((own, i) => (own === undefined ? '' : `y${i}`)),
    attributes: Object.fromEntries(
      Object.entries(notes.attributes).map(([name, text]) => [name, attributeOf(text, alphabet)]),
    ),
  };
  const made = operands.map((own, i): Made => madeOf(own, `x${i}`, alphabet));
  const model: ModelSpec = {
    opset: notes.opset ?? (row.domain === '' ? opsetOf(row) : NEWEST),
    nodes: [...made.flatMap((own) => own.nodes), node, UNREAD],
    inputs: made.flatMap((own) => own.inputs),
    outputs: [{ name: 'unread', shape: [1] }],
    initializers: made.flatMap((own) => own.initializers),
  };
  const { graph, read } = graphOf(model);
  const { tensors, equations, frozenNodes } = walk(graph, registry, read);
  const frozen = [...frozenNodes].find(([own]) => own.name === 'subject');
  if (frozen !== undefined) return { said: picture.text, found: `frozen: ${frozen[1].text}` };
  const layouts = [
    ...operands.flatMap((own, i) => (own.kind === 'axes' ? [[`x${i}`, own.layout] as const] : [])),
    ...outputs.flatMap((own, i) => (own === undefined ? [] : [[`y${i}`, own] as const])),
  ];
  const axes = (name: string) => tensors.get(name)?.axes;
  const printed = namedLayouts(
    layouts.map(([name, text]) => [name, text]),
    { equations, axes },
    alphabet.after,
  );
  const known = new Set(
    layouts.filter(([name]) => name.startsWith('x')).flatMap(([, text]) => text.split(' ')),
  );
  const said = layouts.map(([name, text]) => {
    const tokens = text.split(' ').filter(Boolean);
    const found = printed[name]!.split(' ').filter(Boolean);
    return tokens.map((token, d) => expectedOf(token, found[d], known, alphabet)).join(' ');
  });
  // Letters print alike however many lanes they stand for.
  const lengths = ([name, text]: readonly [string, string]): string =>
    text
      .split(' ')
      .filter(Boolean)
      .map((token, d) => (hasLanes(token, alphabet) ? `${axes(name)?.[d]?.length}` : '_'))
      .join(' ');
  const wanted = ([, text]: readonly [string, string]): string =>
    text
      .split(' ')
      .filter(Boolean)
      .map((token) => (hasLanes(token, alphabet) ? `${lengthOfToken(token, alphabet)}` : '_'))
      .join(' ');
  return {
    said: [...said, ...layouts.map(wanted)].join(' | '),
    found: [...layouts.map(([name]) => printed[name]!), ...layouts.map(lengths)].join(' | '),
  };
}

/**
 * What an axis must be printed as: as the axis that the picture has. `found` is how it was printed: one factor with a label for each
 * index and several factors of lanes are the same axis, and read differently. A length that no operand has is any length.
 */
function expectedOf(
  token: string,
  found: string | undefined,
  known: ReadonlySet<string>,
  alphabet: Lengths,
): string {
  if (token === '?') return '?';
  if (hasLanes(token, alphabet.after)) {
    const ways = [false, true].map((whole) => printedOf(token, alphabet, whole));
    return ways.find((own) => own === found) ?? ways[0]!;
  }
  const isAny = /^\p{L}{2,}'*$|^\p{L}'+$/u.test(token) && !known.has(token);
  if (isAny && found !== undefined && /^(?:\d+|\?)$/.test(found)) return found;
  return `${lengthOfToken(token, alphabet)}`;
}

/** The axis of a picture, printed. `whole`: as one factor. */
function printedOf(token: string, { after }: Lengths, whole: boolean): string {
  const lanes = new Lanes();
  const groups = new Map<string, Axis>();
  const names = new Map<number, string>();
  const axisFor = (factor: string): Axis => {
    if (!after.hasLanes(factor)) return plain(after.lengthOf(factor));
    const known = groups.get(factor) ?? lanes.fresh(after.lengthOf(factor), false);
    groups.set(factor, known);
    for (const label of lanes.labelsOf(known)) names.set(lanes.equations.atoms(label)[0]!, factor);
    return known;
  };
  const parts = token.split('+').map((part) => lanes.merge(part.split('*').map(axisFor)));
  const axis = lanes.join(parts);
  const shown = whole ? lanes.labelled(lanes.labelsOf(axis), false) : axis;
  return layout([shown], lanes.equations, (lane) => names.get(lane)!);
}

function attributeOf(text: string, alphabet: Alphabet): AttributeSpec {
  if (text.startsWith('"')) return text.slice(1, -1);
  const numberOf = (own: string): number => lengthOfOne(own, alphabet);
  if (text.startsWith('[')) {
    const list = text.slice(1, -1).split(' ').filter(Boolean);
    return list.some((own) => own.includes('.')) ? { floats: list.map(Number) } : list.map(numberOf);
  }
  return /^-?\d+\.\d+$/.test(text) ? { float: Number(text) } : numberOf(text);
}

const lengthOfOne = (token: string, alphabet: Alphabet): number =>
  /^-?[\d.]+$/.test(token) ? Number(token) : lengthOfToken(token, alphabet);

function madeOf(own: Operand, name: string, alphabet: Alphabet): Made {
  const nothing: Made = { nodes: [], inputs: [], initializers: [] };
  if (own.kind === 'absent') return nothing;
  if (own.kind === 'axes')
    return operandOf(name, own.layout.split(' ').filter(Boolean), alphabet, random(name.length));
  const numbers = own.tokens.map((token) => lengthOfOne(token, alphabet));
  const dims = own.scalar ? [] : [numbers.length];
  const isReal = own.tokens.some((token) => token.includes('.'));
  const tensor = isReal ? floats(name, dims, () => numbers.shift()!) : integers(name, numbers, dims);
  return { ...nothing, initializers: [tensor] };
}

/** A graph must have an output; this one shows nothing of the node under test. */
const UNREAD: NodeSpec = {
  op: 'Constant',
  inputs: [],
  outputs: ['unread'],
  attributes: { value: floats('unread', [1], () => 0) },
};
