// What cross-building needs beside Rust: zig and cargo-zigbuild, as wheels of PyPI carry them, and Rust's libraries of the target.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { artifacts, root } from './manifest.js';

const ZIG = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.1'];
const venv = join(artifacts, 'tools/zig');

/** An environment in which cargo finds zig. It is installed into artifacts the first time, where the machine has none. */
export function withZig(): NodeJS.ProcessEnv {
  if (has('cargo-zigbuild') && has('zig', 'version')) return process.env;
  const bin = join(venv, 'bin');
  if (!existsSync(join(bin, 'cargo-zigbuild'))) {
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
    execFileSync(join(bin, 'pip'), ['install', '--quiet', ...ZIG], { stdio: 'inherit' });
  }
  return { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
}

/** Installs Rust's standard library for a target, where rustup is there and has not. */
export function addRustTarget(triple: string): void {
  spawnSync('rustup', ['target', 'add', triple], { cwd: root, stdio: 'ignore' });
}

/** Whether a program can be started. */
export const has = (program: string, argument = '--version'): boolean =>
  spawnSync(program, [argument], { stdio: 'ignore' }).status === 0;
