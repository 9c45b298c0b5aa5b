/** What a model costs. */
export interface Size {
  /** Elements of all stored tensors of floating-point or quantised weights. */
  readonly params: number;
  /** Multiply-accumulates of one forward pass with every open length at its assumed value. */
  readonly macs: number;
  /** Bytes of the .onnx file and its external data. */
  readonly bytes: number;
}
