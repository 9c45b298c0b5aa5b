import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import * as nodeDigest from '../../src/platform/node/digest.js';
import * as nodeInflate from '../../src/platform/node/inflate.js';
import { blobFiles, mount } from '../../src/platform/web/blobFiles.js';
import { sha256 } from '../../src/platform/web/digest.js';
import { kindOf, openFile } from '../../src/platform/web/files.js';
import { crc32, inflated } from '../../src/platform/web/inflate.js';

const platform = new URL('../../src/platform/', import.meta.url);

/** What src/platform/index.ts takes from each file of src/platform/node. */
const lists = [
  ...readFileSync(new URL('index.ts', platform), 'utf8').matchAll(
    /^export \{([^}]*)\} from '\.\/node\/(.*)\.js';$/gm,
  ),
].map(([, names, file]): [string, string[]] => [
  file!,
  names!
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type ')),
]);

test('lists are found', () => expect(lists.length).toBeGreaterThan(10));

test.each(lists)('src/platform/web/%s exports what the one of Node does', async (file, names) => {
  const module = await import(`../../src/platform/web/${file}.ts`);
  for (const name of names) {
    expect(module[name], name).toBeDefined();
    expect(typeof module[name]).toBe(typeof (await import(`../../src/platform/node/${file}.ts`))[name]);
  }
});

/** Names of what a file for the web has of another type than that of Node: for the compiler, which refuses any. */
type Differing<Node, Web> = {
  [Name in keyof Node & keyof Web]: Web[Name] extends Node[Name] ? never : Name;
}[keyof Node & keyof Web];

test('what both have is of the same types', () => {
  type Files = Differing<
    typeof import('../../src/platform/node/files.js'),
    typeof import('../../src/platform/web/files.js')
  >;
  type Threads = Differing<
    typeof import('../../src/platform/node/worker.js'),
    typeof import('../../src/platform/web/worker.js')
  >;
  type Paths = Differing<
    typeof import('../../src/platform/node/paths.js'),
    typeof import('../../src/platform/web/paths.js')
  >;
  type Blobs = Differing<
    typeof import('../../src/platform/node/blobs.js'),
    typeof import('../../src/platform/web/blobs.js')
  >;
  type Loops = Differing<
    typeof import('../../src/platform/node/loop.js'),
    typeof import('../../src/platform/web/loop.js')
  >;
  type Kept = Differing<
    typeof import('../../src/platform/node/kept.js'),
    typeof import('../../src/platform/web/kept.js')
  >;
  type Addons = Differing<
    typeof import('../../src/platform/node/addon.js'),
    typeof import('../../src/platform/web/addon.js')
  >;
  expectTypeOf<Files | Threads | Paths | Blobs | Loops | Kept | Addons>().toEqualTypeOf<'HAS_FILES'>();
});

test.each(['', 'abc', 'größer als Latein: ✓', 'x'.repeat(1000)])('hashes of %j are those of Node', (text) => {
  expect(sha256(text)).toBe(nodeDigest.sha256(text));
});

describe('what is deflated', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => Math.imul(i * i + 7, 0x9e3779b1) >>> 24);
  const packed = deflateRawSync(bytes);

  async function* pieces(of: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < of.length; at += 1000) yield of.subarray(at, at + 1000);
  }

  test('is unpacked as in Node, with its checksum', async () => {
    const parts: Uint8Array[] = [];
    for await (const part of inflated(pieces(packed))) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(crc32(bytes)).toBe(nodeInflate.crc32(bytes));
  });

  test('is refused where it is damaged', async () => {
    const broken = Uint8Array.from(packed).fill(255, 10, 60);
    const all = async () => {
      for await (const _ of inflated(pieces(broken)));
    };
    await expect(all()).rejects.toThrow();
  });

  test('is left open by nobody who leaves early', async () => {
    let ended = false;
    async function* closed(): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(packed);
      } finally {
        ended = true;
      }
    }
    for await (const _ of inflated(closed())) break;
    await vi.waitFor(() => expect(ended).toBe(true));
  });
});

test('a blob is a file of which parts are read, and a path is none', async () => {
  const file = await openFile(new File(['0123456789'], 'digits', { lastModified: 7 }));
  expect(file.state).toEqual({ size: 10, modified: 7, identity: 0 });
  expect(Buffer.from(await file.read(3, 4)).toString()).toBe('3456');
  expect(Buffer.from(await file.read(8, 4)).toString()).toBe('89');
  await expect(kindOf('model.onnx')).rejects.toThrow(/a browser has no files by path: .*"model\.onnx"/);
  await expect(openFile('model.onnx')).rejects.toMatchObject({ reason: 'missing' });
});

test('blobs of one name are shown to the addon under paths of their own', () => {
  const [one, other] = [mount(new Blob(['1']), 'a/b.onnx'), mount(new Blob(['2']), 'a/b.onnx')];
  expect(one.path).toMatch(/^\/blobs\/\d+\/a_b\.onnx$/);
  expect(other.path).not.toBe(one.path);
  one.release();
  other.release();
});

test('parts of a blob are read as of a file, whatever was read before', () => {
  const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  let readings = 0;
  const blobOf = (of: Uint8Array) => ({
    size: of.length,
    of,
    slice: (a: number, b: number) => blobOf(of.slice(a, b)),
  });
  vi.stubGlobal(
    'FileReaderSync',
    class {
      readAsArrayBuffer({ of }: ReturnType<typeof blobOf>): ArrayBuffer {
        readings += 1;
        return of.slice().buffer as ArrayBuffer;
      }
    },
  );
  const { path, release } = mount(blobOf(bytes) as unknown as Blob, 'model.onnx');
  try {
    const file = blobFiles.openSync(path, 'r');
    expect(blobFiles.fstatSync(file, { bigint: true }).size).toBe(1_000_000n);
    const places = [0, 1, 4, 700_000, 700_003, 5, 999_990, 300_000];
    for (const at of places)
      for (const length of [1, 100, 262_144, 400_000]) {
        const into = new Uint8Array(length);
        const read = blobFiles.readSync(file, into, 0, length, at);
        expect(read).toBe(Math.min(length, bytes.length - at));
        expect(Buffer.from(into.subarray(0, read)).equals(bytes.subarray(at, at + read))).toBe(true);
      }
    expect(readings).toBeLessThan(places.length * 4);
    const next = new Uint8Array(3);
    for (const at of [0, 3, 6]) {
      expect(blobFiles.readSync(file, next, 0, 3, null)).toBe(3);
      expect([...next]).toEqual([...bytes.subarray(at, at + 3)]);
    }
    blobFiles.closeSync(file);
    expect(() => blobFiles.readSync(file, next, 0, 3, 0)).toThrow('EBADF');
    expect(() => blobFiles.writeSync(file, next)).toThrow('EROFS');
    release();
    expect(() => blobFiles.openSync(path, 'r')).toThrow('ENOENT');
  } finally {
    vi.unstubAllGlobals();
  }
});
