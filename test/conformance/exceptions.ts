/** Conformance tests that are not as they should be, and why. The aim is none. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {};
