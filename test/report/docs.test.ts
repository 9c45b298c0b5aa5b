import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ownFlags } from '../../docs/flags.js';
import { optionTypes } from '../../docs/optionTypes.js';
import { criteria, operators } from '../../src/api/lists.js';
import { optionSets } from '../../src/options/sets.js';
import { criteriaPage } from '../../src/report/criteria.js';
import { operatorsPage } from '../../src/report/operators.js';
import { optionsPage } from '../../src/report/options.js';

test('docs/operators.md is what the rules say: `npm run docs` writes it', () => {
  const page = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8');
  expect(page).toBe(operatorsPage(operators()));
});

test('docs/criteria.md is what the criteria say: `npm run docs` writes it', () => {
  const page = readFileSync(new URL('../../docs/criteria.md', import.meta.url), 'utf8');
  expect(page).toBe(criteriaPage(criteria()));
});

test('docs/options.md is what the declarations say: `npm run docs` writes it', async () => {
  const page = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8');
  expect(page).toBe(optionsPage(optionSets, await ownFlags()));
});

test('the interfaces of options are those of the declarations: `npm run docs` writes them', () => {
  const text = readFileSync(new URL('../../src/options/interfaces.ts', import.meta.url), 'utf8');
  expect(text).toBe(optionTypes(optionSets));
});

test('every operator that is not followed says why', () => {
  const silent = operators().filter(
    ({ exact, summary }) => exact === '-' && !/^freezes .*: .+/.test(summary),
  );
  expect(silent).toEqual([]);
});
