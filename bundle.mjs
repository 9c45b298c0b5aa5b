// Builds dist: a few files in the place of two hundred, so that the command line starts in less time.
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('.', import.meta.url)));
const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/**
 * Imports of src/platform/index.ts (and exports), as those of the files that it takes those names from. esbuild cuts chunks by files that are
 * reachable: through the index all of the platform is, so that every start would load threads, decompressors and hashes.
 */
const pastTheIndex = {
  name: 'past-the-index',
  setup({ onLoad }) {
    const index = readFileSync('src/platform/index.ts', 'utf8');
    const files = new Map(
      [...index.matchAll(/^export \{([^}]*)\} from '\.\/([^']*)';$/gm)].flatMap(([, names, file]) =>
        namesIn(names).map((name) => [name, file]),
      ),
    );
    onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /^(import|export) \{([^}]*)\} from '([./]+\/platform)\/index\.js';$/gm,
        (_, way, names, platform) => {
          const each = namesIn(names).map((name) => {
            if (!files.has(name)) throw new Error(`${path}: src/platform/index.ts exports no ${name}`);
            return `${way} { ${name} } from '${platform}/${files.get(name)}';`;
          });
          // As many lines as before, for the source maps.
          return each.join(' ') + names.replace(/[^\n]/g, '');
        },
      ),
      loader: 'ts',
    }));
  },
};

/** What a list of names between braces imports or exports, without types. */
const namesIn = (list) =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));

// Chunks are named by their content: those of the last build would stay.
rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/index.ts', 'src/cli/main.ts'],
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[hash]',
  bundle: true,
  splitting: true,
  plugins: [pastTheIndex],
  // What is needed at every start is taken in: of a schema library a few functions, of the others nothing.
  external: Object.keys({ ...dependencies, ...peerDependencies }).flatMap((name) => [name, `${name}/*`]),
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});
