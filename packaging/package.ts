// Makes the npm packages of a release: tarballs in artifacts, of the package itself and of the addon of each target that can be built
// on this machine.
//
//   npm run package -- [--targets linux-x64-gnu,darwin-arm64] [--here] [--release] [--addons FOLDER]
//
//   --targets A,B    these alone; by default all
//   --here           the addon of this machine alone, as `npm run build` has left it in native
//   --release        every addon of a release; where one is missing, it fails
//   --addons FOLDER  addons that were built elsewhere, and are not built again: FOLDER/**/espalier.TARGET.node
//
// The package itself has to be built: npm run build:ts, and npm run build:wasm. On Linux, zig builds for every Linux and for macOS; it is installed into
// artifacts. Windows' own targets are built on Windows.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { TARGETS, type Target } from '../src/platform/node/targets.js';
import { type Built, buildAddon, builtHere } from './addons.js';
import { artifacts, root } from './manifest.js';
import { type Packed, pack, stageAddon, stageMain, stagePlatforms } from './published.js';
import { buildable, here } from './targets.js';

const { values } = parseArgs({
  options: {
    targets: { type: 'string' },
    here: { type: 'boolean', default: false },
    release: { type: 'boolean', default: false },
    addons: { type: 'string' },
  },
});

const named: readonly Target[] | undefined = values.here
  ? [here()]
  : values.release
    ? TARGETS
    : values.targets?.split(',');
const asked = named ?? buildable;
const elsewhere = values.addons === undefined ? [] : addonsIn(values.addons);
const built = asked.map(
  (target): Built =>
    elsewhere.find((addon) => addon.target === target) ??
    (values.here ? builtHere(target) : buildAddon(target)),
);

// Where no addon fits, and in browsers, the package itself has to do.
if (values.release && !existsSync(join(root, 'native/espalier.wasm')))
  throw new Error('A release has WebAssembly: npm run build:wasm');
mkdirSync(artifacts, { recursive: true });
for (const name of readdirSync(artifacts)) if (name.endsWith('.tgz')) rmSync(join(artifacts, name));
stagePlatforms();
const table = new Table({ head: ['package', 'bytes', 'unpacked'], style: { head: [], border: [] } });
const row = ({ name, size, unpackedSize }: Packed): void => {
  table.push([name, size.toLocaleString('en-US'), unpackedSize.toLocaleString('en-US')]);
};
row(pack(stageMain()));
for (const addon of built)
  if ('file' in addon) row(pack(stageAddon(addon.target, addon.file)));
  else table.push([addon.target, { colSpan: 2, content: `none: ${addon.why.split('\n').at(-1)}` }]);
console.log(table.toString());
const missing = built.filter((addon) => 'why' in addon);
// Whoever named targets wants them all.
if (missing.length > 0 && named !== undefined) process.exitCode = 1;

/** Addons that lie somewhere in a folder, by the names that napi-rs gives them. */
function addonsIn(folder: string): readonly (Built & { readonly target: Target })[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((path) => {
    const [, target] = /^espalier\.(.*)\.node$/.exec(basename(path)) ?? [];
    return target === undefined ? [] : [{ target, file: join(folder, path) }];
  });
}
