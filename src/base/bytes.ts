/** Parts as one array. */
export function joined(parts: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> {
  const all = [...parts];
  const whole = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const ENCODER = new TextEncoder();
/** A mark of byte order is a character as any other: a name keeps it. */
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/** A text in UTF-8. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => ENCODER.encode(text);

/** The text of bytes in UTF-8; what is no character becomes the replacement character. */
export const textOf = (bytes: Uint8Array): string => DECODER.decode(bytes);

/** The same bytes, to read numbers from. */
export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);
