/**
 * The model as the addon describes it: everything in the file except the data of its tensors. The addon writes this
 * document as JSON; ids count from 0 in file order (depth first through sub-graphs) and are what edits refer to.
 */

/** ONNX element types by the names that NumPy and onnxruntime give them. */
export type StoredType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'int4'
  | 'uint4'
  | 'int2'
  | 'uint2'
  | 'float4e2m1'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'bool'
  | 'string'
  | 'complex64'
  | 'complex128';

/**
 * An ONNX ModelProto without the elements of its tensors: the addon reads it once, and ids in it name nodes, values
 * and tensors in edits.
 */
export interface ModelDocument {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: GraphDocument;
  readonly functions: readonly FunctionDocument[];
  /** All stored tensors of the file, index = id. */
  readonly tensors: readonly TensorDocument[];
  /** Bytes of the .onnx file itself, and of the external data its tensors use. */
  readonly bytes: number;
  readonly externalBytes: number;
}

/** A GraphProto: the main graph, or the body of an If, Loop or Scan. */
export interface GraphDocument {
  readonly id: number;
  readonly name: string;
  readonly nodes: readonly NodeDocument[];
  readonly inputs: readonly ValueDocument[];
  readonly outputs: readonly ValueDocument[];
  readonly valueInfos: readonly ValueDocument[];
  /** Tensor ids. */
  readonly initializers: readonly number[];
  /** Sparse initializers: their elements are not read, and they are never cut. */
  readonly sparseInitializers: readonly { readonly name: string; readonly dims: readonly number[] }[];
}

/** A FunctionProto: an operator that the model itself defines by other nodes. */
export interface FunctionDocument {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly nodes: readonly NodeDocument[];
}

/** A NodeProto: one call of an operator, its operands and results by name. */
export interface NodeDocument {
  readonly id: number;
  readonly name: string;
  readonly op: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  /** '' where an optional operand is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeDocument>>;
}

/** 64-bit integers beyond 2^53 arrive rounded to the nearest double (they only ever mean "to the end"). */
export type AttributeDocument =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number | 'NaN' | 'Infinity' | '-Infinity' }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly (number | 'NaN' | 'Infinity' | '-Infinity')[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: number } // a tensor id
  | { readonly type: 'graph'; readonly value: GraphDocument }
  | { readonly type: 'graphs'; readonly value: readonly GraphDocument[] }
  | { readonly type: 'reference'; readonly value: string } // the name of a function's attribute
  | { readonly type: 'other' }; // sparse tensors, types: kept, never read

/** A ValueInfoProto: the element type and shape that the file states for an input, an output or a value between nodes. */
export interface ValueDocument {
  readonly id: number;
  readonly name: string;
  /** null: not a tensor (a sequence, map or optional), or not stated. */
  readonly dtype: StoredType | null;
  /** null: no shape stated. An axis is a length, a symbol's name, or null where nothing is stated. */
  readonly shape: readonly (number | string | null)[] | null;
}

/** A stored tensor (an initializer, or a tensor of an attribute): its type and shape; its elements stay in the file. */
export interface TensorDocument {
  readonly id: number;
  readonly name: string;
  readonly dtype: StoredType;
  readonly dims: readonly number[];
  /** Bytes of its data as stored. */
  readonly bytes: number;
  readonly external: boolean;
  /** Of one that no file holds. */
  readonly derived?: Derived;
}

/** What nodes make of stored tensors alone, seen as a stored tensor. Its name is the value's. */
export interface Derived {
  /** Those of the same number are written all or none, as initializers in the place of what makes them. */
  readonly together: number;
  /** Nodes and stored tensors of the main graph that nothing needs once they are. */
  readonly nodes: readonly number[];
  readonly tensors: readonly number[];
}
