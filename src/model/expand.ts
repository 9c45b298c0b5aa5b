import type {
  AttributeDocument,
  FunctionDocument,
  GraphDocument,
  ModelDocument,
  NodeDocument,
  TensorDocument,
  ValueDocument,
} from './document.js';
import { BODY, BRANCHES, isConstant, isIf, isLoop, isScan } from './structure.js';

/** One node of the flat graph, its operands resolved. */
export interface Node {
  /** Of the node in the file; -1 for one that only joins names. */
  readonly id: number;
  /** Its name in the file, or operator and position where it has none; unique. */
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** Version of its domain's operator set that the file, or the function, imports; 0 where it imports none. */
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Its operands as its own graph names them. */
  readonly written: readonly string[];
  /** Its outputs as its own graph names them. */
  readonly writtenOutputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeDocument>>;
  /** Outer values that its sub-graphs read. */
  readonly captures: readonly string[];
  /** Stored tensors in its sub-graphs. */
  readonly innerTensors: readonly number[];
  /** The graph that it lies in. */
  readonly graph: number;
  /**
   * Of a Loop or Scan whose body is laid out: the states that it hands on. Its operands are then those of the file, and the values that
   * the body ends in.
   */
  readonly states?: number;
  /** Where it lies in the body of a function: how often that is called. */
  readonly body?: { readonly calls: number };
  /** The branches of If that it lies in, outermost first: it runs only where each condition says so. */
  readonly runsWhere?: readonly Where[];
}

/** A branch of an If: of the value that decides, and whether that must be true. */
export interface Where {
  readonly condition: string;
  readonly is: boolean;
}

/** A model as one flat list of nodes: branches of If and bodies of functions laid out, under names of their own. */
export interface Expanded {
  readonly nodes: readonly Node[];
  /** Stored tensors by the name of the value that they are. */
  readonly initializers: ReadonlyMap<string, TensorDocument>;
  /** Types that the file states, by value. */
  readonly stated: ReadonlyMap<string, readonly ValueDocument[]>;
  /** Values that are given from outside: inputs and sparse initializers. */
  readonly given: ReadonlySet<string>;
  /** The lengths of sparse initializers, by value. */
  readonly sparse: ReadonlyMap<string, readonly number[]>;
  /** Tensors that Constant nodes hold, outside of functions: the node's output, as its own graph names it. */
  readonly held: ReadonlyMap<number, string>;
}

/** Makes the error for a graph that cannot be followed, from what is wrong with it and the node where that is. */
export type Refuse = (what: string, node?: string) => Error;

/** What a name means where it is read. */
interface Scope {
  readonly names: Map<string, string>;
  readonly outer?: Scope;
}

const lookUp = (scope: Scope, name: string): string | undefined => {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const found = at.names.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Functions that call each other without end, or that multiply, are refused. */
const MOST_DEPTH = 64;
const MOST_NODES = 2_000_000;
const MOST_CALLS = 50_000;

/** errors: whatever `refuse` makes, for names defined twice or nowhere, and for functions without end. */
export function expandModel(document: ModelDocument, refuse: Refuse): Expanded {
  return new Expander(document, refuse).run();
}

class Expander {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, TensorDocument>();
  readonly stated = new Map<string, ValueDocument[]>();
  readonly given = new Set<string>();
  readonly sparse = new Map<string, readonly number[]>();
  readonly held = new Map<number, string>();
  readonly #functions: ReadonlyMap<string, FunctionDocument>;
  readonly #calls = new Map<FunctionDocument, { calls: number }>();
  readonly #nodeNames = new Set<string>();
  /** How often a name was asked for. */
  readonly #copies = new Map<string, number>();
  #called = 0;
  /** The branches that are being laid out. */
  #within: readonly Where[] = [];

  constructor(
    readonly document: ModelDocument,
    readonly refuse: Refuse,
  ) {
    this.#functions = new Map(document.functions.map((own) => [`${standard(own.domain)}:${own.name}`, own]));
  }

  run(): Expanded {
    const opsets = opsetsOf(this.document.opsets);
    this.#graph(this.document.graph, { names: new Map() }, '', opsets, 0);
    return this;
  }

  /** Lays out a graph; every name of it becomes `prefix` and itself. */
  #graph(
    graph: GraphDocument,
    scope: Scope,
    prefix: string,
    opsets: ReadonlyMap<string, number>,
    depth: number,
  ): void {
    if (depth > MOST_DEPTH) throw this.refuse('its sub-graphs and functions are nested too deeply');
    const define = (name: string, node?: string): string => {
      if (scope.names.has(name)) throw this.refuse(`"${name}" is defined twice`, node);
      scope.names.set(name, prefix + name);
      return prefix + name;
    };
    for (const id of graph.initializers) {
      const tensor = this.document.tensors[id]!;
      this.initializers.set(define(tensor.name), tensor);
    }
    for (const { name, dims } of graph.sparseInitializers) {
      const value = define(name);
      this.given.add(value);
      this.sparse.set(value, dims);
    }
    for (const { name } of graph.inputs) {
      // Old files list initializers among the inputs.
      if (!scope.names.has(name)) this.given.add(define(name));
    }
    for (const node of graph.nodes)
      for (const output of node.outputs) if (output !== '') define(output, node.name);
    for (const value of [...graph.inputs, ...graph.outputs, ...graph.valueInfos]) {
      const name = scope.names.get(value.name);
      if (name === undefined) continue;
      const stated = this.stated.get(name);
      if (stated === undefined) this.stated.set(name, [value]);
      else stated.push(value);
    }
    for (const [index, node] of graph.nodes.entries())
      this.#node(node, index, scope, opsets, depth, { graph: graph.id });
  }

  #node(
    node: NodeDocument,
    index: number,
    scope: Scope,
    opsets: ReadonlyMap<string, number>,
    depth: number,
    place: Pick<Node, 'graph' | 'body'>,
  ): void {
    const domain = standard(node.domain);
    const name = this.#unique(node.name === '' ? `${node.op}_${index}` : node.name);
    const where = `${name} (${node.op})`;
    const resolve = (operand: string): string => {
      if (operand === '') return '';
      const found = lookUp(scope, operand);
      if (found === undefined) throw this.refuse(`its operand "${operand}" is defined nowhere`, where);
      return found;
    };
    const laidOut = {
      ...place,
      name,
      domain,
      opset: opsets.get(domain) ?? 0,
      id: node.id,
      op: node.op,
      attributes: node.attributes,
      written: node.inputs,
      writtenOutputs: node.outputs,
    };
    const inputs = node.inputs.map(resolve);
    const outputs = node.outputs.map((output) => (output === '' ? '' : scope.names.get(output)!));
    const called = this.#functions.get(`${domain}:${node.op}`);
    if (called !== undefined) {
      this.#call(called, node, inputs, outputs, name, place.graph, depth + 1);
      return;
    }
    const branches = branchesOf(node);
    if (branches !== undefined) {
      const outside = this.#within;
      const results = branches.map((branch, i) => {
        this.#within = [...outside, { condition: inputs[0] ?? '', is: i === 0 }];
        return this.#branch(branch, scope, `${name}/${SIDES[i]}/`, opsets, depth + 1, where);
      });
      this.#within = outside;
      this.#push({
        ...laidOut,
        inputs: [...inputs, ...results.flat()],
        outputs,
        captures: [],
        innerTensors: [],
      });
      return;
    }
    const body = place.body === undefined ? bodyOf(node, laidOut.opset) : undefined;
    if (body !== undefined) {
      // A Loop's first operands say how often it runs; both may be absent.
      const counts = isLoop(node) ? 2 : 0;
      const operands = inputs.length < counts ? [...inputs, '', ''].slice(0, counts) : inputs;
      const carried = operands.slice(counts);
      const prefix = `${name}/body/`;
      this.#push({
        ...laidOut,
        ...{
          id: -1,
          name: beginningOf(name),
          op: `${node.op}Body`,
          domain: INNER,
          written: [],
          writtenOutputs: [],
        },
        ...{
          inputs: carried,
          outputs: body.inputs.map((own) => prefix + own.name),
          captures: [],
          innerTensors: [],
        },
      });
      const ends = this.#branch(body, scope, prefix, opsets, depth + 1, where);
      const { num_scan_inputs: scans } = node.attributes;
      const states = carried.length - (scans?.type === 'int' ? scans.value : 0);
      const whole = { inputs: [...operands, ...ends], outputs, captures: [], innerTensors: [], states };
      this.#push({ ...laidOut, ...whole });
      return;
    }
    const { value } = node.attributes;
    const holds = isConstant(node) && value?.type === 'tensor' && place.body === undefined;
    if (holds) this.held.set(value.value, node.outputs[0] ?? '');
    const inner = this.#inner(node, scope);
    this.#push({ ...laidOut, inputs, outputs, ...inner });
  }

  #push(node: Node): void {
    if (this.nodes.length >= MOST_NODES)
      throw this.refuse(`it has more than ${MOST_NODES} nodes with its functions laid out`);
    this.nodes.push(this.#within.length === 0 ? node : { ...node, runsWhere: this.#within });
  }

  /** Lays out one branch of an If; gives the values that it ends in. */
  #branch(
    branch: GraphDocument,
    outer: Scope,
    prefix: string,
    opsets: ReadonlyMap<string, number>,
    depth: number,
    where: string,
  ): string[] {
    const scope: Scope = { names: new Map(), outer };
    this.#graph(branch, scope, prefix, opsets, depth);
    return branch.outputs.map(({ name }) => {
      const found = lookUp(scope, name);
      if (found === undefined)
        throw this.refuse(`the output "${name}" of its branch is made by no node`, where);
      return found;
    });
  }

  /** Lays out the body of a function: it sees its own inputs only, and the call's attributes. */
  #call(
    called: FunctionDocument,
    node: NodeDocument,
    inputs: readonly string[],
    outputs: readonly string[],
    name: string,
    graph: number,
    depth: number,
  ): void {
    if (depth > MOST_DEPTH)
      throw this.refuse(`the function ${called.name} calls itself, or functions are nested too deeply`, name);
    const body = this.#calls.get(called) ?? { calls: 0 };
    body.calls += 1;
    this.#called += 1;
    if (this.#called > MOST_CALLS)
      throw this.refuse(`its functions are called more than ${MOST_CALLS} times`);
    this.#calls.set(called, body);
    const names = new Map<string, string>();
    for (const [i, input] of called.inputs.entries()) names.set(input, inputs[i] ?? '');
    for (const inner of called.nodes)
      for (const output of inner.outputs) names.set(output, `${name}/${output}`);
    const opsets = opsetsOf(called.opsets);
    for (const [index, inner] of called.nodes.entries()) {
      const bound = {
        ...inner,
        name: `${name}/${inner.name || `${inner.op}_${index}`}`,
        attributes: bind(inner.attributes, node.attributes),
      };
      this.#node(bound, index, { names }, opsets, depth, { graph, body });
    }
    for (const [i, output] of called.outputs.entries()) {
      const made = names.get(output);
      const wanted = outputs[i];
      if (wanted === undefined || wanted === '' || made === undefined) continue;
      const joins = {
        id: -1,
        op: 'Identity',
        domain: '',
        opset: 1,
        written: [],
        writtenOutputs: [],
        attributes: {},
        captures: [],
        innerTensors: [],
        graph,
      };
      this.#push({ ...joins, name: this.#unique(`${name}/${output}`), inputs: [made], outputs: [wanted] });
    }
  }

  /** What the sub-graphs of a node that are not laid out read from outside, and the tensors stored in them. */
  #inner(node: NodeDocument, scope: Scope): Pick<Node, 'captures' | 'innerTensors'> {
    const captures = new Set<string>();
    const innerTensors: number[] = [];
    const visit = (body: GraphDocument, outer: ReadonlySet<string>): void => {
      const known = new Set(outer);
      for (const input of body.inputs) known.add(input.name);
      for (const id of body.initializers) known.add(this.document.tensors[id]!.name);
      for (const { name } of body.sparseInitializers) known.add(name);
      for (const own of body.nodes) for (const output of own.outputs) known.add(output);
      for (const id of body.initializers) innerTensors.push(id);
      const read = (name: string): void => {
        if (name === '' || known.has(name)) return;
        const found = lookUp(scope, name);
        if (found === undefined)
          throw this.refuse(`"${name}" is read in its body and defined nowhere`, `${node.name} (${node.op})`);
        captures.add(found);
      };
      for (const own of body.nodes) {
        for (const operand of own.inputs) read(operand);
        for (const attribute of Object.values(own.attributes)) {
          if (attribute.type === 'tensor') innerTensors.push(attribute.value);
          for (const inner of graphsOf(attribute)) visit(inner, known);
        }
      }
      for (const output of body.outputs) read(output.name);
    };
    for (const attribute of Object.values(node.attributes))
      for (const body of graphsOf(attribute)) visit(body, new Set());
    return { captures: [...captures], innerTensors };
  }

  #unique(name: string): string {
    let unique = name;
    if (this.#nodeNames.has(name)) {
      let copy = this.#copies.get(name) ?? 1;
      while (this.#nodeNames.has(unique)) {
        unique = `${name}'${copy === 1 ? '' : copy}`;
        copy += 1;
      }
      this.#copies.set(name, copy);
    }
    this.#nodeNames.add(unique);
    return unique;
  }
}

/** What the names of an If's branches begin with, in their order. */
const SIDES = ['then', 'else'] as const;

function branchesOf(node: NodeDocument): readonly GraphDocument[] | undefined {
  if (!isIf(node)) return undefined;
  return BRANCHES.flatMap((name) => graphsOf(node.attributes[name]!));
}

/** The domain of nodes that no file has: the beginning of a body, which gives it what each round begins with. */
export const INNER = 'espalier';
/** The name of the node that a body begins with, by the name of its Loop or Scan. */
export const beginningOf = (name: string): string => `${name}/begin`;

/** The body of a Loop or Scan that takes and gives as many values as its node says. */
function bodyOf(node: NodeDocument, opset: number): GraphDocument | undefined {
  const { [BODY]: body, num_scan_inputs: scans } = node.attributes;
  if (body?.type !== 'graph') return undefined;
  const { inputs, outputs } = body.value;
  const given = node.inputs.length;
  const states = Math.max(0, given - 2);
  const loops = isLoop(node) && inputs.length === 2 + states && outputs.length === 1 + node.outputs.length;
  // Before opset 9 a Scan has batches of its own.
  const scansAlong =
    isScan(node) &&
    opset >= 9 &&
    scans?.type === 'int' &&
    scans.value >= 1 &&
    scans.value <= given &&
    inputs.length === given &&
    outputs.length === node.outputs.length;
  const enough = loops ? node.outputs.length >= states : true;
  return (loops || scansAlong) && enough ? body.value : undefined;
}

const graphsOf = (attribute: AttributeDocument): readonly GraphDocument[] =>
  attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? attribute.value : [];

/** References to the call's attributes replaced by what the call says; left out where it says nothing. */
function bind(
  own: NodeDocument['attributes'],
  given: NodeDocument['attributes'],
): NodeDocument['attributes'] {
  const bound: Record<string, AttributeDocument> = {};
  for (const [name, attribute] of Object.entries(own)) {
    const value = attribute.type === 'reference' ? given[attribute.value] : attribute;
    if (value !== undefined) bound[name] = value;
  }
  return bound;
}

const standard = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

const opsetsOf = (imports: ModelDocument['opsets']): ReadonlyMap<string, number> =>
  new Map(imports.map(({ domain, version }) => [standard(domain), version]));
