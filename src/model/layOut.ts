import { joined, textOf, utf8 } from '../base/bytes.js';
import type { GraphDocument, NodeDocument } from './document.js';
import type { Graph } from './graph.js';
import { BRANCHES } from './structure.js';

/** The branch that each If is laid out by, by the id of its node: 0 is the first. */
export type Taken = ReadonlyMap<number, number>;

/** What a name of a sub-graph means in the main graph. */
interface Scope {
  readonly names: ReadonlyMap<string, string>;
  readonly outer?: Scope;
}

/** A model without some of its Ifs. */
export interface LaidOut {
  readonly bytes: Uint8Array;
  /** For each node of its main graph the one of the original; undefined where it only joins names. */
  readonly nodes: readonly (NodeDocument | undefined)[];
  /** What the nodes of each graph that was laid out know values by, by the graph's id. */
  readonly scopes: ReadonlyMap<number, Scope>;
}

const SIDES = ['then', 'else'] as const;

/** Fields of messages. source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5 };
const NODE = { input: 1, output: 2, op: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, graph: 6, graphs: 11 };
const TENSOR_NAME = 8;

/**
 * The model in which each of these Ifs is replaced by the branch that is taken: its nodes and initializers become the main graph's,
 * under the names that `graph` has for them. All else stays as it is, byte for byte.
 *
 * bytes: the model, with all data inside
 */
export function layOut(bytes: Uint8Array, graph: Graph, taken: Taken): LaidOut {
  const layout = new Layout(graph, taken);
  const fields = [...fieldsOf(bytes)].map((own) =>
    own.number === MODEL_GRAPH ? message(MODEL_GRAPH, layout.main(own.body!)) : own.whole,
  );
  return { bytes: joined(fields), nodes: layout.nodes, scopes: layout.scopes };
}

class Layout {
  readonly nodes: (NodeDocument | undefined)[] = [];
  readonly scopes = new Map<number, Scope>();
  readonly #names: ReadonlyMap<number, string>;
  readonly #emitted: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];

  constructor(
    readonly graph: Graph,
    readonly taken: Taken,
  ) {
    this.#names = new Map(
      graph.nodes.flatMap(({ id, body, name }) => (body === undefined ? [[id, name]] : [])),
    );
  }

  main(bytes: Uint8Array): Uint8Array {
    const { graph } = this.graph.document;
    const others = this.#lay(bytes, graph, { names: new Map() });
    return joined([...this.#emitted, ...others, ...this.#initializers]);
  }

  /** Lays out the nodes of a graph; gives its other fields. */
  #lay(bytes: Uint8Array, document: GraphDocument, scope: Scope): Uint8Array[] {
    const others: Uint8Array[] = [];
    let place = 0;
    for (const { number, body, whole } of fieldsOf(bytes)) {
      if (number === GRAPH.node) this.#node(body!, document.nodes[place++]!, scope);
      else others.push(whole);
    }
    return others;
  }

  #node(bytes: Uint8Array, node: NodeDocument, scope: Scope): void {
    const side = this.taken.get(node.id);
    if (side === undefined) {
      this.#emit(renamedNode(bytes, scope), node);
      return;
    }
    const attribute = node.attributes[BRANCHES[side]!];
    if (attribute?.type !== 'graph') return;
    const branch = attribute.value;
    const prefix = `${this.#names.get(node.id)!}/${SIDES[side]!}/`;
    const defined = [
      ...branch.initializers.map((id) => this.graph.document.tensors[id]!.name),
      ...branch.nodes.flatMap(({ outputs }) => outputs),
    ];
    const names = new Map(defined.filter(Boolean).map((name) => [name, prefix + name]));
    const own: Scope = { names, outer: scope };
    this.scopes.set(branch.id, own);
    const others = this.#lay(branchBytes(bytes, BRANCHES[side]!), branch, own);
    for (const { number, body } of others.flatMap((whole) => [...fieldsOf(whole)]))
      if (number === GRAPH.initializer)
        this.#initializers.push(message(GRAPH.initializer, renamedTensor(body!, own)));
    for (const [i, { name }] of branch.outputs.entries()) {
      const output = node.outputs[i] ?? '';
      if (output === '') continue;
      const joins = [
        text(NODE.input, resolve(own, name)),
        text(NODE.output, resolve(scope, output)),
        text(NODE.op, 'Identity'),
      ];
      this.#emit(joined(joins), undefined);
    }
  }

  #emit(bytes: Uint8Array, node: NodeDocument | undefined): void {
    this.#emitted.push(message(GRAPH.node, bytes));
    this.nodes.push(node);
  }
}

/** The value that a name of a scope means; itself where nothing has renamed it. */
export function resolve(scope: Scope | undefined, name: string): string {
  for (let at = scope; at !== undefined; at = at.outer) {
    const found = at.names.get(name);
    if (found !== undefined) return found;
  }
  return name;
}

function branchBytes(node: Uint8Array, name: string): Uint8Array {
  for (const { number, body } of fieldsOf(node)) {
    if (number !== NODE.attribute) continue;
    const fields = [...fieldsOf(body!)];
    const own = fields.find((field) => field.number === ATTRIBUTE.name);
    const graph = fields.findLast((field) => field.number === ATTRIBUTE.graph);
    if (own !== undefined && graph !== undefined && textOf(own.body!) === name) return graph.body!;
  }
  throw new Error(`an If without its ${name}`);
}

function renamedNode(bytes: Uint8Array, scope: Scope): Uint8Array {
  if (scope.outer === undefined) return bytes;
  return rewritten(bytes, ({ number, body }) => {
    if (number === NODE.input || number === NODE.output) {
      const name = textOf(body!);
      return name === '' ? undefined : text(number, resolve(scope, name));
    }
    if (number !== NODE.attribute) return undefined;
    return message(
      number,
      rewritten(body!, (own) =>
        own.number === ATTRIBUTE.graph || own.number === ATTRIBUTE.graphs
          ? message(own.number, renamedGraph(own.body!, scope))
          : undefined,
      ),
    );
  });
}

/** A sub-graph that stays one: what it reads from outside has other names there; what it defines hides these. */
function renamedGraph(bytes: Uint8Array, outer: Scope): Uint8Array {
  const names = new Map<string, string>();
  for (const { number, body } of fieldsOf(bytes)) {
    if (number === GRAPH.node)
      for (const own of fieldsOf(body!))
        if (own.number === NODE.output) names.set(textOf(own.body!), textOf(own.body!));
    const named = number === GRAPH.initializer ? TENSOR_NAME : number === GRAPH_INPUT ? 1 : 0;
    for (const own of named === 0 ? [] : fieldsOf(body!))
      if (own.number === named) names.set(textOf(own.body!), textOf(own.body!));
  }
  const scope: Scope = { names, outer };
  return rewritten(bytes, ({ number, body }) => {
    if (number === GRAPH.node) return message(number, renamedNode(body!, scope));
    // The output of a branch may be a value that was made outside of it.
    if (number !== GRAPH_OUTPUT) return undefined;
    return message(
      number,
      rewritten(body!, (own) => (own.number === 1 ? text(1, resolve(scope, textOf(own.body!))) : undefined)),
    );
  });
}
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;

const renamedTensor = (bytes: Uint8Array, scope: Scope): Uint8Array =>
  rewritten(bytes, ({ number, body }) =>
    number === TENSOR_NAME ? text(number, resolve(scope, textOf(body!))) : undefined,
  );

/** A message with some fields replaced. */
const rewritten = (bytes: Uint8Array, replace: (field: Field) => Uint8Array | undefined): Uint8Array =>
  joined([...fieldsOf(bytes)].map((field) => replace(field) ?? field.whole));

interface Field {
  readonly number: number;
  /** Of a field that has a length. */
  readonly body: Uint8Array | undefined;
  readonly whole: Uint8Array;
}

/** The fields of a message that the addon has read already: it is well-formed. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    let body: Uint8Array | undefined;
    if (tag % 8 === 2) {
      const length = varint();
      body = bytes.subarray(at, at + length);
      at += length;
    } else if (tag % 8 === 0) varint();
    else at += tag % 8 === 1 ? 8 : 4;
    yield { number: Math.floor(tag / 8), body, whole: bytes.subarray(start, at) };
  }
}

const text = (number: number, value: string): Uint8Array => message(number, utf8(value));

function message(number: number, body: Uint8Array): Uint8Array {
  const head: number[] = [];
  for (const value of [number * 8 + 2, body.length]) {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) head.push((rest % 128) | 128);
    head.push(rest);
  }
  return joined([Uint8Array.from(head), body]);
}
