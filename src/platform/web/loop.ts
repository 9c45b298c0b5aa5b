import { Slices } from '../../base/steps.js';

const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
(port1 as unknown as { onmessage: () => void }).onmessage = () => waiting.shift()?.();

/** Lets the event loop turn between pieces of work. By a message: timers of a page wait for some milliseconds each. */
export const turnOfLoop = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(undefined);
  });

const slices = new Slices(turnOfLoop);

/** Carries steps out on this thread, in slices that let the event loop turn. Calls follow each other. As `Slices.carryOut`. */
export const inSlices = slices.carryOut.bind(slices) as Slices['carryOut'];

/** Calls back every so many milliseconds until what it gives is called. */
export function repeatedly(act: () => void, ms: number): () => void {
  const timer = setInterval(act, ms);
  return () => clearInterval(timer);
}
