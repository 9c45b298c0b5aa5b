/** A result as one JSON document: typed arrays as arrays, 64-bit integers as numbers, what is no number as null. */
export function toJson(value: unknown, space = 2): string {
  const replace = (_: string, inner: unknown): unknown => {
    if (ArrayBuffer.isView(inner)) return Array.from(inner as unknown as ArrayLike<number | bigint>);
    if (typeof inner === 'bigint') return Number(inner);
    return inner;
  };
  return JSON.stringify(value, replace, space);
}
