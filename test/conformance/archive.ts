import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';

/** Where the archive lies, if it does. */
export const ARCHIVE = fileURLToPath(new URL('../../../shared/onnx-conformance.tar.gz', import.meta.url));
/** The page that says how the tests come out. */
export const DOCUMENT = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url));

/** One conformance test of the ONNX project: a model, what goes in and what must come out, as in the archive. */
export interface Case {
  /** `node/test_relu` and the like. */
  readonly name: string;
  readonly model: Uint8Array;
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

interface Entry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;
/** An entry that holds the next one's name. */
const LONG_NAME = 'L';

/**
 * The files of a tar.gz, one after the other; it is never held whole.
 * source: https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
async function* entries(archive: string): AsyncGenerator<Entry> {
  let pending = Buffer.alloc(0);
  let longName: string | undefined;
  for await (const chunk of createReadStream(archive).pipe(createGunzip())) {
    pending = Buffer.concat([pending, chunk as Buffer]);
    let at = 0;
    while (at + BLOCK <= pending.length) {
      const header = pending.subarray(at, at + BLOCK);
      const size = Number.parseInt(text(header, 124, 12), 8) || 0;
      const next = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
      if (next > pending.length) break;
      const content = pending.subarray(at + BLOCK, at + BLOCK + size);
      const kind = text(header, 156, 1);
      if (kind === LONG_NAME) {
        longName = text(content, 0, size);
      } else {
        if (kind === '0' || kind === '')
          yield { path: longName ?? text(header, 0, 100), bytes: new Uint8Array(content) };
        longName = undefined;
      }
      at = next;
    }
    pending = pending.subarray(at);
  }
}

/** A field of a tar header: text up to a zero byte. */
const text = (header: Buffer, from: number, length: number): string =>
  header.toString('latin1', from, from + length).split('\0')[0]!;

/** The conformance tests of an archive, whose files lie test by test. */
export async function* cases(archive: string): AsyncGenerator<Case> {
  let name = '';
  let files = new Map<string, Uint8Array>();
  for await (const { path, bytes } of entries(archive)) {
    const [, own, file] = /^onnx\/backend\/test\/data\/([^/]+\/[^/]+)\/(.*)$/.exec(path) ?? [];
    if (own === undefined || file === undefined) continue;
    if (own !== name) {
      if (name !== '') yield caseOf(name, files);
      [name, files] = [own, new Map()];
    }
    files.set(file, bytes);
  }
  if (name !== '') yield caseOf(name, files);
}

function caseOf(name: string, files: ReadonlyMap<string, Uint8Array>): Case {
  const model = files.get('model.onnx');
  if (model === undefined) throw new Error(`${name} has no model.onnx, or its files do not lie together`);
  const numbered = (kind: string): Uint8Array[] => {
    const found: Uint8Array[] = [];
    for (let i = 0; ; i++) {
      const bytes = files.get(`test_data_set_0/${kind}_${i}.pb`);
      if (bytes === undefined) return found;
      found.push(bytes);
    }
  };
  return { name, model, inputs: numbered('input'), outputs: numbered('output') };
}
