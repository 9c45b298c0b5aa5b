/** Writes the pages of the documentation that are printed from the code. Run it with `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { criteria, operators } from '../src/api/lists.js';
import { criteriaPage } from '../src/report/criteria.js';
import { operatorsPage } from '../src/report/operators.js';

writeFileSync(new URL('./operators.md', import.meta.url), operatorsPage(operators()));
writeFileSync(new URL('./criteria.md', import.meta.url), criteriaPage(criteria()));
