/** A fenced block of a page that is for a shell or is a file. */
export interface Block {
  readonly text: string;
  /** Its line in the page, from 1. */
  readonly line: number;
  /** The file that it is, for "```js file=NAME". */
  readonly file?: string;
  /** Why its commands are not run where pages are tested, as the page says in a comment above it. */
  readonly reason?: string;
}

const FENCE = /(?:^ *<!-- not run: ([^>]*?) -->\n+)?^( *)```(\w+)(?: file=(\S+))?\n([\s\S]*?)^\2```$/gm;

/** The blocks of commands of a page, and those that are files. `page` is its Markdown. */
export function blocksOf(page: string): {
  readonly commands: readonly Block[];
  readonly files: readonly Block[];
} {
  const [commands, files]: [Block[], Block[]] = [[], []];
  for (const {
    0: whole,
    1: reason,
    2: indent = '',
    3: language,
    4: file,
    5: body = '',
    index,
  } of page.matchAll(FENCE)) {
    const line = page.slice(0, index + whole.indexOf('```')).split('\n').length;
    const text = indent === '' ? body : body.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    if (file !== undefined) files.push({ text, line, file });
    else if (language === 'sh' || language === 'bash' || language === 'shell')
      commands.push({ text, line, ...(reason !== undefined && { reason }) });
  }
  return { commands, files };
}
