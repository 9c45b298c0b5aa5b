import type {
  AttributeDocument,
  GraphDocument,
  ModelDocument,
  NodeDocument,
  StoredType,
  TensorDocument,
  ValueDocument,
} from '../../src/model/document.js';
import type { Graph } from '../../src/model/graph.js';
import { readGraph } from '../../src/model/graph.js';
import type { AttributeSpec, Content, GraphSpec, ModelSpec, TensorSpec, ValueSpec } from './onnx.js';
import { everyDomain, isTexts } from './onnx.js';

/** A model's document made without the addon, and the content of its tensors. */
export function documentOf(model: ModelSpec): {
  document: ModelDocument;
  read: (tensor: number) => number[];
} {
  const tensors: TensorDocument[] = [];
  const contents: Content[] = [];
  const ids = { node: 0, value: 0, graph: 0 };
  const tensor = (own: TensorSpec): number => {
    tensors.push({
      id: tensors.length,
      name: own.name,
      dtype: dtypeOf(own.data),
      dims: own.dims,
      bytes: own.data.byteLength,
      external: false,
    });
    contents.push(own.data);
    return tensors.length - 1;
  };
  const attribute = (own: AttributeSpec): AttributeDocument => {
    if (typeof own === 'number') return { type: 'int', value: own };
    if (typeof own === 'string') return { type: 'string', value: own };
    if ('float' in own) return { type: 'float', value: own.float };
    if ('floats' in own) return { type: 'floats', value: own.floats };
    if ('data' in own) return { type: 'tensor', value: tensor(own) };
    if ('nodes' in own) return { type: 'graph', value: graph(own) };
    return isTexts(own) ? { type: 'strings', value: own } : { type: 'ints', value: own };
  };
  const value = (own: ValueSpec): ValueDocument => ({
    id: ids.value++,
    name: own.name,
    dtype: own.dtype ?? 'float32',
    shape: own.shape,
  });
  const graph = (own: GraphSpec): GraphDocument => ({
    id: ids.graph++,
    name: 'test',
    nodes: own.nodes.map(
      (node): NodeDocument => ({
        id: ids.node++,
        name: node.name ?? '',
        op: node.op,
        domain: node.domain ?? '',
        inputs: node.inputs,
        outputs: node.outputs,
        attributes: Object.fromEntries(
          Object.entries(node.attributes ?? {}).map(([name, spec]) => [name, attribute(spec)]),
        ),
      }),
    ),
    inputs: own.inputs.map(value),
    outputs: own.outputs.map(value),
    valueInfos: (own.stated ?? []).map(value),
    initializers: own.initializers.map(tensor),
    sparseInitializers: (own.sparse ?? []).map(({ name, dims }) => ({ name, dims })),
  });
  const document: ModelDocument = {
    irVersion: 8,
    producer: 'test',
    opsets: [
      { domain: '', version: model.opset },
      ...everyDomain(model).map((domain) => ({ domain, version: 1 })),
    ],
    metadata: {},
    graph: graph(model),
    functions: [],
    tensors,
    bytes: 0,
    externalBytes: 0,
  };
  return { document, read: (id) => Array.from(contents[id]!, Number) };
}

export function graphOf(model: ModelSpec): { graph: Graph; read: (tensor: number) => number[] } {
  const { document, read } = documentOf(model);
  return { graph: readGraph(document, 'test.onnx'), read };
}

function dtypeOf(data: Content): StoredType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint16Array) return 'float16';
  return data instanceof Int8Array ? 'int8' : 'uint8';
}
