/** A derived tensor, and what of the stored tensors behind it makes which of its slices. */
export interface Fold {
  readonly tensor: number;
  /** The stored tensors behind it, and the nodes between. */
  readonly leaves: readonly number[];
  readonly nodes: readonly string[];
  /** By axis: the slices of stored tensors that are zeroed for it; with these, it is zero there, and what it was elsewhere. */
  readonly masks: readonly (readonly Mask[])[];
}

/** The axis of a stored tensor that makes an axis of what is derived of it. */
export interface Mask {
  readonly tensor: number;
  readonly axis: number;
  /** For each index the one that it makes, or -1 where it makes none. */
  readonly makes: Int32Array;
}
