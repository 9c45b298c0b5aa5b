import { invalid, optionsOf, shown } from '../schema/check.js';
import { isRecord, like, signal, textsOf, whole } from '../schema/fields.js';
import type { LoadOptions, RunOptions, Session } from './runtime.js';

/** Checks what `Runtime.load` is given. errors: OPTION_INVALID */
export const loadOptions = optionsOf<LoadOptions>({
  beside: like<Session>('Session', 'a session of the same runtime', isRecord),
  threads: whole(1, 1024),
  signal: signal(),
});

/** Checks what `Session.run` is given beside the feeds. errors: OPTION_INVALID */
export const runOptions = optionsOf<RunOptions>({ outputs: textsOf('an array of names of outputs') });

/** Whether feeds are tensors by name; the runtime has the last word on their types and shapes. errors: OPTION_INVALID */
export function checkFeeds(feeds: unknown): void {
  if (!isRecord(feeds))
    throw invalid(`feeds must be an object of tensors by the names of inputs, not ${shown(feeds)}`);
  for (const [name, tensor] of Object.entries(feeds)) {
    const { type, data, dims } = (isRecord(tensor) ? tensor : {}) as Readonly<Record<string, unknown>>;
    const fits =
      typeof type === 'string' &&
      (ArrayBuffer.isView(data) || Array.isArray(data)) &&
      Array.isArray(dims) &&
      dims.every((length) => Number.isSafeInteger(length) && length >= 0);
    if (!fits) throw invalid(`feeds.${name} must be a tensor, { type, data, dims }, not ${shown(tensor)}`);
  }
}
