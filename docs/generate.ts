/** Writes the pages of the documentation that are printed from the code. Run it with `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { operators } from '../src/api/lists.js';
import { operatorsPage } from '../src/report/operators.js';

writeFileSync(new URL('./operators.md', import.meta.url), operatorsPage(operators()));
