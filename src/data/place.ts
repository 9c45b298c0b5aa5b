import { HAS_FILES } from '../platform/index.js';
import { fetched, isBlob, isUrl, nameOf, type PathLike, pathFrom } from '../schema/sources.js';

/** Where samples lie: a path, or a blob that holds a file of them. */
export type Place = string | Blob;

/** A path, or a blob: in browsers also what lies at an address. */
export async function placeFrom(source: PathLike | Blob): Promise<Place> {
  if (isBlob(source)) return source;
  if (HAS_FILES || !(typeof source === 'string' || isUrl(source))) return pathFrom('source', source);
  const { blob, name } = await fetched('source', source);
  return new File([blob], name);
}

/** Of a place, for people. */
export const nameFor = (place: Place): string =>
  typeof place === 'string' ? place : (nameOf(place) ?? 'samples');
