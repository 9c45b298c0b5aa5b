import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldAlike, skeletonOf } from '../../src/report/alike.js';

const fold = (names: readonly string[], cells: (name: string) => readonly string[] = () => []) =>
  foldAlike(names, (name) => name, cells).map(({ name, all }) => [name, all.length]);

test('names that differ in numbers only are one row, where the first of them stood', () => {
  const blocks = Array.from({ length: 12 }, (_, i) => [`layer.${i}.query`, `layer.${i}.key`]).flat();
  expect(fold(['stem', ...blocks, 'head'])).toEqual([
    ['stem', 1],
    ['layer.{0-11}.query', 12],
    ['layer.{0-11}.key', 12],
    ['head', 1],
  ]);
  expect(fold(['layer1.0.conv1', 'layer1.1.conv1', 'layer2.0.conv1', 'layer4.0.conv1'])).toEqual([
    ['layer{1,2,4}.{0,1}.conv1', 4],
  ]);
});

test('rows whose cells differ stay apart', () => {
  expect(fold(['a.0', 'a.1', 'a.2'], (name) => [name === 'a.1' ? '64' : '32'])).toEqual([
    ['a.{0,2}', 2],
    ['a.1', 1],
  ]);
});

test('no row is lost, and those of one have one skeleton', () => {
  const name = fc.stringMatching(/^[a-c]{0,2}\d{0,2}[a-c.]{0,2}\d{0,2}$/);
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const folded = foldAlike(
        names,
        (own) => own,
        (own) => [String(own.length % 2)],
      );
      expect(folded.flatMap(({ all }) => all).sort()).toEqual([...names].sort());
      for (const { all } of folded) expect(new Set(all.map(skeletonOf)).size).toBe(1);
    }),
  );
});
