import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { criteria, operators } from '../../src/api/lists.js';
import { criteriaPage } from '../../src/report/criteria.js';
import { operatorsPage } from '../../src/report/operators.js';

test('docs/operators.md is what the rules say: `npm run docs` writes it', () => {
  const page = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8');
  expect(page).toBe(operatorsPage(operators()));
});

test('docs/criteria.md is what the criteria say: `npm run docs` writes it', () => {
  const page = readFileSync(new URL('../../docs/criteria.md', import.meta.url), 'utf8');
  expect(page).toBe(criteriaPage(criteria()));
});

test('every operator that is not followed says why', () => {
  const silent = operators().filter(
    ({ exact, summary }) => exact === '-' && !/^freezes .*: .+/.test(summary),
  );
  expect(silent).toEqual([]);
});
