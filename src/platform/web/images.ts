import { FileProblem } from '../problem.js';
import type { DecodedImage, ImageDecoder } from '../types.js';

/** Decodes images as the browser does. */
export const imageDecoder = async (): Promise<ImageDecoder | undefined> =>
  typeof createImageBitmap === 'function' && typeof OffscreenCanvas === 'function' ? decoder : undefined;

const decoder: ImageDecoder = {
  async open(place) {
    const bitmap = await bitmapOf(place);
    const { width, height } = bitmap;
    return { width, height, decode: async () => decoded(bitmap) };
  },
  async encodePng({ pixels, width, height }) {
    const context = contextOf(width, height);
    const image = context.createImageData(width, height);
    image.data.fill(255);
    for (let from = 0, to = 0; from < pixels.length; from += 3, to += 4)
      image.data.set(pixels.subarray(from, from + 3), to);
    context.putImageData(image, 0, 0);
    return new Uint8Array(await (await context.canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
  },
};

/** Turned as its file says, with colours as they are stored, and not multiplied by their alpha. */
async function bitmapOf(place: string | Blob): Promise<ImageBitmap> {
  if (typeof place === 'string') throw new FileProblem('missing', 'a browser has no files by path');
  return createImageBitmap(place, {
    imageOrientation: 'from-image',
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  }).catch((cause: unknown) => {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new FileProblem('refused', words, { cause });
  });
}

function decoded(bitmap: ImageBitmap): DecodedImage {
  const { width, height } = bitmap;
  const context = contextOf(width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return withoutAlpha(context.getImageData(0, 0, width, height).data, width, height);
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (context === null) throw new FileProblem('refused', 'the browser has no canvas of that size');
  return context;
}

function withoutAlpha(rgba: Uint8ClampedArray, width: number, height: number): DecodedImage {
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels[to] = rgba[from]!;
    pixels[to + 1] = rgba[from + 1]!;
    pixels[to + 2] = rgba[from + 2]!;
  }
  return { pixels, width, height };
}
