import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EspalierError, option, optionAs, spokenFrom, text, warned, warningIn } from '../src/base/errors.js';

describe('an option in the words of code and of the command line', () => {
  test.each([
    [option('ratio'), 'ratio', '--ratio'],
    [option('roundTo', 1), 'roundTo: 1', '--round-to 1'],
    [option('force', true), 'force: true', '--force'],
    [option('reconstruct', false), 'reconstruct: false', '--no-reconstruct'],
    [option('policy', 'global'), "policy: 'global'", '--policy global'],
    [option('criterionOptions.millerMadow'), 'criterionOptions.millerMadow', '--miller-madow'],
    [option('guard[0].metric'), 'guard[0].metric', '--guard'],
    [optionAs('bytes', '2_000_000', '2MB'), 'bytes: 2_000_000', '--bytes 2MB'],
    [spokenFrom('Give {force: true}.'), 'Give force: true.', 'Give --force.'],
    [
      text`Give ${option('seed', 0)} or ${7}, "${'--as-it-is {force: true}'}".`,
      'Give seed: 0 or 7, "--as-it-is {force: true}".',
      'Give --seed 0 or 7, "--as-it-is {force: true}".',
    ],
  ])('%j', (words, api, cli) => {
    expect(words).toEqual({ api, cli });
  });

  test('errors and warnings are of code, and of the command line where it asks', () => {
    const error = new EspalierError(
      'OPTION_INVALID',
      text`${option('ratio')} is off`,
      { file: 'm' },
      option('ratio', 0.5),
    );
    expect(error.message).toBe('OPTION_INVALID: ratio is off\n  at m\n  ratio: 0.5');
    expect(EspalierError.onCommandLine(error).message).toBe(
      'OPTION_INVALID: --ratio is off\n  at m\n  --ratio 0.5',
    );
    const warning = warned('W', text`give ${option('data')}`);
    expect([warning.text, warningIn(warning, 'cli').text]).toEqual(['give data', 'give --data']);
  });
});

test('no text outside the command line speaks of flags by itself', () => {
  const src = join(import.meta.dirname, '..', 'src');
  const speaking = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    // What the command line prints, what makes flags of options, and what names those of package managers.
    .filter(
      (file) =>
        !/src\/(cli|report)\/|src\/base\/words\.ts$|src\/schema\/advice\.ts$|src\/platform\/node\/missing\.ts$/.test(
          file.replaceAll('\\', '/'),
        ),
    )
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line)),
    )
    .filter((line) => /['"`(\s]--[a-z]{2}|espalier (inspect|prune|score|apply) /.test(line));
  expect(speaking).toEqual([]);
});
