import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SAMPLE_FORMS } from '../../src/data/samples.js';
import {
  combine,
  datasetOf,
  EspalierError,
  loadData,
  type Model,
  type ModelSource,
  onnxruntime,
  openModel,
  type PlanOptions,
  type Progress,
  readPlan,
  verify,
} from '../../src/index.js';
import { treeOptions } from '../../src/options/growing.js';
import { planOptions } from '../../src/options/planning.js';
import { growConvnet } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';

const bytes = encodeModel(
  growConvnet(
    [
      { kind: 'conv', pick: 0, size: 5 },
      { kind: 'residual', pick: 0, size: 6 },
      { kind: 'conv', pick: 0, size: 6 },
    ],
    3,
  ),
);

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-border-'));
  path = join(folder, 'a model.onnx');
  writeFileSync(path, bytes);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const problemOf = async (act: () => unknown): Promise<EspalierError> => {
  try {
    await act();
  } catch (problem) {
    expect(problem).toBeInstanceOf(EspalierError);
    return problem as EspalierError;
  }
  throw new Error('nothing was refused');
};

describe('a model is opened', () => {
  test.each<[string, () => unknown]>([
    ['by its path', () => path],
    ['by a file: URL', () => pathToFileURL(path)],
    ['by a file: URL as text', () => pathToFileURL(path).href],
    ['from a Buffer', () => Buffer.from(bytes)],
    ['from an ArrayBuffer', () => bytes.slice().buffer],
    ['from a SharedArrayBuffer', () => shared(bytes)],
    ['from bytes on shared memory', () => new Uint8Array(shared(bytes))],
    ['from a DataView of a part', () => new DataView(padded(bytes), 8, bytes.length)],
    ['from a Uint8Array of a part', () => new Uint8Array(padded(bytes), 8, bytes.length)],
    ['from clamped bytes', () => new Uint8ClampedArray(bytes)],
  ])('%s', async (_, source) => {
    using model = await openModel(source() as ModelSource);
    expect(await model.sha256()).toBe(await shaOf(bytes));
    expect(await verify(source() as ModelSource, bytes, { samples: 1, runs: 0 })).toMatchObject({ ok: true });
  });

  test.each<[string, unknown, RegExp]>([
    [
      'nothing',
      undefined,
      /source must be a path, a file: URL, or the bytes of an \.onnx file, not undefined/,
    ],
    ['null', null, /not null/],
    ['a number', 7, /not 7/],
    ['an array of numbers', [1, 2], /not \[1, 2\]/],
    ['an object', {}, /not an object/],
    ['an empty path', '', /source must be a path, not ""/],
    ['a path with a zero', 'a\0b', /source must be a path/],
    ['a URL of the web', new URL('https://example.org/m.onnx'), /must be a path or a file: URL, not "https:/],
    ['a URL of another machine', 'file://elsewhere/m.onnx', /must be a path or a file: URL/],
  ])('not from %s', async (_, source, words) => {
    for (const act of [
      () => openModel(source as string),
      () => onnxruntime().load(source as string),
      () => verify(source as string, bytes),
    ]) {
      const problem = await problemOf(act);
      expect(problem.code).toBe('OPTION_INVALID');
      expect(problem.what.replace(/^(original|model)/, 'source')).toMatch(words);
    }
  });

  test('and what is written may be named by a URL', async () => {
    using model = await openModel(path);
    const out = pathToFileURL(join(folder, 'ä out.onnx'));
    await (await model.prune({ ratio: 0.5 })).save(out);
    expect(await verify(pathToFileURL(path), out, { samples: 2, runs: 0 })).toMatchObject({ ok: true });
    const terms = pathToFileURL(join(folder, 'terms.npz'));
    await model.writeWeightTerms(terms);
    expect((await loadData(terms)).arrays.size).toBeGreaterThan(0);
    for (const bad of [undefined, 5, '', new URL('https://example.org')]) {
      const pruned = await model.prune({ ratio: 0.5 });
      expect((await problemOf(() => pruned.save(bad as string))).code).toBe('OPTION_INVALID');
      expect((await problemOf(() => model.writeWeightTerms(bad as string))).code).toBe('OPTION_INVALID');
      expect((await problemOf(() => loadData(bad as string))).code).toBe('OPTION_INVALID');
    }
  });
});

const calls: readonly [string, (model: Model) => unknown][] = [
  ['inspect', (model) => model.inspect()],
  ['inspect with options', (model) => model.inspect({ shape: {} })],
  ['sha256', (model) => model.sha256()],
  ['score', (model) => model.score()],
  ['tree', (model) => model.tree({ group: 'a', data: { x: [] } })],
  ['writeWeightTerms', (model) => model.writeWeightTerms(join(folder, 'closed.npz'))],
  ['plan', (model) => model.plan({ ratio: 0.5 })],
  ['prune', (model) => model.prune({ ratio: 0.5 })],
  ['stability', (model) => model.stability({ ratio: 0.5, data: 'nowhere' })],
  ['apply', (model) => model.apply({} as never)],
];

describe('a closed model', () => {
  test.each(calls)('refuses %s', async (_, call) => {
    const model = await openModel(path);
    model.inspect();
    await model.sha256();
    model.dispose();
    const problem = await problemOf(() => call(model));
    expect(problem).toMatchObject({ code: 'OPTION_INVALID', what: 'the model "a model.onnx" is closed' });
    // Once more does no harm.
    model.dispose();
    model[Symbol.dispose]();
    expect(model.file).toBe('a model.onnx');
  });

  test('is not written to a file any more', async () => {
    const model = await openModel(path);
    const pruned = await model.prune({ ratio: 0.5 });
    model.dispose();
    const out = join(folder, 'late.onnx');
    for (const act of [() => pruned.save(out), () => pruned.toBytes()])
      expect(await problemOf(act)).toMatchObject({ code: 'OPTION_INVALID', what: 'the model was closed' });
    expect(readdirSync(folder)).not.toContain('late.onnx');
  });

  test('ends what is under way with that, or lets it finish', async () => {
    const model = await openModel(path);
    const under = [model.prune({ ratio: 0.5 }), model.score(), model.sha256()];
    model.dispose();
    for (const result of await Promise.allSettled(under))
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'OPTION_INVALID' });
  });
});

describe('options', () => {
  test.each<[string, object, string, RegExp]>([
    [
      'an unknown one',
      { ration: 0.5 },
      'there is no option "ration"',
      /^Did you mean ratio\? There is ratio,/,
    ],
    [
      'one in other letters',
      { ratio: 0.5, roundto: 8 },
      'there is no option "roundto"',
      /Did you mean roundTo\?/,
    ],
    [
      'a flag for an option',
      { ratio: 0.5, 'round-to': 8 },
      'there is no option "round-to"',
      /Did you mean roundTo\?/,
    ],
    [
      'text for a number',
      { ratio: '0.5' },
      'ratio must be a number between 0 and 1, both exclusive, not "0.5"',
      /0\.5 removes half/,
    ],
    ['NaN', { ratio: Number.NaN }, 'ratio must be a number between 0 and 1, both exclusive, not NaN', /./],
    ['null', { ratio: null }, 'ratio must be a number between 0 and 1, both exclusive, not null', /./],
    ['a share beyond 1', { macs: 1.5 }, 'macs must be a fraction above 0 and up to 1, not 1.5', /./],
    ['a word for a flag', { ratio: 0.5, exact: 'yes' }, 'exact must be true or false, not "yes"', /^$|./],
    [
      'a signal that is none',
      { ratio: 0.5, signal: {} },
      'signal must be an AbortSignal, not an object',
      /^$|./,
    ],
    [
      'a callback that is none',
      { ratio: 0.5, onProgress: 1 },
      'onProgress must be a function, not 1',
      /^$|./,
    ],
    ['no list', { ratio: 0.5, keep: 'stem' }, 'keep must be an array of globs, not "stem"', /^$|./],
    ['a list of others', { ratio: 0.5, keep: [1] }, 'keep[0] must be a string, not 1', /^$|./],
    [
      'a metric',
      { ratio: 0.5, guard: [{ metric: 'fidelty' }] },
      "guard[0].metric must be one of 'fidelity', 'accuracy', 'agreement', 'cosine', 'kl', not \"fidelty\"",
      /^$|./,
    ],
    [
      'a limit of a guard',
      { ratio: 0.5, guard: [{ metric: 'fidelity', atleast: 1 }] },
      'there is no option guard[0].atleast',
      /an object such as/,
    ],
    [
      'a criterion',
      { ratio: 0.5, criterion: 'entrpy' },
      'there is no criterion "entrpy"',
      /^Did you mean entropy\?/,
    ],
    ['a policy', { ratio: 0.5, policy: 'globl' }, 'there is no policy "globl"', /^Did you mean global\?/],
    [
      'an option of a criterion',
      { ratio: 0.5, criterion: 'entropy', criterionOptions: { bin: 8 } },
      'the criterion entropy has no option "bin"',
      /^Did you mean bins\?/,
    ],
    [
      'its value',
      { ratio: 0.5, criterion: 'entropy', criterionOptions: { bins: 'many' } },
      'criterionOptions.bins must be a whole number from 2 to 65536, not "many"',
      /./,
    ],
    [
      'a shape',
      { ratio: 0.5, shape: { x: [1, 0] } },
      'shape.x[1] must be a whole number from 1 on, not 0',
      /shape: \{ input: \[1, 3, 640, 640\] \}/,
    ],
    ['data that are none', { ratio: 0.5, data: 4 }, `data must be ${SAMPLE_FORMS}, not 4`, /^$|./],
    [
      'a runtime that is none',
      { ratio: 0.5, runtime: {} },
      'runtime must be an object with a function load, as onnxruntime() gives it, not an object',
      /^$|./,
    ],
    [
      'two budgets',
      { macs: 0.5, params: 0.5 },
      'two budgets at once: macs and params',
      /Give one of macs, params, bytes or latency/,
    ],
    ['no amount', {}, 'nothing says how much to remove', /Give ratio: 0\.5, or a budget: macs: 0\.5/],
  ])('%s', async (_, options, what, todo) => {
    using model = await openModel(path);
    for (const act of [() => model.plan(options as PlanOptions), () => model.prune(options as PlanOptions)]) {
      const problem = await problemOf(act);
      expect(problem.code).toBe('OPTION_INVALID');
      expect(problem.what).toBe(what);
      expect(problem.todo).toMatch(todo);
      // In the words of code.
      expect(problem.message).not.toMatch(/--[a-z]/);
    }
  });

  test('that are no object', async () => {
    using model = await openModel(path);
    for (const options of [null, 5, 'ratio', [], new Uint8Array(3), () => 1, new Map()])
      for (const act of [
        () => model.prune(options as never),
        () => model.score(options as never),
        () => model.tree(options as never),
        () => model.sha256(options as never),
        () => openModel(bytes, options as never),
        () => verify(bytes, bytes, options as never),
      ])
        expect(await problemOf(act)).toMatchObject({
          code: 'OPTION_INVALID',
          what: expect.stringMatching(/^options must be an object, not /),
        });
  });

  test('that are undefined are not given', async () => {
    using model = await openModel(path);
    const options = Object.fromEntries(planOptions.names.map((name) => [name, undefined]));
    const pruned = await model.prune({ ...options, ratio: 0.5 });
    expect(pruned.plan).toEqual((await model.prune({ ratio: 0.5 })).plan);
  });

  test('that are missing', async () => {
    using model = await openModel(path);
    expect(await problemOf(() => model.tree({} as never))).toMatchObject({ what: 'group is missing' });
    const options = { data: { x: [] }, groop: 'a' };
    expect((await problemOf(() => model.tree(options as never))).todo).toMatch(/Did you mean group\?/);
    expect(treeOptions.names).toContain('group');
  });

  test('other functions say what they take', async () => {
    expect((await problemOf(() => readPlan(undefined as never))).what).toBe(
      'json must be the text of a plan, not undefined',
    );
    expect((await problemOf(() => combine(5 as never))).what).toBe(
      'parts must be an array of criteria, not 5',
    );
    expect((await problemOf(() => combine([{ criterion: 'l1', weigth: 2 } as never]))).code).toBe(
      'OPTION_INVALID',
    );
    expect((await problemOf(() => combine([{ criterion: 'l1' }], 'rnk' as never))).what).toBe(
      "by must be one of 'rank', 'share', not \"rnk\"",
    );
    expect((await problemOf(() => onnxruntime(5 as never))).code).toBe('OPTION_INVALID');
    const session = await onnxruntime().load(bytes);
    expect((await problemOf(() => session.run(undefined as never))).what).toMatch(
      /^feeds must be an object of tensors/,
    );
    expect((await problemOf(() => session.run({ x: [1] as never }))).what).toMatch(
      /^feeds\.x must be a tensor/,
    );
    await session.dispose();
    const data = datasetOf({ x: { data: new Float32Array(6), dims: [3, 2] } });
    for (const range of [[-1, 2], [0, 4], [2, 1], ['a', 1], [0.5, 1], []])
      expect((await problemOf(() => data.arrays.get('x')!.read(...(range as [number, number])))).code).toBe(
        'OPTION_INVALID',
      );
  });
});

describe('what was right', () => {
  test('the rejection is the signal’s reason, whatever it is', async () => {
    using model = await openModel(path);
    const pruned = await model.prune({ ratio: 0.5 });
    for (const reason of ['enough', 7, new Error('enough'), null]) {
      const signal = AbortSignal.abort(reason);
      for (const call of [
        openModel(path, { signal }),
        model.prune({ ratio: 0.5, signal }),
        model.plan({ ratio: 0.5, signal }),
        model.score({ signal }),
        model.stability({ ratio: 0.5, data: { x: new Float32Array(2 * 3 * 8 * 8) }, signal }),
        pruned.save(join(folder, 'aborted.onnx'), { signal }),
        pruned.toBytes({ signal }),
        verify(bytes, bytes, { signal }),
      ])
        await expect(
          call.then(
            () => 'done',
            (problem: unknown) => problem,
          ),
        ).resolves.toBe(reason);
    }
    expect(readdirSync(folder)).not.toContain('aborted.onnx');
  });

  test('a progress callback that throws ends the call with that', async () => {
    using model = await openModel(path);
    const thrown = new Error('the callback');
    const onProgress = () => {
      throw thrown;
    };
    const pruned = await model.prune({ ratio: 0.5 });
    await expect(pruned.save(join(folder, 'thrown.onnx'), { onProgress })).rejects.toBe(thrown);
    await expect(pruned.toBytes({ onProgress })).rejects.toBe(thrown);
    await expect(openModel(path, { onProgress })).rejects.toBe(thrown);
    await expect(model.score({ onProgress })).rejects.toBe(thrown);
    await expect(model.prune({ ratio: 0.5, onProgress })).rejects.toBe(thrown);
    await expect(verify(bytes, bytes, { onProgress })).rejects.toBe(thrown);
    expect(readdirSync(folder)).not.toContain('thrown.onnx');
  });

  test('one that throws at the last report alone leaves nothing either, and what was there as it was', async () => {
    using model = await openModel(path);
    const thrown = new Error('the callback');
    const onProgress = ({ phase, done, total }: Progress): void => {
      if (phase === 'write' && total > 0 && done === total) throw thrown;
    };
    const pruned = await model.prune({ ratio: 0.5 });
    const before = readdirSync(folder);
    const out = join(folder, 'last.onnx');
    await expect(pruned.save(out, { onProgress })).rejects.toBe(thrown);
    await expect(model.writeWeightTerms(join(folder, 'last.npz'), { onProgress })).rejects.toBe(thrown);
    expect(readdirSync(folder)).toEqual(before);
    writeFileSync(out, 'mine');
    await expect(pruned.save(out, { onProgress, force: true })).rejects.toBe(thrown);
    expect(readFileSync(out, 'utf8')).toBe('mine');
    expect(readdirSync(folder).sort()).toEqual([...before, 'last.onnx'].sort());
    rmSync(out);
  });

  test('the model itself is never saved over, by whatever name', async () => {
    using model = await openModel(path);
    const pruned = await model.prune({ ratio: 0.5 });
    for (const name of [path, pathToFileURL(path), join(folder, '.', 'a model.onnx')])
      for (const force of [true, false])
        expect((await problemOf(() => pruned.save(name, { force }))).code).toBe('OUTPUT_EXISTS');
    expect(readFileSync(path).equals(Buffer.from(bytes))).toBe(true);
  });

  test('an output that exists is replaced by force, in the words of code', async () => {
    using model = await openModel(path);
    const pruned = await model.prune({ ratio: 0.5 });
    const out = join(folder, 'twice.onnx');
    await pruned.save(out);
    const first = readFileSync(out);
    const problem = await problemOf(() => pruned.save(out));
    expect(problem).toMatchObject({
      code: 'OUTPUT_EXISTS',
      todo: 'Choose another output, or give force: true to replace it.',
    });
    expect(EspalierError.onCommandLine(problem).todo).toBe(
      'Choose another output, or give --force to replace it.',
    );
    await pruned.save(out, { force: true });
    const other = join(folder, 'other.onnx');
    await pruned.save(other);
    for (const name of [out, other]) expect(readFileSync(name).equals(first)).toBe(true);
  });

  test('twenty prunings at once are twenty times the same', async () => {
    using model = await openModel(path);
    const all = await Promise.all(
      Array.from({ length: 20 }, async () => (await model.prune({ ratio: 0.5 })).toBytes()),
    );
    for (const one of all) expect(Buffer.from(one).equals(Buffer.from(all[0]!))).toBe(true);
  });
});

function padded(data: Uint8Array): ArrayBuffer {
  const all = new Uint8Array(data.length + 24);
  all.set(data, 8);
  return all.buffer;
}

function shared(data: Uint8Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(data.length);
  new Uint8Array(buffer).set(data);
  return buffer;
}

const shaOf = async (data: Uint8Array): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', data as Uint8Array<ArrayBuffer>)).toString('hex');
