/** The middle of a long name left out: its ends tell names apart. Letters that change the direction of writing are shown as what they are. */
export function shortened(text: string, most: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]/gu, '\u2426');
  const letters = Array.from(
    plain.length > 4 * most ? `${plain.slice(0, 2 * most)}${plain.slice(-2 * most)}` : plain,
  );
  if (letters.length <= most) return letters.join('');
  const half = Math.floor((most - 1) / 2);
  return `${letters.slice(0, half).join('')}…${letters.slice(-half).join('')}`;
}

/** A name of a file, with the whole of it where one points. Isolated, so that one that is written from the right moves nothing beside it. */
export function Shortened({ text, most = 40 }: { readonly text: string; readonly most?: number }) {
  const short = shortened(text, most);
  return short === text ? <bdi>{short}</bdi> : <bdi title={text.slice(0, 500)}>{short}</bdi>;
}

/** 'one lane', '3 lanes'. */
export const counted = (count: number, word: string): string =>
  `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;

/** [1, 3, 224, 224] as people write shapes. */
export const shapeText = (shape: readonly (number | string)[] | undefined): string =>
  shape === undefined ? 'not known' : shape.length === 0 ? 'scalar' : shape.join(' × ');
