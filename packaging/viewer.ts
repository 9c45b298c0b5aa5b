// Builds dist/viewer.html: the page that shows a report, as one file with its script and styles in it. Reports are this page with their
// data put in.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { build } from 'rolldown';
import { root } from './manifest.js';

/** What a page may weigh without its data, in bytes. */
export const MOST_BYTES = 150_000;

/** Bundles the viewer, and puts it into its page. errors: where the page is heavier than it may be. */
export async function bundleViewer(): Promise<void> {
  const { output } = await build({
    cwd: root,
    input: 'viewer/main.tsx',
    platform: 'browser',
    tsconfig: 'viewer/tsconfig.json',
    transform: { target: 'es2022' },
    treeshake: {
      moduleSideEffects: [
        { test: /[\\/]viewer[\\/]main\.tsx$/, sideEffects: true },
        { test: /./, sideEffects: false },
      ],
    },
    write: false,
    logLevel: 'warn',
    output: { format: 'esm', codeSplitting: false, minify: true },
  });
  // Nothing in a script may end the element that holds it.
  const script = output[0].code.replaceAll('</script', '<\\/script').trim();
  const css = readFileSync(join(root, 'viewer/style.css'), 'utf8');
  const style = (await transform(css, { loader: 'css', minify: true, target: 'chrome110' })).code.trim();
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = readFileSync(join(root, 'viewer/page.html'), 'utf8')
    .replace("default-src 'none'", () => policy)
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script type="module"></script>', () => `<script type="module">${script}</script>`);
  const bytes = Buffer.byteLength(page);
  if (bytes > MOST_BYTES) throw new Error(`the page of reports has ${bytes} bytes, more than ${MOST_BYTES}`);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist/viewer.html'), page);
}

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
