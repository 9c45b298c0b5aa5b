// What package.json says that the build needs.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of this repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Where what is made of it for a release comes to lie: tarballs, addons, tools. */
export const artifacts: string = fileURLToPath(new URL('../artifacts', import.meta.url));

/** As much of package.json as is used here. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly napi: {
    readonly binaryName: string;
    readonly packageName: string;
    readonly targets: readonly string[];
  };
}

/** package.json of this repository. */
export const manifest: Manifest = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** Packages that are installed beside this one, and not taken into its bundle. */
export const externals: readonly string[] = Object.keys({
  ...manifest.dependencies,
  ...manifest.peerDependencies,
});
