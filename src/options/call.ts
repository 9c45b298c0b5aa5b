import { optionSet } from '../schema/declaration.js';
import { action, flag, signal, whole } from '../schema/fields.js';
import { HEADING } from './headings.js';
import type { CallOptions, SaveOptions } from './interfaces.js';

/** The declarations of `CallOptions`: abort signal, progress, threads. */
export const callOptions = optionSet<CallOptions>({
  name: 'CallOptions',
  about: 'What every long call takes.',
  own: {
    signal: {
      takes: signal(),
      help: "abort the call: it is rejected with the signal's reason, and leaves nothing behind",
    },
    onProgress: {
      takes: action<NonNullable<CallOptions['onProgress']>>({
        type: '(progress: Progress) => void',
        from: { Progress: 'options/progress' },
      }),
      help: 'called now and then, on the main thread',
    },
    threads: {
      takes: whole(1, 1024),
      help: 'threads at most',
      defaults: [{ words: 'one for each core' }],
      advice: 'Leave it out to use every core.',
      sign: 'N',
    },
  },
});

/** The declarations of `SaveOptions`: those of a call, and `force`. */
export const saveOptions = optionSet<SaveOptions, CallOptions>({
  name: 'SaveOptions',
  about: 'What a call that writes takes: `save` and `writeWeightTerms`.',
  bases: [callOptions],
  own: {
    force: {
      takes: flag(),
      help: 'overwrite what is there',
      more: 'Without it that is an error. A file of the model itself is never overwritten.',
      heading: HEADING.writing,
    },
  },
});
