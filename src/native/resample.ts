import { type Addon, addon, addonReady } from '../platform/index.js';
import { call, type NativeOptions } from './call.js';

/** How an image becomes one of another size: pixels of rows, rows, bytes of a pixel; the filter, and whether it grows where the image shrinks. */
export type Resampling = Addon.Resampling;

/**
 * Pixels [height, width, channels] in another size, to the last bit as Pillow's `Image.resize` makes them where `antialias` is on.
 * Off the main thread. errors: OPTION_INVALID for lengths that do not fit.
 */
export async function resample(
  pixels: Uint8Array<ArrayBuffer>,
  how: Resampling,
  options: NativeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  await addonReady();
  const resized = await call('data', options, (job) => addon().resample(pixels, how, job));
  return resized as Uint8Array<ArrayBuffer>;
}
