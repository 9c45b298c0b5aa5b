import { Slices } from '../../base/steps.js';

/** Lets the event loop turn between pieces of work: whatever waits, of input and of timers, has its turn. */
export const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const slices = new Slices(turnOfLoop);

/** Carries steps out on this thread, in slices that let the event loop turn. Calls follow each other. As `Slices.carryOut`. */
export const inSlices = slices.carryOut.bind(slices) as Slices['carryOut'];

/** Calls back at an interval in milliseconds until the returned function is called. Keeps no process alive. */
export function repeatedly(act: () => void, ms: number): () => void {
  const timer = setInterval(act, ms).unref();
  return () => clearInterval(timer);
}
