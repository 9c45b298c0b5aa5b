import { describe, expect, test } from 'vitest';
import type { Inspection } from '../../src/options/types.js';
import { inspectionReport } from '../../src/report/inspection.js';
import { toJson } from '../../src/report/json.js';
import { listReport } from '../../src/report/lists.js';
import { scoresReport } from '../../src/report/scores.js';
import { sizesReport } from '../../src/report/sizes.js';
import { table } from '../../src/report/table.js';
import { verificationReport } from '../../src/report/verification.js';
import type { Verification } from '../../src/verify/types.js';

const squeezed = (text: string) => text.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | '));

describe('tables', () => {
  test('columns line up, numbers to the right, without colours', () => {
    const text = table(
      [{ head: 'name' }, { head: 'n', right: true }],
      [
        ['a', '1'],
        ['longer', '1000'],
      ],
    );
    expect(text).toBe(['name       n', 'a          1', 'longer  1000'].join('\n'));
  });

  test('only columns that may wrap do, and only where the width is known', () => {
    const columns = [{ head: 'id' }, { head: 'because', wraps: true }];
    const rows = [
      ['layer.0.weight', 'the operator has no rule and so whatever it touches has to stay as it is'],
    ];
    expect(table(columns, rows).split('\n')).toHaveLength(2);
    const narrow = table(columns, rows, 50).split('\n');
    expect(narrow.length).toBeGreaterThan(2);
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(50);
  });
});

test('sizes before and after', () => {
  const report = sizesReport(
    { params: 25_557_032, macs: 4.09e9, bytes: 102_230_000 },
    { params: 6_900_000, macs: 1.1e9, bytes: 27_700_000 },
  );
  expect(squeezed(report)).toEqual([
    'before | after | left',
    'parameters | 25.6 M | 6.9 M | 27.0 %',
    'multiply-adds | 4.1 GMACs | 1.1 GMACs | 26.9 %',
    'file | 102.2 MB | 27.7 MB | 27.1 %',
  ]);
});

const inspection: Inspection = {
  file: 'net.onnx',
  producer: 'pytorch 2.4',
  irVersion: 8,
  opsets: [{ domain: '', version: 17 }],
  nodes: 9,
  size: { params: 1000, macs: 5000, bytes: 4100 },
  assumed: { N: 1 },
  lengths: { N: { length: 1, from: 'guess' } },
  inputs: [{ name: 'x', dtype: 'float32', shape: ['N', 3] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['N', 10] }],
  groups: [
    {
      id: 'conv1',
      lanes: 16,
      exact: false,
      inexact: { node: 'norm', text: 'the mean runs over it' },
      axes: [
        { tensor: 'w', axis: 0, length: 16 },
        { tensor: 'b', axis: 0, length: 16 },
        { tensor: 'v', axis: 1, length: 16 },
      ],
      params: 500,
      factors: [],
    },
  ],
  frozen: [
    {
      tensor: 'v',
      axis: 0,
      length: 10,
      indices: 10,
      reasons: [{ why: 'graph-output', node: 'y', text: 'an output' }],
    },
    {
      tensor: 'c',
      axis: 0,
      length: 10,
      indices: 10,
      reasons: [{ why: 'graph-output', node: 'z', text: 'an output' }],
    },
    {
      tensor: 'k',
      axis: 2,
      length: 3,
      indices: 3,
      reasons: [{ why: 'kernel', node: 'conv', text: 'a kernel' }],
    },
  ],
  shares: { prunable: 0.9, exact: 0.6, inexact: 0.3, frozen: 0.1 },
  warnings: [{ code: 'FROZEN_NODE', text: '2 nodes have no rule' }],
};

test('an inspection: groups, and frozen axes by reason', () => {
  const lines = squeezed(inspectionReport(inspection));
  expect(lines).toContain('size | 1.0 k parameters, 5.0 kMACs, 4.1 kB');
  expect(lines).toContain('prunable | 90.0 % of the parameters (60.0 % exactly), frozen 10.0 %');
  expect(lines).toContain('conv1 | 16 | 500 | 50.0 % | 3 | no | norm: the mean runs over it');
  expect(lines).toContain('graph-output | 2 | 20 | y and 1 more | an output');
  expect(lines).toContain('kernel | 1 | 3 | conv | a kernel');
  expect(lines).toContain('warning: 2 nodes have no rule [FROZEN_NODE]');
  expect(inspectionReport({ ...inspection, groups: [] })).toContain('Nothing in it can be pruned.');
});

test('an inspection: what can be gained, words, groups that are alike', () => {
  const block = (id: number, params = 500) => ({ ...inspection.groups[0]!, id: `block.${id}.conv`, params });
  const groups = [block(0), block(1), block(2), block(3, 400)];
  const whole = { ...inspection, groups, halved: { params: 300, macs: 1000 } };
  const lines = squeezed(inspectionReport(whole));
  expect(lines).toContain(
    'block.{0-2}.conv | 3 x 16 | 1.5 k | 150.0 % | 9 | no | norm: the mean runs over it',
  );
  expect(lines).toContain('block.3.conv | 16 | 400 | 40.0 % | 3 | no | norm: the mean runs over it');
  expect(lines).toContain(
    'to gain | with half of all channels, neurons and heads gone about 30.0 % of 1.0 k parameters and 20.0 % of 5.0 kMACs are left',
  );
  expect(squeezed(inspectionReport(whole, { all: true }))).toContain(
    'block.2.conv | 16 | 500 | 50.0 % | 3 | no | norm: the mean runs over it',
  );
  expect(inspectionReport(whole)).not.toMatch(/^lanes {2,}how many/m);
  const explained = inspectionReport(whole, { explained: true });
  expect(explained).toMatch(/^lanes {2,}how many channels, neurons or heads/m);
  expect(explained).not.toMatch(/^one axis with {2,}both/m);
});

const verification: Verification = {
  ok: true,
  faults: [],
  warnings: [{ code: 'SLOWER', text: 'slower' }],
  data: { source: 'd.npz', random: false, samples: 512, batches: [1, 2, 64] },
  outputs: [
    {
      name: 'logits',
      dtype: 'float32',
      compared: 'values',
      fidelity: 0.984,
      cosine: 0.99912,
      relativeError: 0.042,
      maxAbsDifference: 0.5,
      top1Agreement: 0.984,
      nonFinite: { original: 0, pruned: 0 },
      unanswered: { elements: 0, samples: 0 },
    },
  ],
  unjudged: [],
  accuracy: { labels: 'label', output: 'logits', original: 0.992, pruned: 0.985 },
  latency: { originalMs: 2, prunedMs: 1, ratio: 0.5, runs: 30, batch: 1, threads: 'default' },
  bytes: { original: 1_700_000, pruned: 850_000, ratio: 0.5 },
};

test('a verification: answers, accuracy, latency, bytes, and how they were found', () => {
  const lines = squeezed(verificationReport(verification));
  expect(lines).toContain('logits | 0.99912 | 0.0420 | 0.500 | 98.4 %');
  expect(lines).toContain('accuracy | 99.2 % | 98.5 % | -0.7 points');
  expect(lines).toContain('latency | 2.00 ms | 1.00 ms | 50.0 %');
  expect(lines).toContain('file | 1.7 MB | 850.0 kB | 50.0 %');
  expect(lines).toContain('data | 512 samples, run with 1, 2, 64 at once: d.npz');
  expect(lines.at(-1)).toBe('warning: slower [SLOWER]');
  const { accuracy: _, latency: __, ...bare } = verification;
  expect(
    verificationReport({ ...bare, ok: false, outputs: [], faults: [{ code: 'UNLOADABLE', text: 'no' }] }),
  ).toMatch(/fault: no \[UNLOADABLE\]$/);
});

test('a verification says what was compared in another way than element by element, and what was not', () => {
  const [plain] = verification.outputs;
  const output = { ...plain!, top1Agreement: null };
  const report = verificationReport({
    ...verification,
    outputs: [
      { ...output, name: 'boxes', compared: 'boxes', lengths: { original: 40, pruned: 38, share: 0.9 } },
      { ...output, name: 'audio', compared: 'sequences', lengths: { original: 32, pruned: 16, share: 0.5 } },
      { ...output, name: 'maps', value: 'p', maxAbsDifference: Infinity, cosine: null },
    ],
    warnings: [{ code: 'NOT_COMPARED', text: 'the output "list" could not be compared: why' }],
  });
  const lines = squeezed(report);
  expect(lines).toContain('boxes | 0.9840 | 0.99912 | 0.0420 | 0.500 | -');
  expect(lines).toContain('maps (p) | 0.9840 | - | 0.0420 | infinite | -');
  expect(report).toMatch(/boxes: as sets of boxes, 40 of the original, 38 of the pruned model: 90.0 % have/);
  expect(report).toMatch(/audio: up to the shorter, since their lengths differ: 50.0 % of the longer/);
  expect(report).toMatch(/"maps" is no tensor: what it is made of was compared, "p"/);
  expect(lines.at(-1)).toMatch(/NOT_COMPARED/);
});

test('scores: the extremes of each group, and who leaves first', () => {
  const lines = squeezed(scoresReport([{ id: 'conv1', lanes: 3, scores: new Float64Array([2, 0.5, 1]) }]));
  expect(lines[1]).toBe('conv1 | 3 | 0.5000 | 1.000 | 2.000 | 1, 2, 0');
});

test('lists of whatever there is to choose from', () => {
  const lines = squeezed(
    listReport([{ name: 'entropy', defaults: { bins: 256 }, exact: true, opsets: [1, 2], domain: '' }]),
  );
  expect(lines).toEqual([
    'name | defaults | exact | opsets | domain',
    'entropy | bins = 256 | yes | 1, 2 | -',
  ]);
});

test('JSON: typed arrays as arrays, nothing that is no JSON', () => {
  const value = {
    a: new Float64Array([1, 0.5]),
    b: new BigInt64Array([3n]),
    c: Number.NaN,
    d: 7n,
    e: [undefined],
  };
  expect(JSON.parse(toJson(value))).toEqual({ a: [1, 0.5], b: [3], c: null, d: 7, e: [null] });
});
