import { expect, test } from 'vitest';
import { option } from '../../src/base/words.js';
import { criteria } from '../../src/index.js';
import * as schemas from '../../src/options/schemas.js';
import { verifyOptions } from '../../src/verify/options.js';
import { espalier } from './espalier.js';

/** What only a program can give. */
const IN_CODE = new Set(['signal', 'onProgress', 'runtime', 'criterionOptions']);
/** How the command line itself behaves. */
const OF_COMMANDS = ['quiet', 'json', 'help'];
const ofCriteria = criteria().flatMap(({ defaults }) => Object.keys(defaults));

/** Each command: the options of the calls that it is, and flags that say what becomes of their results. */
test.each([
  ['inspect', [schemas.inspectOptions], []],
  [
    'prune',
    [schemas.planOptions, schemas.saveOptions],
    [...ofCriteria, 'output', 'plan', 'dryRun', 'stability'],
  ],
  ['apply', [schemas.applyOptions, schemas.saveOptions], ['output']],
  ['score', [schemas.scoreOptions, schemas.saveOptions], [...ofCriteria, 'group', 'weights']],
  ['tree', [schemas.treeOptions], ['all']],
  ['verify', [verifyOptions], []],
] as const)('%s takes what its calls take, and nothing else', async (command, calls, own) => {
  const { code, stdout } = await espalier([command, '--help']);
  expect(code).toBe(0);
  const found = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) =>
    flag!.replace(/^--no-/, '--'),
  );
  const taken = calls.flatMap(({ names }) => names).filter((name) => !IN_CODE.has(name));
  const flags = [...taken, ...own, ...OF_COMMANDS].map((name) => option(name).cli);
  expect([...new Set(found)].sort()).toEqual([...new Set(flags)].sort());
});
