import type { Spinner } from 'yocto-spinner';
import type { Progress } from '../options/types.js';

const PATIENCE_MS = 1000;

const WORDS: Readonly<Record<string, string>> = {
  open: 'Reading the model',
  hash: 'Reading the model',
  calibrate: 'Running the model',
  score: 'Scoring',
  tree: 'Growing the tree',
  write: 'Writing',
  weigh: 'Weighing',
  reconstruct: 'Refitting',
  guard: 'Trying',
  measure: 'Measuring layers',
  verify: 'Comparing',
};

/** A spinner on stderr that tells what is done; only on a terminal, and only for what takes more than a second. prefix: what it is about. */
export function watchProgress(quiet: boolean, prefix = ''): { show(progress: Progress): void; stop(): void } {
  if (quiet || !process.stderr.isTTY) return { show: () => {}, stop: () => {} };
  let text = `${prefix}Working`;
  let stopped = false;
  let spinner: Spinner | undefined;
  const timer = setTimeout(async () => {
    const { default: yoctoSpinner } = await import('yocto-spinner');
    if (!stopped) spinner = yoctoSpinner({ text, handleSignals: false }).start();
  }, PATIENCE_MS);
  return {
    show: ({ phase, done, total }) => {
      const share = total > 0 ? ` ${Math.floor((100 * done) / total)} %` : '';
      text = `${prefix}${WORDS[phase] ?? phase}${share}`;
      if (spinner !== undefined) spinner.text = text;
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}
