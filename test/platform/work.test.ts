import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  cores,
  crc32,
  inflated,
  installedPackage,
  machine,
  repeatedly,
  sha256,
  startWorker,
  turnOfLoop,
  type WorkerPort,
} from '../../src/platform/index.js';

describe('a thread that serves', () => {
  type Port = WorkerPort<string, readonly string[]>;
  const collected = () => {
    const [answers, errors]: [string[][], unknown[]] = [[], []];
    return {
      answers,
      errors,
      events: {
        onAnswer: (answer: readonly string[]) => answers.push([...answer]),
        onError: (error: unknown) => errors.push(error),
      },
    };
  };

  test('answers in order with what it was started with, and ends when it closes', async () => {
    const { answers, errors, events } = collected();
    const serve = (port: Port, start: { readonly suffix: string }): void => {
      const named = (text: string): string => text + start.suffix;
      port.onRequest((request) => {
        if (request === 'close') port.close();
        else port.post([named(request)]);
      });
    };
    const worker = startWorker<{ readonly suffix: string }, string, readonly string[]>(
      serve,
      { suffix: '!' },
      events,
    );
    for (const request of ['a', 'b', 'close']) worker.post(request);
    await worker.ended;
    expect(answers).toEqual([['a!'], ['b!']]);
    expect(errors).toEqual([]);
  });

  test('an error that nothing catches is told, and ends it', async () => {
    const { errors, events } = collected();
    const serve = (port: Port): void =>
      port.onRequest((request) => {
        throw new Error(request);
      });
    const worker = startWorker<undefined, string, readonly string[]>(serve, undefined, events);
    worker.post('broken');
    await worker.ended;
    expect(errors).toMatchObject([{ message: 'broken' }]);
  });

  test('loads packages by their entries', async () => {
    const { answers, events } = collected();
    const serve = (port: Port): void =>
      port.onRequest((entry) => {
        port.post(Object.keys(port.load(entry) as object));
        port.close();
      });
    const worker = startWorker<undefined, string, readonly string[]>(serve, undefined, events);
    worker.post(installedPackage('fflate', [import.meta.url])!.entry);
    await worker.ended;
    expect(answers[0]).toContain('zipSync');
  });

  test('a process that exits waits for what must not be torn down', async () => {
    const index = new URL('../../src/platform/index.ts', import.meta.url).href;
    const script = `
      const { startWorker } = await import(${JSON.stringify(index)});
      const serve = (port, { exits }) => port.onRequest(() => {
        const { writeSync } = process.getBuiltinModule('node:fs');
        if (!port.begin()) return;
        writeSync(1, 'begun ');
        port.post('begun');
        Atomics.wait(exits, 0, 0);
        const until = Date.now() + 200;
        while (Date.now() < until);
        writeSync(1, 'ended ');
        port.end();
      });
      const exits = new Int32Array(new SharedArrayBuffer(4));
      process.on('exit', () => {
        Atomics.store(exits, 0, 1);
        Atomics.notify(exits, 0);
      });
      const worker = startWorker(serve, { exits }, { onAnswer: () => process.exit(7), onError: () => process.exit(1) });
      worker.post('work');`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, out]).toEqual([7, 'begun ended ']);
  });
});

describe('unpacking', () => {
  const data = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251);
  const packed = deflateRawSync(data);
  async function* pieces(bytes: Uint8Array, step = 1000): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  }
  const whole = async (from: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of inflated(from)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  test('gives what was packed', async () => {
    const unpacked = await whole(pieces(packed));
    expect(unpacked.equals(data)).toBe(true);
    expect(crc32(unpacked)).toBe(crc32(data));
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  test('who leaves early reads little more than was asked for', async () => {
    let read = 0;
    const noise = Uint8Array.from({ length: 8_000_000 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 13);
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces(deflateRawSync(noise), 10_000)) {
        read += piece.length;
        yield piece;
      }
    }
    for await (const _ of inflated(counted())) break;
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(noise.length / 10);
  });

  test('damage, an early end and an error of the source are errors', async () => {
    await expect(whole(pieces(Uint8Array.of(0xff, 0xff, 0xff)))).rejects.toThrow(/invalid/);
    await expect(whole(pieces(packed.subarray(0, packed.length >> 1)))).rejects.toThrow(/unexpected end/);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield packed.subarray(0, 100);
      throw new Error('of the source');
    }
    await expect(whole(broken())).rejects.toThrow('of the source');
  });
});

test('the event loop turns, and callbacks come until they are stopped', async () => {
  let calls = 0;
  const stop = repeatedly(() => (calls += 1), 1);
  while (calls < 2) await turnOfLoop();
  stop();
  const then = calls;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(calls).toBe(then);
});

test('a digest, and the machine', () => {
  // FIPS 180-2, appendix B.1.
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(cores()).toBeGreaterThan(0);
  expect(machine()).toMatchObject({ cores: cores(), platform: `${process.platform} ${process.arch}` });
});

test('a package is found from the first place that sees it', () => {
  expect(installedPackage('onnxruntime-web', ['/nowhere/package.json'])).toBeUndefined();
  const found = installedPackage('onnxruntime-web', ['/nowhere/package.json', import.meta.url]);
  expect(found?.version).toMatch(/^\d+\.\d+\.\d+/);
});
