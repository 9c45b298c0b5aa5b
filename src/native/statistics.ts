/** Which indices of which tensors' axes belong to which lane. */
export interface SliceRequest {
  readonly lanes: number;
  readonly slices: readonly {
    readonly tensor: number;
    readonly axis: number;
    /** For each index of the axis its lane, or -1. */
    readonly lanes: Int32Array;
    /** What the tensor's integers stand for; by default themselves. */
    readonly dequantise?: Dequantise;
  }[];
}

/** (q - zero point) · scale, by the stored tensors that hold them; without one, the scale is 1 and the zero point 0. */
export interface Dequantise {
  readonly scale?: number;
  readonly zeroPoint?: number;
  /** Where scale and zero point lie, unless they are one for all. */
  readonly axis: number;
  /** Neighbouring indices of the axis that share a scale; scales then have as many axes as the tensor. */
  readonly block?: number;
}

/** One number for each lane, over the values at all of its positions. */
export type Statistic =
  /** Of the values' histogram, in bits, with bins that span the request's values or those of each of its tensors. */
  | {
      readonly kind: 'entropy';
      /** 2 to 65536. */
      readonly bins: number;
      /** Adds (occupied bins - 1) / (2 N ln 2). */
      readonly millerMadow: boolean;
      readonly range: 'group' | 'tensor';
    }
  /** The lane's own term -p log2 p, in bits, p = its Σ|w| over that of the request. */
  | { readonly kind: 'mass' }
  | { readonly kind: 'abs-sum' }
  | { readonly kind: 'square-sum' }
  | { readonly kind: 'variance' }
  /** Σ ‖x - x_k‖ over all other lanes k of the request. errors: MODEL_TOO_LARGE from 32,768 lanes on. */
  | { readonly kind: 'distance' };
