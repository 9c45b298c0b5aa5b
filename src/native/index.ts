import type { ModelDocument } from '../model/document.js';
import type { Edits } from '../model/edits.js';
import { type Addon, addon, addonReady, showBlob } from '../platform/index.js';
import { call, callSync, callWriting, type NativeOptions } from './call.js';
import { asAddon, type Made, type Program } from './derived.js';
import type { SliceRequest, Statistic } from './statistics.js';

export type { NativeOptions } from './call.js';
export type { SliceRequest, Statistic } from './statistics.js';

/** Files of external data that are given beside a model, by the names that it has for them: paths, bytes or blobs. */
export type GivenFiles = ReadonlyMap<
  string,
  string | Uint8Array | { readonly blob: Blob; readonly name: string }
>;

const NONE: GivenFiles = new Map();

/**
 * Opens the model at a path. Its weights stay in the file.
 *
 * - `given`: files of external data; others are looked for in the folder of the model
 * - errors: FILE_NOT_FOUND, FILE_UNREADABLE, MODEL_MALFORMED, MODEL_UNSUPPORTED, EXTERNAL_DATA, ADDON_MISSING.
 */
export async function openFile(
  path: string,
  options: NativeOptions = {},
  given: GivenFiles = NONE,
): Promise<NativeModel> {
  return await opened(given, (files) => call('open', options, (job) => addon().openFile(path, files, job)));
}

/** Opens a model in memory; the bytes are copied. errors: as openFile. */
export async function openBytes(
  bytes: Uint8Array,
  options: NativeOptions = {},
  given: GivenFiles = NONE,
): Promise<NativeModel> {
  return await opened(given, (files) => call('open', options, (job) => addon().openBytes(bytes, files, job)));
}

/**
 * Opens a model in a blob. Parts of it are read as they are needed, where the addon can do that; else it is read whole.
 *
 * - `name`: of its file, for errors
 * - errors: as openFile
 */
export async function openBlob(
  blob: Blob,
  name: string,
  options: NativeOptions = {},
  given: GivenFiles = NONE,
): Promise<NativeModel> {
  const shown = showBlob(blob, name);
  if (shown === undefined) return openBytes(new Uint8Array(await blob.arrayBuffer()), options, given);
  const open = (files: Addon.ExternalFile[]) =>
    call('open', options, (job) => addon().openLone(shown.path, files, job));
  return opened(given, open, [shown.release]);
}

/** Opens a model in any of these forms. errors: as openFile */
export function openAny(
  model: string | Uint8Array | { readonly blob: Blob; readonly name: string },
  options: NativeOptions = {},
  given: GivenFiles = NONE,
): Promise<NativeModel> {
  if (typeof model === 'string') return openFile(model, options, given);
  if (model instanceof Uint8Array) return openBytes(model, options, given);
  return openBlob(model.blob, model.name, options, given);
}

/** Shows the addon the files that are given, for as long as the model is open. `releases`: what is done in the end besides. */
async function opened(
  given: GivenFiles,
  open: (files: Addon.ExternalFile[]) => Promise<Addon.Model>,
  releases: (() => void)[] = [],
): Promise<NativeModel> {
  const release = (): void => {
    for (const act of releases.splice(0)) act();
  };
  try {
    await addonReady();
    const files = await Promise.all(
      [...given].map(async ([location, file]) => {
        if (typeof file === 'string') return { location, path: file };
        if (file instanceof Uint8Array) return { location, bytes: file };
        const shown = showBlob(file.blob, file.name);
        if (shown === undefined) return { location, bytes: new Uint8Array(await file.blob.arrayBuffer()) };
        releases.push(shown.release);
        return { location, path: shown.path };
      }),
    );
    return new NativeModel(await open(files), undefined, release);
  } catch (problem) {
    release();
    throw problem;
  }
}

/** An opened model. Its files stay open until it is disposed of, or collected. */
export class NativeModel {
  readonly #model: Addon.Model;
  readonly #translated: (edits: Edits) => Edits;
  readonly #release: () => void;

  constructor(
    model: Addon.Model,
    translated: (edits: Edits) => Edits = (edits) => edits,
    release: () => void = () => {},
  ) {
    this.#model = model;
    this.#translated = translated;
    this.#release = release;
  }

  /** The same model for edits that speak of another one: they are translated before they are carried out. */
  under(translated: (edits: Edits) => Edits): NativeModel {
    return new NativeModel(this.#model, (edits) => this.#translated(translated(edits)), this.#release);
  }

  /** Everything in the file but the data of its tensors. */
  describe(): ModelDocument {
    return JSON.parse(callSync(() => this.#model.describe())) as ModelDocument;
  }

  /** All elements of a small tensor. errors: MODEL_TOO_LARGE above 2^20 elements, FILE_UNREADABLE. */
  numbers(tensor: number): Float64Array {
    return callSync(() => this.#model.numbers(tensor));
  }

  /**
   * All elements of a stored tensor of floats (float32, float16, bfloat16, float64), rounded to float32: what prices
   * and refits begin with. The only weights that enter the JavaScript heap, one tensor at a time.
   */
  floats(tensor: number, options: NativeOptions = {}): Promise<Float32Array> {
    return call('reconstruct', options, (job) => this.#model.floats(tensor, job));
  }

  /** SHA-256 of the .onnx file, hexadecimal. */
  sha256(options: NativeOptions = {}): Promise<string> {
    return call('hash', options, (job) => this.#model.sha256(job));
  }

  /**
   * Writes the edited model to a path; external data, where the model has some, to one file beside it, `<name>.data`, and all
   * large data of a model of 2 GiB or more. On every error, and when it is aborted, nothing is left behind and what was there before still is.
   *
   * errors: OUTPUT_EXISTS without `force`, OUTPUT_UNWRITABLE, FILE_UNREADABLE, MODEL_TOO_LARGE (2 GiB without its data).
   */
  save(
    path: string,
    edits: Edits,
    options: NativeOptions & { readonly force?: boolean } = {},
  ): Promise<{ readonly bytes: number; readonly externalBytes: number }> {
    const { force = false } = options;
    return callWriting(options, (job) =>
      this.#model.save(path, writable(this.#translated(edits)), { force }, job),
    );
  }

  /** The edited model in memory, external data moved into it. errors: MODEL_TOO_LARGE from 2 GiB on. */
  saveToBytes(edits: Edits, options: NativeOptions = {}): Promise<Uint8Array> {
    return call('write', options, (job) => this.#model.saveToBytes(writable(this.#translated(edits)), job));
  }

  /**
   * A statistic of the stored weights of each lane of each request, read straight from the file.
   *
   * returns: one array [lanes] for each request, never NaN; the same bits on any number of threads.
   * errors: NON_FINITE with the tensor and the place, OPTION_INVALID, FILE_UNREADABLE.
   */
  statistics(
    requests: readonly SliceRequest[],
    statistic: Statistic,
    options: NativeOptions = {},
  ): Promise<readonly Float64Array[]> {
    return call('score', options, (job) =>
      this.#model.statistics(requests as Addon.SliceRequest[], statistic, job),
    );
  }

  /**
   * Writes every weight's own term -p log2 p, p = |w| / Σ|w| over its tensor, to an `.npz` of float32 arrays.
   * On every error, and when it is aborted, nothing is left behind and what was there before still is.
   *
   * errors: OUTPUT_EXISTS without `force`, OUTPUT_UNWRITABLE, NON_FINITE, FILE_UNREADABLE.
   */
  async writeTerms(
    path: string,
    tensors: readonly { readonly tensor: number; readonly name: string }[],
    options: NativeOptions & { readonly force?: boolean } = {},
  ): Promise<{ readonly bytes: number }> {
    const { force = false } = options;
    const { bytes } = await callWriting(options, (job) =>
      this.#model.writeTerms(path, [...tensors], force, job),
    );
    return { bytes };
  }

  /** Type and lengths of what each program makes of stored tensors; undefined where one is not understood. */
  made(programs: readonly Program[]): readonly (Made | undefined)[] {
    return callSync(() => this.#model.made(asAddon(programs))).map((made) => made ?? undefined);
  }

  /**
   * Adds what programs make to the stored tensors, with ids that come after theirs: once for a model. They are computed when they are
   * first read, and kept.
   */
  derive(programs: readonly Program[]): void {
    callSync(() => this.#model.derive(asAddon(programs)));
  }

  dispose(): void {
    this.#model.dispose();
    this.#release();
  }
}

/** The generated types do not say that the addon only reads its arguments. */
const writable = (edits: Edits): Addon.Edits => edits as Addon.Edits;
