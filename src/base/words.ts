/**
 * Words that are written once and read in code and on a command line alike. Where a text names an option or a call, it holds both
 * ways to say it: `ratio: 0.5` and `--ratio 0.5`, `model.inspect()` and `espalier inspect`.
 */
export interface Spoken {
  readonly api: string;
  readonly cli: string;
}

/** Who is spoken to: a program that calls the library, or a person at the command line. */
export type Surface = keyof Spoken;

/** A message in the words of one surface, API or command line; a plain string is the same in both. */
export const spokenIn = (words: string | Spoken, surface: Surface): string =>
  typeof words === 'object' && words !== null ? words[surface] : String(words);

/** A text with options and calls in it: text`Give ${option('ratio', 0.5)}.` What is no `Spoken` is taken as it is. */
export function text(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Spoken)[]
): Spoken {
  const say = (surface: Surface): string =>
    strings
      .map((before, i) => {
        const value = values[i];
        if (value === undefined) return before;
        return before + (typeof value === 'object' ? value[surface] : value);
      })
      .join('');
  return { api: say('api'), cli: say('cli') };
}

/** Several, joined as strings are. */
export const joined = (all: readonly (string | Spoken)[], by: string): Spoken => ({
  api: all.map((words) => spokenIn(words, 'api')).join(by),
  cli: all.map((words) => spokenIn(words, 'cli')).join(by),
});

/**
 * An option, with a value where one is to be given: `force: true` is `--force`, `reconstruct: false` is `--no-reconstruct`.
 *
 * `path`: as code names it, such as `roundTo`, `criterionOptions.bins` or `guard[0].metric`; a flag stands for all that is in an option.
 */
export function option(path: string, value?: string | number | boolean): Spoken {
  if (value === undefined) return { api: path, cli: flagOf(path) };
  if (value === false) return { api: `${path}: false`, cli: `--no-${flagOf(path).slice(2)}` };
  return optionAs(path, literal(value), value === true ? '' : String(value));
}

/** An option that is spoken of in documentation, where names of code stand in backticks. */
export const quoted = (path: string, value?: string | number | boolean): Spoken => {
  const { api, cli } = option(path, value);
  return { api: `\`${api}\``, cli };
};

/** The same with a value that the surfaces write differently, each as it stands there. */
export const optionAs = (path: string, api: string, cli: string): Spoken => ({
  api: `${path}: ${api}`,
  cli: `${flagOf(path)} ${cli}`.trimEnd(),
});

function flagOf(path: string): string {
  const own = path.replace(/^criterionOptions\./, '').replace(/[.[].*$/s, '');
  return `--${own.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

/** A call of the library that is a command too. */
export const command = {
  inspect: { api: 'model.inspect()', cli: 'espalier inspect' },
  score: { api: 'model.score()', cli: 'espalier score without --group' },
  plan: { api: 'model.plan()', cli: 'espalier prune MODEL --plan FILE --dry-run' },
  criteria: { api: 'criteria()', cli: 'espalier criteria' },
  register: { api: 'registerOperator()', cli: '--plugin FILE' },
} as const satisfies Readonly<Record<string, Spoken>>;

/** What errors of the addon write as `{force: true}`: it knows the option, and neither surface. */
export function spokenFrom(marked: string): string | Spoken {
  const marks = [...marked.matchAll(/\{(\w+): (true|false|\w+)\}/g)];
  if (marks.length === 0) return marked;
  const say = (surface: Surface): string =>
    marks.reduce((words, [mark, name, value]) => {
      const given = value === 'true' ? true : value === 'false' ? false : value;
      return words.replace(mark!, option(name!, given)[surface]);
    }, marked);
  return { api: say('api'), cli: say('cli') };
}
