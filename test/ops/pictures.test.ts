import { describe, expect, test } from 'vitest';
import { rows } from '../../src/ops/registry.js';
import { broken, drawn, type Picture, parsePictures } from '../support/pictures.js';
import { innerRows, type WrittenRow, writtenRows } from '../support/ruleDocs.js';

const written = writtenRows();

test('every row whose rule is followed is read here', () => {
  const followed = rows.filter(({ rule }) => !rule.says.startsWith('freezes'));
  const key = ({ domain, op, opsets }: { domain: string; op: string; opsets: readonly number[] }): string =>
    `${domain}:${op} ${opsets[0]}..${opsets[1]}`;
  expect(written.map(key).sort()).toEqual(followed.map(key).sort());
});

const FOR_READERS = ['bodies.ts: loop', 'bodies.ts: scan'];

test('few pictures are for readers alone, each with its reason', () => {
  const unchecked = written.flatMap(({ doc }) => (doc?.unchecked === undefined ? [] : [doc.place]));
  expect([...new Set(unchecked)].sort()).toEqual(FOR_READERS);
});

/** The cases of a row's picture that are of its operator. */
const picturesOf = ({ op, doc }: WrittenRow): Picture[] =>
  parsePictures(doc?.picture ?? []).filter(({ notes: { only } }) => only === undefined || only.includes(op));

const checked = [...written, ...innerRows()].filter(({ doc }) => doc?.unchecked === undefined);

describe.each(
  checked.map((row) => [`${row.domain || 'ai.onnx'}.${row.op} ${row.opsets[0]}..`, row] as const),
)('%s', (_, row) => {
  test(`is as the picture above ${row.rule} has it`, () => {
    expect(row.doc, `no comment above ${row.rule} has a picture`).toBeDefined();
    const pictures = picturesOf(row);
    expect(pictures.length, 'no case of the picture is of this operator').toBeGreaterThan(0);
    for (const picture of pictures) {
      const { said, found } = drawn(picture, row);
      expect(found, `${row.doc!.place}: ${picture.text}`).toBe(said);
    }
  });

  test('is not as it is where a letter of the picture is another, frozen, or not frozen', () => {
    for (const picture of picturesOf(row))
      for (const wrong of broken(picture)) {
        const { said, found } = drawn(wrong, row);
        expect(found, `${row.doc!.place}: ${wrong.text}`).not.toBe(said);
      }
  });
});

const CONCAT = { domain: '', op: 'Concat', opsets: [4, Number.POSITIVE_INFINITY] } as const;

test.each([
  ['end to end', 'a [n a h], b [n c h]  ->  y [n a+c h]  (axis = 1)', true],
  ['the other way round', 'a [n a h], b [n c h]  ->  y [n c+a h]  (axis = 1)', false],
  ['a part is missing', 'a [n a h], b [n c h]  ->  y [n a h]  (axis = 1)', false],
  ['another axis is joined', 'a [n a h], b [n c h]  ->  y [n a+c h]  (axis = 2)', false],
  ['an axis too many', 'a [n a h], b [n c h]  ->  y [n a+c h 1]  (axis = 1)', false],
  ['a product', 'a [n a h], b [n c h]  ->  y [n a*c h]  (axis = 1)', false],
  ['a number in the place of lanes', 'a [n a h], b [n c h]  ->  y [n a+c 17]  (axis = 1)', false],
  ['a length that is not known', 'a [n a ?], b [n c ?]  ->  y [n a+c ?]  (axis = 1)', true],
  ['two of a kind', 'x_i [n a_i h]  ->  y [n Σa_i h]  (axis = 1)', true],
  ['any axes in front', 'a [… a], b [… c]  ->  y [… a+c]  (axis = -1)', true],
])('a picture of %s', (_, text, isRight) => {
  const [picture] = parsePictures([text]);
  const { said, found } = drawn(picture!, CONCAT);
  if (isRight) expect(found).toBe(said);
  else expect(found).not.toBe(said);
});

test('a rule that freezes its node is as no picture has it', () => {
  const [picture] = parsePictures(['a [n a h], b [n c]  ->  y [n a+c h]  (axis = 1)']);
  expect(drawn(picture!, CONCAT).found).toMatch(/^frozen: its inputs have ranks 3 and 2/);
});

test.each([
  ['x [n c]', /no one arrow/],
  ['x [n c²]  ->  y [n c]', /"c²" in "x \[n c²\]" is no factor/],
  ['x  ->  y [n c]', /"x" is no operand/],
  ['x [n c]  ->  y (3)', /"y \(3\)" has no axes/],
  ['x [n c], k (many,)  ->  y [n c]', /"many," in "k \(many,\)" is no number/],
  ['x [n c]  ->  y [n c]  (where c is 3)', /"where c is 3" is no note/],
])('"%s" is no picture', (text, problem) => {
  expect(() => parsePictures([text])).toThrow(problem);
});
