/** Writes what is printed from the code: pages of the documentation, and the types of options. Run it with `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { criteria, operators } from '../src/api/lists.js';
import { optionSets } from '../src/options/sets.js';
import { criteriaPage } from '../src/report/criteria.js';
import { operatorsPage } from '../src/report/operators.js';
import { optionsPage } from '../src/report/options.js';
import { ownFlags } from './flags.js';
import { optionTypes } from './optionTypes.js';

const write = (path: string, text: string): void => writeFileSync(new URL(path, import.meta.url), text);

write('../src/options/interfaces.ts', optionTypes(optionSets));
write('./operators.md', operatorsPage(operators()));
write('./criteria.md', criteriaPage(criteria()));
write('./options.md', optionsPage(optionSets, await ownFlags()));
