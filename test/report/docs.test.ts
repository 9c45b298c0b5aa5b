import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operators } from '../../src/api/lists.js';
import { operatorsPage } from '../../src/report/operators.js';

test('docs/operators.md is what the rules say: `npm run docs` writes it', () => {
  const page = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8');
  expect(page).toBe(operatorsPage(operators()));
});

test('every operator that is not followed says why', () => {
  const silent = operators().filter(
    ({ exact, summary }) => exact === '-' && !/^freezes .*: .+/.test(summary),
  );
  expect(silent).toEqual([]);
});
