import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { parse, resolve, sep } from 'node:path';
import type * as Addon from '../../../index.d.ts';
import { type Files, instantiate } from '../wasm/instantiate.js';

/** Where the package has it. */
const FILE = './native/espalier.wasm';

/** The file of the addon's WebAssembly, looked for from a file of this package on; undefined where there is none. */
export function wasmFile(from: string): string | undefined {
  try {
    return createRequire(from).resolve(FILE);
  } catch {
    return undefined;
  }
}

/** The addon from its WebAssembly, for a system that no package has an addon for. It sees all files, as the process does. */
export function wasmAddon(file: string): typeof Addon {
  const { root } = parse(process.cwd());
  const addon = instantiate(new WebAssembly.Module(fs.readFileSync(file)), files, root);
  const { openFile } = addon;
  const Model = addon.Model.prototype;
  const { save, writeTerms } = Model;
  addon.openFile = (path, job) => openFile(absolute(path), job);
  Model.save = function (path, ...rest) {
    return save.call(this, absolute(path), ...rest);
  };
  Model.writeTerms = function (path, ...rest) {
    return writeTerms.call(this, absolute(path), ...rest);
  };
  return addon;
}

/** As `node:fs`, but that a link leads to a whole path: what reads links here takes them for one. */
const files = {
  ...fs,
  readlinkSync: (path: string) => {
    fs.readlinkSync(path);
    return fs.realpathSync(path);
  },
} as unknown as Files;

/** WebAssembly knows no folder that a process is in, and one separator. */
const absolute = (path: string): string => resolve(path).replaceAll(sep, '/');
