import { describe, expect, test } from 'vitest';
import { espalier } from './espalier.js';

describe('wrong usage: exit code 2, one clear sentence, before any file is opened', () => {
  const prune = ['prune', 'nowhere.onnx', '-o', 'out.onnx'];
  test.each<[string, string[], RegExp]>([
    ['no command', [], /Usage: espalier/],
    ['an unknown command', ['prun'], /unknown command 'prun'[\s\S]*Did you mean prune\?/],
    ['an unknown option', [...prune, '--rato', '0.5'], /unknown option '--rato'\n\(Did you mean --ratio\?\)/],
    ['no model', ['inspect'], /missing required argument 'MODEL'/],
    ['one model to compare', ['verify', 'a.onnx'], /missing required argument 'PRUNED'/],
    [
      'a ratio beyond 1',
      [...prune, '--ratio', '1.5'],
      /--ratio must be a number between 0 and 1, both exclusive, not 1\.5/,
    ],
    ['a ratio that is no number', [...prune, '--ratio', 'half'], /"half" is not a number/],
    ['a budget beyond 1', [...prune, '--macs', '1.5'], /macs must be a fraction/],
    ['bytes that are none', [...prune, '--bytes', '2 XB'], /Give it like 2MB/],
    ['two amounts', [...prune, '--ratio', '0.5', '--macs', '0.5'], /a ratio and a budget/],
    ['no amount', prune, /nothing says how much to remove/],
    [
      'an unknown criterion',
      [...prune, '--ratio', '0.5', '--criterion', 'entrpy'],
      /There is entropy, .*Did you mean entropy\?/,
    ],
    ['an unknown policy', [...prune, '--ratio', '0.5', '--policy', 'glob'], /There is uniform, global/],
    ['too few bins', [...prune, '--ratio', '0.5', '--bins', '1'], /bins must be a whole number from 2/],
    [
      'bins for a criterion without',
      [...prune, '--ratio', '0.5', '--criterion', 'l1', '--bins', '8'],
      /l1 has no option "bins"/,
    ],
    ['no threads', [...prune, '--ratio', '0.5', '--threads', '0'], /whole number from 1 to 1024/],
    ['no output', ['prune', 'nowhere.onnx', '--ratio', '0.5'], /no output is given/],
    [
      'labels without data',
      [...prune, '--ratio', '0.5', '--labels', 'y'],
      /--labels names an array in --data/,
    ],
    [
      'labels without data to compare',
      ['verify', 'package.json', 'package.json', '--labels', 'y', '--runs', '-1'],
      /whole number/,
    ],
    [
      'the model as output',
      ['prune', 'package.json', '-o', './package.json', '--ratio', '0.5', '--force'],
      /would overwrite/,
    ],
    [
      'no output to apply to',
      ['apply', 'a.onnx', 'plan.json'],
      /required option '-o, --output <OUT>' not specified/,
    ],
  ])('%s', async (_, args, words) => {
    const { code, stdout, stderr } = await espalier(args);
    expect(stderr).toMatch(words);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('with --json the error is one document on stdout', async () => {
    const { code, stdout } = await espalier([...prune, '--ratio', '1.5', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'OPTION_INVALID',
        what: '--ratio must be a number between 0 and 1, both exclusive, not 1.5',
        where: {},
        todo: expect.any(String),
      },
    });
    const unknown = await espalier(['inspect', '--json']);
    expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { code: 'OPTION_INVALID' } });
  });
});

describe('help', () => {
  test('of the whole, and of each command', async () => {
    const { code, stdout } = await espalier(['--help']);
    expect(code).toBe(0);
    const commands = ['inspect', 'prune', 'apply', 'verify', 'score', 'criteria', 'policies', 'operators'];
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    for (const command of commands) {
      const help = await espalier([command, '--help']);
      expect(help.code).toBe(0);
      expect(help.stdout).toContain(`Usage: espalier ${command}`);
    }
  });

  test('the options of the contract are those of prune', async () => {
    const { stdout } = await espalier(['prune', '--help']);
    for (const flag of [
      ...[
        '--ratio',
        '--macs',
        '--params',
        '--bytes',
        '--criterion',
        '--policy',
        '--data',
        '--labels',
        '--exact',
      ],
      ...[
        '--round-to',
        '--keep',
        '--plan',
        '--dry-run',
        '--seed',
        '--threads',
        '--force',
        '--quiet',
        '--json',
      ],
      ...['--latency', '--guard', '--stability'],
      ...['-o, --output', '--bins', '--miller-madow'],
    ])
      expect(stdout).toContain(flag);
  });

  test('the version', async () => {
    expect(await espalier(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe('what there is to choose from', () => {
  test.each([
    ['criteria', 'entropy'],
    ['policies', 'uniform'],
    ['operators', 'Conv'],
  ])('%s, as a table and as JSON', async (command, name) => {
    const text = await espalier([command]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain(name);
    const json = await espalier([command, '--json']);
    const rows = JSON.parse(json.stdout) as Record<string, unknown>[];
    expect(rows.some((row) => row.name === name || row.op === name)).toBe(true);
  });
});
