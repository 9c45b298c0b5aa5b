/** Running a model, whoever runs it. An adapter to another runtime implements `Runtime` and nothing else. */
export interface Runtime {
  /** What it is and in which version, for people, and for what is measured with it to be kept. */
  readonly name?: string;
  /** A path (external data is found beside it) or the model's bytes. Errors: RUNTIME_MISSING, RUNTIME_FAILED. */
  load(model: string | Uint8Array, options?: LoadOptions): Promise<Session>;
}

/** Whether it is a runtime, as far as can be seen. */
export const isRuntime = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { load?: unknown }).load === 'function';

/** How a runtime is to load a model: its threads, the session whose thread it may share, and the signal that ends it. */
export interface LoadOptions {
  /**
   * A session of the same runtime whose thread this one may share, which makes loading a small model many times faster. They
   * run one after the other, and this one's signal is that one's. A runtime may take no notice.
   */
  readonly beside?: Session;
  /** Threads inside one operator; by default what the runtime takes. */
  readonly threads?: number;
  /** Holds for the session's life: aborting rejects what is pending with the signal's reason and closes the session. */
  readonly signal?: AbortSignal;
}

/** A loaded model. Runs are answered in the order in which they were asked for. */
export interface Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Errors: RUNTIME_FAILED, with the runtime's own words. */
  run(feeds: Feeds, options?: RunOptions): Promise<RunResult>;
  /** Frees the model. More than once does no harm. */
  dispose(): Promise<void>;
}

/** An input or output of a loaded model: its name, element type and shape. */
export interface ValueInfo {
  readonly name: string;
  /** 'other': not a tensor, or of elements that have no JavaScript form. Such a value cannot be fed or fetched. */
  readonly dtype: DType | 'other';
  /** A length, or the name of one that the file leaves open ('' when it has none). Empty: a scalar, or unknown. */
  readonly shape: readonly (number | string)[];
}

/** Which outputs a run is to compute. */
export interface RunOptions {
  /** Names of the outputs that are wanted; by default all that can be fetched. */
  readonly outputs?: readonly string[];
}

/** The outputs of a run by name, and the time that it took. */
export interface RunResult {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Milliseconds inside the runtime, without the way there and back. */
  readonly ms: number;
}

/** The inputs of a run, by name. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** As onnxruntime has them. float16 is held as its bits in a Uint16Array, bool as 0 and 1 in a Uint8Array. */
export interface Tensor {
  readonly type: DType;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** The element types of tensors that a runtime takes and gives, in lower case. */
export type DType =
  | 'float16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

/** The elements of a tensor of numbers, row-major, in the typed array of their type. */
export type NumericData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** The elements of a tensor, row-major: a typed array, or an array of strings. */
export type TensorData = NumericData | readonly string[];
