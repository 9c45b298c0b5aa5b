import { ruleTable } from '../support/ruleTable.js';

ruleTable('Pad', { opsets: [10] }, [['space, by attribute', { pads: [0, 0, 1, 0, 0, 1] }, '? a 3', '? a 5']]);
ruleTable('Pad', { opsets: [11, 13, 18] }, [
  ['space', {}, '? a 3, [0 0 1 0 0 1]', '? a 5'],
  ['space, mirrored', { mode: 'reflect' }, '? a 3, [0 0 1 0 0 1]', '? a 5'],
]);
ruleTable('Tile', { opsets: [9, 13] }, [['along lanes', {}, '? a 3, [1 2 1]', '? 2*a 3']]);
