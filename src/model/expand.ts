import { inner } from './captures.js';
import type {
  AttributeDocument,
  FunctionDocument,
  GraphDocument,
  ModelDocument,
  NodeDocument,
  TensorDocument,
  ValueDocument,
} from './document.js';
import type { BranchCondition, Expanded, Node, Refuse } from './expanded.js';
import type { Scope } from './scope.js';
import { lookUp } from './scope.js';
import { isConstant, isLoop } from './structure.js';
import { beginningOf, bodyOf, branchesOf, INNER, SIDES } from './subgraphs.js';

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
  #within: readonly BranchCondition[] = [];

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
    this.#push({ ...laidOut, inputs, outputs, ...inner(node, scope, this.document, this.refuse) });
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
