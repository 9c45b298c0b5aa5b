import { EspalierError } from '../../base/errors.js';

/** The built page that shows reports, without its data, from beside this code. errors: FILE_NOT_FOUND where it cannot be fetched. */
export async function viewerPage(): Promise<string> {
  const url = new URL('../viewer.html', import.meta.url);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
    return await response.text();
  } catch (cause) {
    throw new EspalierError(
      'FILE_NOT_FOUND',
      `the page that reports are shown by could not be fetched (${cause instanceof Error ? cause.message : cause})`,
      { file: url.href },
      'It is the file dist/viewer.html of the package and has to be served where this code looks for it.',
      { cause },
    );
  }
}
