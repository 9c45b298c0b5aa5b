import { availableParallelism, cpus } from 'node:os';
import type { Machine } from '../types.js';

/** How many threads can compute at the same time. */
export const cores = (): number => availableParallelism();

/** The processor, its logical cores, and the operating system with its architecture, as latencies are cached by. */
export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cores(),
  platform: `${process.platform} ${process.arch}`,
});
