// What is published: the package itself, and one for the addon of each target, of one version.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { packageOf, TARGETS, type Target } from '../src/platform/node/targets.js';
import { artifacts, manifest, root } from './manifest.js';

/** Where packages are laid out. */
const staged = join(artifacts, 'npm');

/** What only this repository needs of package.json. */
const PRIVATE = ['scripts', 'devDependencies', 'overrides', 'allowScripts', 'napi'];

/**
 * package.json as it is published. Addons are optional dependencies of exactly this version: package managers install the one whose
 * `os`, `cpu` and `libc` fit. In the repository they are none, as those of a version that is not published cannot be installed.
 */
export function publishedManifest(): Readonly<Record<string, unknown>> {
  const own = Object.entries(manifest).filter(([key]) => !PRIVATE.includes(key));
  const addons = TARGETS.map((target) => [packageOf(target), manifest.version]);
  return { ...Object.fromEntries(own), ...repository(), optionalDependencies: Object.fromEntries(addons) };
}

/** Where a release was built: npm shows that it was built there only where the package says the same. */
const repository = (): object => {
  const { GITHUB_REPOSITORY: name } = process.env;
  return name === undefined ? {} : { repository: { type: 'git', url: `git+https://github.com/${name}.git` } };
};

/** Lays out the packages of all targets, without their addons, as napi-rs makes them. */
export function stagePlatforms(): void {
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  const cli = join(root, 'node_modules/@napi-rs/cli/dist/cli.js');
  execFileSync(process.execPath, [cli, 'create-npm-dirs', '--npm-dir', staged], {
    cwd: root,
    stdio: 'ignore',
  });
  for (const target of TARGETS) {
    const path = join(staged, target, 'package.json');
    const described = JSON.parse(readFileSync(path, 'utf8'));
    const description = `Espalier's native code for ${target}. Installed by the package espalier.`;
    const { keywords: _, ...rest } = described;
    writeFileSync(path, JSON.stringify({ ...rest, description, ...repository() }, null, 2));
    writeFileSync(join(staged, target, 'README.md'), `# ${described.name}\n\n${description}\n`);
    copyFileSync(join(root, 'LICENSE'), join(staged, target, 'LICENSE'));
  }
}

/** Puts an addon into the package of its target. Gives the folder of the package. */
export function stageAddon(target: Target, file: string): string {
  const folder = join(staged, target);
  if (!existsSync(folder)) stageLike(releasedLike(target), target);
  copyFileSync(file, join(folder, `espalier.${target}.node`));
  return folder;
}

/** The target of a release that another compiler builds for the same machines. */
function releasedLike(target: Target): Target {
  const machine = target.split('-', 2).join('-');
  const like = TARGETS.find((each) => each.startsWith(machine));
  if (like === undefined) throw new Error(`no release is for the machines of ${target}`);
  return like;
}

/** The package of a target that is not released, as that of one that is. */
function stageLike(released: Target, target: Target): void {
  cpSync(join(staged, released), join(staged, target), { recursive: true });
  for (const name of ['package.json', 'README.md']) {
    const path = join(staged, target, name);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(released, target));
  }
  rmSync(join(staged, target, `espalier.${released}.node`), { force: true });
}

/** Lays out the package itself, which `npm run build` has made. Gives its folder. */
export function stageMain(): string {
  const folder = join(staged, manifest.name);
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE'])
    copyFileSync(join(root, name), join(folder, name));
  for (const name of readdirSync(join(root, 'native')))
    if (!name.endsWith('.node')) {
      mkdirSync(join(folder, 'native'), { recursive: true });
      copyFileSync(join(root, 'native', name), join(folder, 'native', name));
    }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(publishedManifest(), null, 2));
  return folder;
}

/** A tarball, as npm would publish it, and what it takes up. */
export interface Packed {
  readonly name: string;
  readonly filename: string;
  /** Bytes of the tarball, and of what is installed from it. */
  readonly size: number;
  readonly unpackedSize: number;
}

/** Packs the package in a folder into artifacts. */
export function pack(folder: string): Packed {
  const told = execFileSync('npm', ['pack', '--json', '--pack-destination', artifacts, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });
  return (JSON.parse(told) as Packed[])[0]!;
}
