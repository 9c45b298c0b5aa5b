import { beforeAll, describe, expect, test } from 'vitest';
import { loadData, openModel, type Pruned, type Report, type ReportData, report } from '../../src/index.js';
import { Builder } from '../support/builder.js';
import { encodeModel } from '../support/onnx.js';

const inExamples = (name: string): string => new URL(`../../examples/${name}`, import.meta.url).pathname;
const MODEL = inExamples('lenet5_mnist.onnx');

let pruned: Pruned;
let bytes: Uint8Array;
let told: Report;
beforeAll(async () => {
  const data = await loadData(inExamples('mnist-digits.npz'));
  using model = await openModel(MODEL);
  pruned = await model.prune({ macs: 0.05, data });
  bytes = await pruned.toBytes();
  told = await report(MODEL, bytes, {
    outcome: pruned,
    data,
    labels: 'label',
    runs: 0,
    command: 'espalier prune',
  });
});

describe('what a report tells of a model that was pruned on samples', () => {
  test('sizes are those of both files', () => {
    const { original, pruned: after } = told.data;
    expect(original.size).toEqual(pruned.before);
    expect(after!.size).toEqual({ ...pruned.after, bytes: bytes.byteLength });
  });

  test('groups have the lanes of the plan, and runs that come to them', () => {
    for (const { id, kept, lanes } of pruned.plan.groups) {
      const row = told.data.groups.find((own) => own.id === id)!;
      expect(row.lanes).toEqual([lanes, kept.length]);
      expect(row.runs!.reduce((sum, run) => sum + run, 0)).toBe(lanes);
      expect(row.scores).toHaveLength(lanes);
      expect(row.entropy).toHaveLength(lanes);
      for (const [lane, bits] of row.conditional!.entries())
        expect(bits).toBeLessThanOrEqual(row.entropy![lane]! + 1e-6);
    }
  });

  test('what nodes and tensors cost is what the model costs', () => {
    const { nodes, tensors, original, pruned: after } = told.data;
    for (const [side, { size }] of [original, after!].entries()) {
      expect(nodes.reduce((sum, { macs }) => sum + macs[side]!, 0)).toBe(size.macs);
      expect(nodes.reduce((sum, { params }) => sum + params[side]!, 0)).toBe(size.params);
      expect(tensors.reduce((sum, own) => sum + own.bytes[side]!, 0)).toBeLessThanOrEqual(size.bytes);
    }
  });

  test('every cut axis of a tensor says which indices stay', () => {
    const cut = told.data.tensors.filter(({ cuts }) => cuts !== undefined);
    expect(cut.map(({ name }) => name).sort()).toEqual(Object.keys(pruned.plan.tensors).sort());
    for (const { dims, left, cuts } of cut)
      for (const { axis, runs } of cuts!) {
        expect(runs!.reduce((sum, run) => sum + run, 0)).toBe(dims[axis]);
        expect(runs!.reduce((sum, run, index) => sum + (index % 2 === 0 ? run : 0), 0)).toBe(left![axis]);
      }
  });

  test('edges join nodes from the input to the output', () => {
    const { nodes, edges } = told.data;
    const readers = new Set(edges.map(([, to]) => to));
    // Only the first node reads what no node makes.
    expect(nodes.map((_, index) => index).filter((index) => !readers.has(index))).toEqual([0]);
    for (const [from, to] of edges) expect(from).toBeLessThan(to);
  });

  test('samples whose answers changed are shown with what either model says', () => {
    const { samples, scores } = told.data;
    const same = scores.find(({ kind }) => kind === 'top1')!;
    expect(samples!.kind).toBe('classes');
    expect(samples!.changed).toBe(Math.round((1 - same.value) * samples!.looked));
    expect(samples!.shown.length).toBeGreaterThan(0);
    for (const { answers, input, label } of samples!.shown) {
      const [a, b] = answers.map(({ classes }) => classes![0]!.class);
      expect(a).not.toBe(b);
      expect(label).toBeGreaterThanOrEqual(0);
      expect(input).toMatchObject({ form: 'image', width: 28, height: 28, channels: 1 });
    }
  });

  test('choices, intervals and how it was made are there', () => {
    const { curves, scores, made } = told.data;
    for (const { unit, amounts, chosen } of curves!)
      expect(told.data.groups.find(({ id }) => id === unit)!.lanes[1]).toBe(amounts[chosen]);
    for (const { value, interval } of scores) {
      expect(interval![0]).toBeLessThanOrEqual(value);
      expect(interval![1]).toBeGreaterThanOrEqual(value);
    }
    expect(made).toMatchObject({ command: 'espalier prune', plan: { made: pruned.plan.made } });
  });
});

test('without a plan the files tell how many lanes are left', async () => {
  const { data } = await report(MODEL, bytes, { compare: false });
  const lanes = ({ groups }: ReportData) => groups.map((own) => [own.id, own.lanes]);
  expect(lanes(data)).toEqual(lanes(told.data));
  expect(data.verification).toBeUndefined();
});

test('a plan of another model is refused', async () => {
  const other = { ...pruned.plan, model: { ...pruned.plan.model, sha256: '0'.repeat(64) } };
  await expect(report(MODEL, bytes, { plan: other })).rejects.toMatchObject({ code: 'PLAN_STALE' });
});

test('options are checked before anything is opened', async () => {
  await expect(report('nothing.onnx', undefined, { plan: 3 as never })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  await expect(report('nothing.onnx', undefined, { labels: 'y' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  await expect(report('nothing.onnx', undefined)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});

test('the page holds the data, and no name can end the element that holds them', async () => {
  const hostile = '</script><script>alert(1)</script><!--\u2028\u202e';
  const b = new Builder();
  const hidden = b.node('Relu', `${hostile}relu`, [
    b.node('MatMul', hostile, ['x', b.weight(`${hostile}w`, [8, 16])]),
  ]);
  b.node('MatMul', 'y', [hidden, b.weight('v', [16, 4])]);
  const model = encodeModel({
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 8] }],
    outputs: [{ name: 'y', shape: ['n', 4] }],
  });
  const { html } = await report(model, undefined, { command: hostile });
  const page = await html();
  const [, json] = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(page)!;
  const data = JSON.parse(json!) as ReportData;
  expect(data.nodes.map(({ name }) => name)).toContain(hostile);
  expect(data.made.command).toBe(hostile);
  expect(page.match(/<script/g)).toHaveLength(2);
});
