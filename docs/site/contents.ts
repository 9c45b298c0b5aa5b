/** A page of the site: the file of the repository that it is written in. */
export interface Entry {
  readonly text: string;
  readonly file: string;
}

/** What the site's menu lists, in this order. */
export interface Chapter {
  readonly text: string;
  readonly entries: readonly Entry[];
}

const entry = (text: string, file: string): Entry => ({ text, file });

/** The chapters, without those that are written by programs: commands and the API. */
export const chapters: readonly Chapter[] = [
  {
    text: 'Getting started',
    entries: [
      entry('Which way is yours', 'docs/start/index.md'),
      entry('A Node service', 'docs/start/node.md'),
      entry('A web page', 'docs/start/web.md'),
      entry('An Electron app', 'docs/start/electron.md'),
      entry('Research', 'docs/start/research.md'),
      entry('Installing', 'docs/install.md'),
    ],
  },
  {
    text: 'Guide',
    entries: [
      entry('Using it', 'docs/usage.md'),
      entry('The command line', 'docs/command-line.md'),
      entry('Samples', 'docs/samples.md'),
      entry('The report', 'docs/report.md'),
      entry('The plan', 'docs/plan.md'),
      entry('In a browser', 'docs/browser.md'),
      entry('Questions', 'docs/faq.md'),
      entry('Error codes', 'docs/errors.md'),
    ],
  },
  {
    text: 'Recipes',
    entries: [
      entry('Detector', 'docs/recipes/detector.md'),
      entry('Vision transformer', 'docs/recipes/vit.md'),
      entry('Sentence encoder', 'docs/recipes/sentences.md'),
      entry('Speech', 'docs/recipes/speech.md'),
      entry('Quantised model', 'docs/recipes/quantised.md'),
      entry('Language model', 'docs/recipes/decoder.md'),
    ],
  },
  {
    text: 'How it works',
    entries: [
      entry('How it chooses', 'docs/information.md'),
      entry('First steps, by hand', 'examples/first-steps/README.md'),
      entry('Limits', 'docs/limits.md'),
      entry('Comparison', 'docs/comparison.md'),
      entry('Benchmarks', 'benches/README.md'),
      entry('What it prunes', 'docs/coverage.md'),
      entry('Conformance', 'docs/conformance.md'),
      entry('Files that are not trusted', 'docs/hostile.md'),
    ],
  },
  {
    text: 'Reference',
    entries: [
      entry('Options', 'docs/options.md'),
      entry('Criteria', 'docs/criteria.md'),
      entry('Operators', 'docs/operators.md'),
      entry('Extending', 'docs/extending.md'),
      entry('Versions', 'docs/versions.md'),
    ],
  },
  {
    text: 'Project',
    entries: [
      entry('Examples', 'examples/README.md'),
      entry('Electron example', 'examples/electron/README.md'),
      entry('Browser example', 'examples/browser/README.md'),
      entry('Architecture', 'ARCHITECTURE.md'),
      entry('Contributing', 'CONTRIBUTING.md'),
      entry('Security', 'SECURITY.md'),
      entry('Changes', 'CHANGELOG.md'),
    ],
  },
];

/** Where a page of the repository lies on the site, without its ending. */
export function placeOf(file: string): string {
  const known: Readonly<Record<string, string>> = {
    'README.md': 'index',
    'benches/README.md': 'project/benchmarks',
    'examples/README.md': 'examples/index',
  };
  const example = /^examples\/([\w-]+)\/README\.md$/.exec(file)?.[1];
  if (example !== undefined) return `examples/${example}`;
  if (file.startsWith('docs/')) return file.slice('docs/'.length, -'.md'.length);
  return known[file] ?? `project/${file.slice(0, -'.md'.length).toLowerCase()}`;
}
