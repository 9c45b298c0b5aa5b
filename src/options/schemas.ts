import * as v from 'valibot';
import { option, optionAs, text } from '../base/errors.js';
import { mayBeSamples, SAMPLE_FORMS, type SampleSource } from '../data/samples.js';
import { GUARD_METRICS } from '../guard/metrics.js';
import type { Guard } from '../guard/types.js';
import { isRuntime, type Runtime } from '../runtime/runtime.js';
import { optionsOf } from '../schema/check.js';
import {
  action,
  anyNumber,
  type Field,
  flag,
  integer,
  like,
  oneOf,
  portion,
  positive,
  share,
  signal,
  textsOf,
  whole,
  words,
} from '../schema/fields.js';
import type { Combination } from '../scoring/combined.js';
import type {
  ApplyOptions,
  CallOptions,
  InspectOptions,
  PlanOptions,
  SaveOptions,
  ScoreOptions,
  TreeOptions,
} from './types.js';

/**
 * Every object of options that a call takes: an option is one line here, and one in `types.ts` with what it means.
 */

const call = {
  signal: signal(),
  onProgress: action<NonNullable<CallOptions['onProgress']>>('(progress: Progress) => void'),
  threads: whole(1, 1024),
};
const callAdvice = { threads: 'Leave it out to use every core.' };

const calibration = {
  data: like<SampleSource>('SampleSource', SAMPLE_FORMS, mayBeSamples),
  samples: whole(1),
  runtime: like<Runtime>('Runtime', 'an object with a function load, as onnxruntime() gives it', isRuntime),
};
const calibrationAdvice = { samples: 'Leave it out to use all.' };

const lengths: Field<readonly number[]> = v.array(whole(1), 'an array of lengths, such as [1, 3, 640, 640]');
const shape: Field<Readonly<Record<string, readonly number[]>>> = v.pipe(
  v.custom<object>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'an object of inputs and their lengths',
  ),
  v.record(v.string(), lengths, 'an object of inputs and their lengths'),
);
const shapeAdvice = {
  shape: text`Give each input's lengths: ${optionAs('shape', '{ input: [1, 3, 640, 640] }', 'input=1x3x640x640')}.`,
};

const globs = (): Field<readonly string[]> => textsOf('an array of globs');

const scalars = v.record(
  v.string(),
  v.union([v.string(), v.number(), v.boolean()], 'a word, a number, or true or false'),
  'an object such as { bins: 64 }',
);

const combination = v.strictObject({
  name: v.string(),
  by: v.picklist(['rank', 'share']),
  parts: v.pipe(
    v.array(v.strictObject({ criterion: v.string(), weight: positive(), options: scalars })),
    v.minLength(1),
  ),
});

const scoring = {
  criterion: v.union(
    [v.string(), combination],
    'a name from criteria(), or what combine() gave',
  ) as unknown as Field<string | Combination>,
  criterionOptions: scalars as Field<Readonly<Record<string, string | number | boolean>>>,
  seed: integer(),
  keep: globs(),
  free: globs(),
};
const scoringAdvice = { seed: text`Give ${option('seed', 0)}, or any other whole number.` };

const guard: Field<Guard> = v.strictObject(
  {
    metric: v.picklist(GUARD_METRICS, `one of ${GUARD_METRICS.map((name) => `'${name}'`).join(', ')}`),
    atLeast: v.optional(anyNumber()),
    atMost: v.optional(anyNumber()),
  },
  "an object such as { metric: 'fidelity', atLeast: 0.98 }",
) as unknown as Field<Guard>;

const left = 'It is what may stay of the original: 0.5 keeps at most half.';

export const callOptions = optionsOf<CallOptions>(call, callAdvice);

export const saveOptions = optionsOf<SaveOptions>({ ...call, force: flag() }, callAdvice);

export const inspectOptions = optionsOf<InspectOptions>(
  { ...call, ...calibration, shape, free: globs() },
  { ...callAdvice, ...calibrationAdvice, ...shapeAdvice },
);

export const applyOptions = optionsOf<ApplyOptions>(
  { ...call, ...calibration, shape },
  { ...callAdvice, ...calibrationAdvice, ...shapeAdvice },
);

export const scoreOptions = optionsOf<ScoreOptions>(
  { ...call, ...calibration, ...scoring },
  { ...callAdvice, ...calibrationAdvice, ...scoringAdvice },
);

export const planOptions = optionsOf<PlanOptions>(
  {
    ...call,
    ...calibration,
    ...scoring,
    shape,
    policy: words(),
    ratio: portion(),
    macs: share(),
    params: share(),
    latency: share(),
    bytes: positive(),
    reconstruct: flag(),
    exact: flag(),
    roundTo: whole(1),
    guard: v.array(guard, "an array such as [{ metric: 'fidelity', atLeast: 0.98 }]"),
    labels: words(),
  },
  {
    ...callAdvice,
    ...calibrationAdvice,
    ...scoringAdvice,
    ...shapeAdvice,
    ratio: 'It is the fraction of every prunable axis to remove: 0.5 removes half.',
    macs: left,
    params: left,
    latency: left,
    bytes: text`For example ${optionAs('bytes', '2_000_000', '2MB')}.`,
    roundTo: '1 switches rounding off.',
  },
);

export const treeOptions = optionsOf<TreeOptions>(
  {
    ...call,
    ...calibration,
    group: words(),
    variant: oneOf(['pairs', 'consumers', 'output']),
    estimator: oneOf(['histogram', 'gaussian']),
    bins: whole(2, 65_536),
    binning: oneOf(['equal', 'quantile']),
    range: oneOf(['group', 'lane']),
    millerMadow: flag(),
    rows: whole(2, 2 ** 20),
    seed: integer(),
    pairs: flag(),
    free: globs(),
  },
  {
    ...callAdvice,
    ...calibrationAdvice,
    ...scoringAdvice,
    group: text`It is the id of a group: ${{ api: 'model.inspect()', cli: 'espalier inspect' }} lists them.`,
    rows: 'The default is 4096.',
  },
  ['group'],
);
