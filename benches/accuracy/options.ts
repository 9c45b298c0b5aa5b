import { parseArgs } from 'node:util';
import { criteria } from '../../src/index.js';
import { shared } from '../../test/runtime/models.js';
import type { Method } from './cells.js';

export interface Options {
  /** Nothing where only the zoo is wanted. */
  readonly models: string | undefined;
  readonly zoo: string | undefined;
  readonly wanted: (model: string) => boolean;
  /** Percent removed. */
  readonly cells: readonly number[] | undefined;
  /** Nothing where nothing was said of them. */
  readonly methods: readonly Method[] | undefined;
  readonly seeds: number;
  /** Of the test set. */
  readonly samples: number;
  readonly json: string | undefined;
  readonly python: string;
}

/** errors: what is not understood, in words. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ models: text, model: text, zoo: text, cells: text, criteria: text, reconstruct: text },
      ...{ policies: text, seeds: text, samples: text, json: text, python: text },
    },
  });
  const list = (given: string | undefined): readonly string[] | undefined => given?.split(',');
  const number = (name: string, given: string): number => {
    if (!/^\d+$/.test(given)) throw new Error(`--${name} must be whole numbers, not ${given}`);
    return Number(given);
  };
  const { models, zoo, reconstruct, policies } = values;
  const said = [values.criteria, reconstruct, policies].some((given) => given !== undefined);
  const methods = (list(policies) ?? ['global', 'allocate']).flatMap((policy) =>
    (list(reconstruct) ?? ['off', 'on']).flatMap((refit) =>
      (list(values.criteria) ?? criteria().map(({ name }) => name)).map((criterion) => ({
        criterion,
        policy,
        reconstruct: refit === 'on',
      })),
    ),
  );
  return {
    models: models ?? (zoo === undefined ? shared('models') : undefined),
    zoo,
    wanted: matcher(values.model ?? '*'),
    cells: list(values.cells)?.map((given) => number('cells', given)),
    methods: said || zoo === undefined ? methods : undefined,
    seeds: number('seeds', values.seeds ?? '1'),
    samples: number('samples', values.samples ?? '1000000'),
    json: values.json,
    python: values.python ?? 'python3',
  };
}

/** Globs with commas between them. */
function matcher(globs: string): (name: string) => boolean {
  const escaped = (glob: string): string =>
    glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
  const patterns = globs.split(',').map((glob) => new RegExp(`^${escaped(glob)}$`));
  return (name) => patterns.some((pattern) => pattern.test(name));
}
