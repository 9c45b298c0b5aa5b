import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FileProblem } from '../problem.js';

/** What is meant as a path, whether or not something lies there. */
const PATH = /^[./\\]|^[A-Za-z]:|\.[cm]?[jt]s$/;

/**
 * The URL under which a module can be imported: of a file, else of a package that is installed where the process was started.
 * errors: FileProblem where there is neither.
 */
export async function moduleUrl(name: string): Promise<string> {
  const path = resolve(name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return pathToFileURL(path).href;
  if (PATH.test(name)) throw new FileProblem('missing', 'there is no such file');
  try {
    return pathToFileURL(createRequire(resolve('package.json')).resolve(name)).href;
  } catch (cause) {
    throw new FileProblem('missing', 'there is neither such a file nor such a package here', { cause });
  }
}
