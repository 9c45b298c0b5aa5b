import type { InstalledPackage } from '../types.js';

/** A bundler decides which packages there are, when it makes the page. */
export const packagePlaces = (): readonly string[] => [];

/** onnxruntime-web, which the thread that runs models imports; others a page cannot look for. */
export const installedPackage = (name: string, _from: readonly string[]): InstalledPackage | undefined =>
  name === 'onnxruntime-web' ? { entry: name, version: undefined } : undefined;

/** A page cannot look for packages by their names. */
export const importPackage = async (_name: string): Promise<unknown> => undefined;
