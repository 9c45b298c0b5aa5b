import type { StoredType } from './document.js';

/**
 * Edits to a model, as the addon takes them: everything that is not named here is copied byte for byte. Ids are those of
 * the model document.
 */
export interface Edits {
  /** A stored tensor keeps these indices of an axis, ascending. */
  readonly selections: readonly Selection[];
  /** A small stored tensor gets another content, of the same type. */
  readonly integers: readonly {
    readonly tensor: number;
    readonly dims: readonly number[];
    readonly values: readonly number[];
  }[];
  /** A new initializer, selected from a stored tensor. */
  readonly copies: readonly {
    readonly graph: number;
    readonly tensor: number;
    readonly name: string;
    readonly selections: readonly { readonly axis: number; readonly kept: Uint32Array }[];
  }[];
  /** A new initializer. */
  readonly literals: readonly NewLiteral[];
  /** An attribute replaced, added or removed. */
  readonly attributes: readonly ({ readonly node: number } & NewAttribute)[];
  /** An operand reads another value; an index past the end appends. */
  readonly inputs: readonly { readonly node: number; readonly index: number; readonly name: string }[];
  /** A node inserted before another one. */
  readonly nodes: readonly NewNode[];
  /** Stated lengths of values. */
  readonly valueInfos: readonly {
    readonly value: number;
    /** Without a length the axis is open: neither a number nor a symbol stands for it. */
    readonly dims: readonly { readonly axis: number; readonly length?: number }[];
  }[];
  /** `metadata_props`: replaced or appended. */
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
  /** A stored tensor of floats, or of quantised weights, gets another content; selections of it are then void. */
  readonly contents?: readonly NewContent[];
  /** A stored tensor, as other edits leave it, is written under another name and as another type of floats. */
  readonly retyped?: readonly Retyped[];
  /** Values of the main graph that become its outputs too, after those it has; nothing where they are. */
  readonly outputs?: readonly { readonly name: string }[];
  /** Only a part of the main graph is written; what other edits say of what leaves is void. */
  readonly part?: Part;
  /** Derived tensors that become initializers, with what other edits say of their content; a part says that of itself. */
  readonly folded?: readonly Folded[];
  /** What leaves the main graph, since nothing reads it any more. */
  readonly dropped?: { readonly nodes: readonly number[]; readonly tensors: readonly number[] };
}

/** A derived tensor as an initializer of the main graph. */
export interface Folded {
  readonly tensor: number;
  readonly name: string;
}

/** The file as it is. */
export const NO_EDITS: Edits = {
  ...{ selections: [], integers: [], copies: [], literals: [], attributes: [] },
  ...{ inputs: [], nodes: [], valueInfos: [], metadata: [] },
};

/** Edits, and what else is to be written with them. */
export function joined(edits: Edits, more: readonly Partial<Edits>[]): Edits {
  const all: Record<string, unknown> = { ...edits };
  for (const part of more)
    for (const [kind, own] of Object.entries(part)) {
      const known = all[kind];
      all[kind] = Array.isArray(known) ? [...known, ...(own as readonly unknown[])] : own;
    }
  // Entries of one kind are joined as their types allow: arrays are put end to end, of single values the later one holds.
  return all as unknown as Edits;
}

/** A part of the main graph, as a model of its own. */
export interface Part {
  /** Nodes of the main graph that leave. */
  readonly nodes: readonly number[];
  /** Initializers that leave. */
  readonly tensors: readonly number[];
  /** All of its inputs but for initializers: values of the graph, whose shapes are left open where they are new. */
  readonly inputs: readonly { readonly name: string; readonly dtype: string }[];
  /** All of its outputs. */
  readonly outputs: readonly string[];
  /** Derived tensors that are its initializers. */
  readonly folded: readonly Folded[];
}

/**
 * A content of the tensor's own type (float32, float16, bfloat16 or float64; int4, uint4, int8, uint8, int16, uint16 or int32, which saturate), rounded to
 * the nearest, ties to even. NON_FINITE for what is NaN or infinite, or becomes so.
 */
export interface NewContent {
  readonly tensor: number;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/**
 * A stored tensor of floats as another type of floats (float16, bfloat16, float32 or float64), rounded to the nearest, ties to even.
 * Nothing makes its old name any more: a node that does is another edit. NON_FINITE for values that the type cannot hold.
 */
export interface Retyped {
  readonly tensor: number;
  readonly dtype: StoredType;
  readonly name: string;
}

/** The indices, ascending, that an axis of a stored tensor keeps. */
export interface Selection {
  readonly tensor: number;
  readonly axis: number;
  readonly kept: Uint32Array;
}

/** A small new initializer of a graph, with its elements, row-major. */
export interface NewLiteral {
  readonly graph: number;
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** A node's attribute with its new value; `remove` takes it away. */
export type NewAttribute =
  | { readonly name: string; readonly kind: 'int' | 'ints' | 'remove'; readonly ints: readonly number[] }
  | { readonly name: string; readonly kind: 'float' | 'floats'; readonly floats: readonly number[] }
  | { readonly name: string; readonly kind: 'string'; readonly text: string }
  | { readonly name: string; readonly kind: 'strings'; readonly texts: readonly string[] };

/** A node that is inserted before node `before`, or stands in its place if it `replaces` it. */
export interface NewNode {
  readonly graph: number;
  readonly before: number;
  readonly replaces: boolean;
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly NewAttribute[];
}
