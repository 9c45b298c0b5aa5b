import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rows } from '../../src/ops/registry.js';

/** Every operator that onnx lists, by domain: the versions at which it changed. Written by schemas.py. */
type Versions = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

const { versions, deprecated } = JSON.parse(
  readFileSync(new URL('./schemas.json', import.meta.url), 'utf8'),
) as { readonly versions: Versions; readonly deprecated: Versions };

/** The walk reads it itself: a stored tensor by another name. */
const READ_BY_THE_WALK = new Set(['Constant']);

/** onnxruntime has these in ai.onnx as well, from opset 1 on: its optimizer writes two, the others were experiments once. */
const ONNXRUNTIMES_OWN = new Set(
  'LayerNormalization SimplifiedLayerNormalization ThresholdedRelu ScaledTanh ParametricSoftplus Affine Crop ImageScaler'.split(
    ' ',
  ),
);

const listed = Object.entries(versions).flatMap(([domain, operators]) =>
  Object.entries(operators).map(([op, since]) => ({
    op,
    domain: domain === 'ai.onnx' ? '' : domain,
    since,
    deprecated: deprecated[domain]?.[op] ?? [],
  })),
);
const DOMAINS = new Set(listed.map(({ domain }) => domain));
const rowsOf = (domain: string, op: string) => rows.filter((row) => row.domain === domain && row.op === op);
const covering = (domain: string, op: string, version: number) =>
  rowsOf(domain, op).filter(({ opsets: [first, last] }) => first <= version && version <= last);

test('every version of every operator has exactly one row', () => {
  expect(listed.length).toBeGreaterThan(200);
  const wrong = listed.flatMap(({ domain, op, since, deprecated: gone }) => {
    if (domain === '' && READ_BY_THE_WALK.has(op)) return [];
    const current = since.filter((version) => !gone.includes(version));
    return current
      .map((version) => [version, covering(domain, op, version).length])
      .filter(([, count]) => count !== 1)
      .map(([version, count]) => `${domain}:${op} ${version} has ${count} rows`);
  });
  expect(wrong).toEqual([]);
});

test('every row begins and ends where its operator changed', () => {
  const wrong = rows.flatMap(({ domain, op, opsets: [first, last] }) => {
    const operator = listed.find((own) => own.domain === domain && own.op === op);
    const isOwn = domain === '' && ONNXRUNTIMES_OWN.has(op);
    if (isOwn || !DOMAINS.has(domain)) return [];
    if (operator === undefined) return [`${domain}:${op} is not listed`];
    const begins = operator.since.includes(first);
    const ends = !Number.isFinite(last) || operator.since.includes(last + 1);
    return begins && ends ? [] : [`${domain}:${op} ${first}..${last}`];
  });
  expect(wrong).toEqual([]);
});
