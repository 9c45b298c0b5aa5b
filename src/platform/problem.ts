/** Why a file or a folder could not be used: it is not there, it is nothing that can be read through (a pipe, a device), or the system refuses. */
export type FileReason = 'missing' | 'irregular' | 'refused';

/** What a platform throws about files. Whoever asked knows what the file was for, and makes an `EspalierError` of it. */
export class FileProblem extends Error {
  constructor(
    readonly reason: FileReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
