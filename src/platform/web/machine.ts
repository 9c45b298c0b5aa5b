import type { Engine, Machine } from '../types.js';
import { canReadBlobs } from './blobFiles.js';

/**
 * Whether the addon may have threads: where the page is isolated from others, memory can be shared between them, and a worker may wait for
 * them. A page's own thread may not.
 */
export const hasThreads = (): boolean =>
  typeof crossOriginIsolated === 'boolean' &&
  crossOriginIsolated &&
  canReadBlobs() &&
  navigator.hardwareConcurrency > 1;

/** How many threads can compute at the same time in the addon. */
export const cores = (): number => (hasThreads() ? navigator.hardwareConcurrency : 1);

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
  memory: undefined,
});
