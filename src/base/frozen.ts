/**
 * A result as it is handed to a caller: nobody can change it, nor what is kept of it for the next call. Plain objects and arrays are
 * frozen with all that they hold; numbers in typed arrays cannot be, and are the caller's own copy.
 */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value))
    return value;
  Object.freeze(value);
  for (const own of Object.values(value)) frozen(own);
  return value;
}
