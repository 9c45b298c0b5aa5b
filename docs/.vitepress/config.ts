import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type MarkdownRenderer } from 'vitepress';
import { anchor } from '../site/anchors';
import { chapters, placeOf } from '../site/contents';

const pages = fileURLToPath(new URL('./pages', import.meta.url));
const link = (file: string): string => `/${placeOf(file)}`.replace(/\/index$/, '/');

/** Pages that no chapter names, such as one that is new, are in the menu all the same. */
const named = new Set(chapters.flatMap(({ entries }) => entries.map(({ file }) => `${placeOf(file)}.md`)));
const others = readdirSync(pages).filter((file) => file.endsWith('.md') && file !== 'index.md' && !named.has(file));

const listed = (folder: string): { text: string; link: string }[] =>
  readdirSync(`${pages}/${folder}`)
    .filter((file) => file.endsWith('.md') && file !== 'index.md')
    .sort()
    .map((file) => ({ text: file.slice(0, -3), link: `/${folder}/${file.slice(0, -3)}` }));

const kinds = ['functions', 'classes', 'interfaces', 'type-aliases', 'variables'];
const api = kinds
  .filter((kind) => existsSync(`${pages}/api/${kind}`))
  .map((kind) => ({
    text: `${kind[0]!.toUpperCase()}${kind.slice(1).replace('-', ' ')}`,
    collapsed: kind !== 'functions' && kind !== 'classes',
    items: listed(`api/${kind}`),
  }));

const chapter = chapters.map(({ text, entries }) => ({
  text,
  collapsed: text === 'Project',
  items: entries.map((entry) => ({ text: entry.text, link: link(entry.file) })),
}));
chapter.find(({ text }) => text === 'Guide')!.items.push(
  ...others.map((file) => ({ text: file.slice(0, -3), link: `/${file.slice(0, -3)}` })),
);
chapter.find(({ text }) => text === 'Reference')!.items.unshift(
  { text: 'Command line', link: '/commands/' },
  { text: 'API', link: '/api/' },
);

/** Marks code within sentences that is short enough to stay on one line. */
function markShortCode({ renderer }: MarkdownRenderer): void {
  const plain = renderer.rules.code_inline!;
  renderer.rules.code_inline = (tokens, at, ...rest) => {
    if (tokens[at]!.content.length <= 24) tokens[at]!.attrJoin('class', 'short');
    return plain(tokens, at, ...rest);
  };
}

export default defineConfig({
  title: 'Espalier',
  description: 'Structured pruning of ONNX models: smaller, faster models that still do their job.',
  lang: 'en',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: '.vitepress/pages',
  outDir: '.vitepress/dist',
  cacheDir: '.vitepress/cache',
  // Served from any folder of any server.
  base: process.env.SITE_BASE ?? '/',
  ignoreDeadLinks: [/^\/try\//],
  // What is searched is one file, which loads when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  markdown: { anchor: { slugify: anchor }, toc: { slugify: anchor }, theme: { light: 'github-light-high-contrast', dark: 'github-dark' }, config: markShortCode },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start/', activeMatch: '^/start/' },
      { text: 'Recipes', link: '/recipes/detector', activeMatch: '^/recipes/' },
      { text: 'How it chooses', link: '/information' },
      { text: 'Commands', link: '/commands/', activeMatch: '^/commands/' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      ...(existsSync(`${pages}/public/try`) ? [{ text: 'Try it', link: '/try/index.html', target: '_self' }] : []),
    ],
    sidebar: {
      '/commands/': [{ text: 'Command line', link: '/commands/', items: listed('commands') }, ...chapter],
      '/api/': [{ text: 'API', link: '/api/', items: [] }, ...api],
      '/': chapter,
    },
    outline: [2, 3],
    search: { provider: 'local' },
    footer: { message: 'MIT licence' },
  },
});
