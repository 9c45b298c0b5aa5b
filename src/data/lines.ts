import { openFile } from '../platform/index.js';

/** Bytes that are read at once. */
const PIECE = 1 << 20;
/** A line is no text of one sample beyond this many letters. */
const LONGEST = 1 << 24;

/** Lines of a text in UTF-8, without their ends, read as they are asked for. errors: FileProblem; RangeError for a line of megabytes */
export async function* linesOf(place: string | Blob): AsyncGenerator<string> {
  const file = await openFile(place);
  try {
    const decoder = new TextDecoder();
    let rest = '';
    for (let at = 0; at < file.state.size; at += PIECE) {
      const bytes = await file.read(at, Math.min(PIECE, file.state.size - at));
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n/);
      rest = lines.pop()!;
      if (rest.length > LONGEST) throw new RangeError('a line has millions of letters');
      yield* lines;
    }
    rest += decoder.decode();
    if (rest !== '') yield rest;
  } finally {
    await file.close();
  }
}
