import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Engine, Machine } from '../types.js';

/** How many threads can compute at the same time. */
export const cores = (): number => availableParallelism();

/** The processor, its logical cores, and the operating system with its architecture, as latencies are cached by. */
export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cores(),
  platform: `${process.platform} ${process.arch}`,
});

/** What runs the code, and how much memory the process may take, in bytes: that of the machine, or of the container it is in. */
export function engine(): Engine {
  const { bun, deno, node } = process.versions;
  const name = bun !== undefined ? 'Bun' : deno !== undefined ? 'Deno' : 'Node';
  // Without a limit it is 0, or larger than any machine.
  const limit = process.constrainedMemory?.() ?? 0;
  const memory = limit > 0 && limit < totalmem() ? limit : totalmem();
  return { name, version: bun ?? deno ?? node, node, memory };
}
