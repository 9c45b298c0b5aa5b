import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeModel, floats } from '../support/onnx.js';
import { random } from '../support/random.js';

/** The command line as it was built. */
export const main = fileURLToPath(new URL('../../dist/node/cli/main.cjs', import.meta.url));

export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'espalier-hostile-'));

/** Two linear layers with `width` between, 8 KB for each: written to a folder, with its weights beside it or inside. */
export function writeLarge(
  folder: string,
  width: number,
  beside: boolean,
  name = 'in.onnx',
  seed = 1,
): string {
  const path = join(folder, name);
  const next = random(seed);
  const [w, v] = [floats('w', [1000, width], next), floats('v', [width, 1000], next)];
  const location = `${name}.bin`;
  if (beside)
    writeFileSync(
      join(folder, location),
      Buffer.concat([w, v].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))),
    );
  const place = (offset: number) => (beside ? { elsewhere: { location, offset } } : {});
  writeFileSync(
    path,
    encodeModel({
      opset: 17,
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
        { op: 'MatMul', inputs: ['h', 'v'], outputs: ['y'] },
      ],
      initializers: [
        { ...w, ...place(0) },
        { ...v, ...place(4000 * width) },
      ],
      inputs: [{ name: 'x', shape: ['n', 1000] }],
      outputs: [{ name: 'y', shape: ['n', 1000] }],
    }),
  );
  return path;
}

/** What a process that was ended leaves under names of its own: hidden, and named as what they are. */
export const leftovers = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^\.out\.onnx(\.data)?\.[0-9a-f]{16}\.tmp$/.test(name));

export const names = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !leftovers(folder).includes(name))
    .sort();
