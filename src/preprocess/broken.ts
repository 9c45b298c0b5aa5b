import { EspalierError } from '../base/errors.js';

/** What went wrong with a file of samples. */
export const broken = (file: string, what: string, cause: unknown): EspalierError =>
  new EspalierError('DATA_MALFORMED', what, { file }, 'Take it out of the samples, or mend it.', { cause });
