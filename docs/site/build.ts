/** Builds the documentation's site into docs/.vitepress/dist. Run it with `npm run site`. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeApi } from './api.js';
import { commandPages } from './commands.js';
import { chapters, placeOf } from './contents.js';
import { linked } from './links.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const docs = join(root, 'docs');
const pages = join(docs, '.vitepress/pages');

install();
rmSync(pages, { recursive: true, force: true });
mkdirSync(join(pages, 'public'), { recursive: true });
writePages();
for (const [name, text] of await commandPages()) write(`commands/${name}`, text);
writeApi(root, join(pages, 'api'));
cpSync(join(docs, 'figures'), join(pages, 'figures'), { recursive: true });
const page = join(root, 'examples/browser/dist');
if (existsSync(page)) cpSync(page, join(pages, 'public/try'), { recursive: true });
else console.warn('The page that prunes in the browser is left out: npm run build:wasm && npm run build:page');
const mode = process.argv.includes('--serve') ? 'dev' : 'build';
execFileSync(process.execPath, [join(docs, 'node_modules/vitepress/bin/vitepress.js'), mode, docs], {
  stdio: 'inherit',
});

/** Installs what builds the site, where that was not done since its lockfile changed. */
function install(): void {
  const [lock, done] = [join(docs, 'package-lock.json'), join(docs, 'node_modules/.installed-lock.json')];
  if (existsSync(done) && readFileSync(done).equals(readFileSync(lock))) return;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: docs,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  cpSync(lock, done);
}

/** Every page of the repository that the site shows. errors: a sentence for each link that leads nowhere. */
function writePages(): void {
  const own = readdirSync(docs, { recursive: true, encoding: 'utf8' })
    .map((file) => `docs/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.md') && !/node_modules|\.vitepress/.test(file));
  const files = new Set([...chapters.flatMap(({ entries }) => entries.map(({ file }) => file)), ...own]);
  const all = [...files].map((file) => ({ file, ...linked(root, file, files) }));
  const lost = all.flatMap((one) => one.lost);
  if (lost.length > 0) {
    console.error(lost.join('\n'));
    process.exit(1);
  }
  for (const { file, text } of all) write(placeOf(file), text);
}

function write(place: string, text: string): void {
  const path = join(pages, `${place}.md`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
