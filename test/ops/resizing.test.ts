import { frozen, ruleTable } from '../support/ruleTable.js';

ruleTable('Resize', { opsets: [13, 19] }, [
  ['to sizes', { mode: 'nearest' }, '1 a 3 3, -, -, [1 5 6 6]', '1 a 6 6'],
  ['sizes that data decides', { mode: 'nearest' }, '? a 3 3, -, -, -', frozen(/sizes depend on data/)],
]);
