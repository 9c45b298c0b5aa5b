import { isRecord } from '../schema/fields.js';
import { configBeside, type ModelOrigin } from './beside.js';

/** What a model calls its classes: the number of each by its name, in lower case; empty where nothing says so. */
export async function classesOf(model: ModelOrigin): Promise<ReadonlyMap<string, number>> {
  const config = (await configBeside(model, 'config.json'))?.config;
  const { id2label, label_names: names } = config ?? {};
  if (isRecord(id2label)) return classesFrom(Object.entries(id2label));
  if (Array.isArray(names)) return classesFrom(names.map((name, index) => [index, name]));
  return classesFrom(ultralyticsNames(model.metadata.names ?? ''));
}

const classesFrom = (entries: Iterable<readonly [unknown, unknown]>): ReadonlyMap<string, number> => {
  const classes = new Map<string, number>();
  for (const [index, name] of entries)
    for (const one of spellings(String(name))) if (!classes.has(one)) classes.set(one, Number(index));
  return classes;
};

/** A name as it is, and each of its synonyms: 'tench, Tinca tinca'. */
const spellings = (name: string): readonly string[] =>
  [name, ...name.split(',')].map((one) => one.trim().toLowerCase()).filter((one) => one !== '');

/** `{0: 'person', 1: "driver's seat"}`: a dictionary as Python prints it. */
const ultralyticsNames = (text: string): readonly (readonly [string, string])[] =>
  [...text.matchAll(/(\d+)\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)].map(([, index, a, b]) => [
    index!,
    (a ?? b ?? '').replaceAll(/\\(.)/g, '$1'),
  ]);
