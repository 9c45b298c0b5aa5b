import { joined } from '../base/bytes.js';
import { EspalierError } from '../base/errors.js';
import { absolutePath, kindOf, pathIn } from '../platform/index.js';

/** What stands for standard input, and for standard output. */
export const STREAM = '-';

/** A model as a command names it: a path, or what comes in through standard input. */
export type NamedModel = string | Uint8Array;

/**
 * The path as it is; for `-` all bytes of standard input.
 *
 * errors: OPTION_INVALID where nothing is piped in
 */
export async function modelNamed(name: string): Promise<NamedModel> {
  if (name !== STREAM) return name;
  if (process.stdin.isTTY)
    throw new EspalierError(
      'OPTION_INVALID',
      'the model is - , which reads standard input, and nothing is piped in',
      {},
      'Pipe a model in: espalier inspect - < model.onnx',
    );
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return joined(chunks);
}

/** Whether a name is a pattern rather than a file: `models/*.onnx`, where no file has that very name. */
async function isPattern(name: string): Promise<boolean> {
  const { isDynamicPattern } = await import('tinyglobby');
  if (!isDynamicPattern(name)) return false;
  return (await kindOf(name).catch(() => undefined)) === undefined;
}

/**
 * The models that names and patterns stand for, each once, in the order in which they are named; those of a pattern by name.
 *
 * errors: FILE_NOT_FOUND for a pattern that nothing fits
 */
export async function modelsNamed(names: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const name of names) {
    if (name === STREAM || !(await isPattern(name))) {
      found.add(name);
      continue;
    }
    const { glob } = await import('tinyglobby');
    const files = (await glob(name, { expandDirectories: false, onlyFiles: true })).sort();
    if (files.length === 0)
      throw new EspalierError('FILE_NOT_FOUND', 'no file fits the pattern', { file: name });
    for (const file of files) found.add(file);
  }
  return [...found];
}

/**
 * Where each model is written in a folder: under its own name. Where two have the same name, under their paths below the folder that all
 * of them share.
 */
export function targetsIn(folder: string, models: readonly string[]): readonly string[] {
  const paths = models.map((model) => absolutePath(model).split(/[\\/]+/));
  const names = new Set(paths.map((path) => path.at(-1)));
  let shared = 0;
  while (paths.every((path) => path.length > shared + 1 && path[shared] === paths[0]![shared])) shared += 1;
  return paths.map((path) =>
    (names.size === paths.length ? path.slice(-1) : path.slice(shared)).reduce(pathIn, folder),
  );
}
