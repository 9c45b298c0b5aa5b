import type { Engine, Machine } from '../types.js';

/** How many threads can compute at the same time: the addon has one here. */
export const cores = (): number => 1;

/** What a browser tells of itself. */
export const machine = (): Machine => ({
  cpu: 'unknown',
  cores: navigator.hardwareConcurrency,
  platform: navigator.userAgent,
});

/** A browser tells little of what runs the code. */
export const engine = (): Engine => ({
  name: 'browser',
  version: navigator.userAgent,
  node: undefined,
  memory: 4e9,
});
