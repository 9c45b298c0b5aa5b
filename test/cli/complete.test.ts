import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { completionsOf } from '../../src/cli/completions.js';
import { wholeProgram } from '../../src/cli/program.js';
import { espalier, folder, main } from './espalier.js';

const silent = { signal: new AbortController().signal, width: undefined, print() {}, hint() {}, fail() {} };
const program = await wholeProgram(silent);
const of = (...words: string[]) => {
  const { words: found, files } = completionsOf(program, words);
  return { words: found.map(([word]) => word), files };
};

test('commands, flags, values of flags, and files where files may stand', () => {
  expect(of('ins')).toEqual({ words: ['inspect'], files: false });
  expect(of('').words).toEqual(expect.arrayContaining(['prune', 'inspect', 'verify', 'doctor']));
  expect(of('prune', '--mac')).toEqual({ words: ['--macs'], files: false });
  expect(of('prune', 'm.onnx', '--policy', 'a')).toEqual({ words: ['allocate'], files: false });
  expect(of('prune', '--policy=a')).toEqual({ words: ['--policy=allocate'], files: false });
  expect(of('prune', '--criterion', 'entr').words).toEqual(['entropy']);
  expect(of('prune', '')).toEqual({ words: [], files: true });
  expect(of('prune', '-o', '')).toEqual({ words: [], files: true });
  expect(of('prune', '--data', '')).toEqual({ words: [], files: true });
  expect(of('prune', '--ratio', '')).toEqual({ words: [], files: false });
  expect(of('doctor', '')).toEqual({ words: [], files: false });
});

test('every flag of every command is completed', () => {
  for (const command of program.commands)
    for (const { long } of command.options)
      if (long) expect(of(command.name(), long.slice(0, -1)).words).toContain(long);
});

test('a shell asks the program, and gets what may stand there', async () => {
  const home = await folder();
  await mkdir(join(home, 'bin'));
  await writeFile(join(home, 'bin/espalier'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, {
    mode: 0o755,
  });
  await symlink(process.execPath, join(home, 'bin/node'));
  // What the package bash-completion gives, as far as it is used here.
  const words =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: they are the shell's.
    '_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=${words[cword]}; prev=${words[cword-1]}; }';
  const script = `${words}
source <(espalier complete bash)
compopt() { :; }
COMP_WORDS=(espalier prune m.onnx --mac) COMP_CWORD=3 COMPREPLY=()
__espalier_complete
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: { ...process.env, PATH: `${join(home, 'bin')}:${process.env.PATH}` },
  });
  expect(stdout).toContain('--macs');
});

test('scripts for four shells, and no other', async () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell'])
    expect(await espalier(['complete', shell])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/espalier complete['" ]+--/),
    });
  expect(await espalier(['complete', 'tcsh'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/There is bash/),
  });
});
