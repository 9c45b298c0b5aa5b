import { FileProblem } from '../problem.js';
import type { Caption, DecodedImage, ImageDecoder } from '../types.js';
import { readBytes } from './files.js';
import { importPackage } from './packages.js';

/** As much of sharp as is used here: it is an optional peer, so that its own types may be absent. */
interface Sharp {
  metadata(): Promise<{ readonly width?: number; readonly height?: number }>;
  rotate(): Sharp;
  removeAlpha(): Sharp;
  toColourspace(space: string): Sharp;
  png(): Sharp;
  composite(
    layers: readonly { readonly input: Uint8Array; readonly top: number; readonly left: number }[],
  ): Sharp;
  raw(): Sharp;
  toBuffer(options: { readonly resolveWithObject: true }): Promise<{
    readonly data: Uint8Array<ArrayBuffer>;
    readonly info: { readonly width: number; readonly height: number; readonly channels: number };
  }>;
}

type MakeSharp = (input: Uint8Array, options: Readonly<Record<string, unknown>>) => Sharp;

/** Pixels of an image that nobody means to open: an archive of zeros may claim any number of them. */
const MOST_PIXELS = 2 ** 28;

/** Embedded profiles are left aside, as Pillow does; a file that ends too soon is an error. */
const READING = { failOn: 'error', ignoreIcc: true, limitInputPixels: MOST_PIXELS } as const;

/** Decodes images by sharp, an optional peer that is loaded when the first image comes; undefined where it is not installed. */
export async function imageDecoder(): Promise<ImageDecoder | undefined> {
  const found = (await importPackage('sharp')) as { readonly default: MakeSharp } | undefined;
  return found && decoderOf(found.default);
}

const decoderOf = (sharp: MakeSharp): ImageDecoder => ({
  async open(place) {
    const bytes = await readBytes(place);
    if (bytes.length === 0) throw new FileProblem('refused', 'it is empty');
    const { width = 0, height = 0 } = await sharp(bytes, READING).metadata().catch(refused);
    return { width, height, decode: () => decoded(sharp, bytes) };
  },
  async encodePng({ pixels, width, height }, captions = []) {
    const words = [{ input: new TextEncoder().encode(drawn(captions, width, height)), top: 0, left: 0 }];
    const { data } = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .composite(captions.length === 0 ? [] : words)
      .png()
      .toBuffer({ resolveWithObject: true });
    return data;
  },
});

async function decoded(sharp: MakeSharp, bytes: Uint8Array): Promise<DecodedImage> {
  const { data, info } = await sharp(bytes, READING)
    .rotate()
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch(refused);
  return rgbOf({ pixels: data, width: info.width, height: info.height }, info.channels);
}

/** Letters of this many pixels, and the width that each takes. */
const LETTER = 12;
const LETTER_WIDTH = 7;

/** Words as an SVG as large as the image. */
function drawn(captions: readonly Caption[], width: number, height: number): string {
  const escaped = (text: string): string =>
    text.replaceAll(/\p{C}/gu, ' ').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const texts = captions.map(({ text, x, y, width: room }) => {
    const letters = [...text];
    const most = Math.floor(room / LETTER_WIDTH);
    const shown = letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : text;
    return `<text x="${x}" y="${y}">${escaped(shown)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g font-family="sans-serif" font-size="${LETTER}" text-anchor="middle" fill="#222">${texts.join('')}</g></svg>`;
}

/** What sharp says of a file, on one line. */
function refused(cause: unknown): never {
  const words = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
  throw new FileProblem('refused', words.replace(/^Input (buffer|file) /, 'it '), { cause });
}

/** Of one channel three that are alike. */
function rgbOf(image: DecodedImage, channels: number): DecodedImage {
  const { pixels, width, height } = image;
  if (channels === 3) return image;
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) rgb.fill(pixels[from]!, to, to + 3);
  return { pixels: rgb, width, height };
}
