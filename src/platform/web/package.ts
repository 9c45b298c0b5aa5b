/** The version, which the build writes into the code. */
declare const ESPALIER_VERSION: string | undefined;

/** This release, as in package.json. */
export const VERSION: string = typeof ESPALIER_VERSION === 'string' ? ESPALIER_VERSION : '0.0.0';

/** In a page nobody can look for packages. */
export const optionalPeers = (): Readonly<Record<string, string>> => ({});
