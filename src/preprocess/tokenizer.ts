import { EspalierError, option, text } from '../base/errors.js';
import { importPackage } from '../platform/index.js';
import { isRecord } from '../schema/fields.js';
import { configBeside, type ModelOrigin } from './beside.js';
import { readConfig } from './fromFile.js';
import type { Json } from './huggingFace.js';

/** As much of @huggingface/tokenizers as is used here: it is an optional peer, so that its own types may be absent. */
interface TokenizersPackage {
  readonly Tokenizer: new (tokenizer: Json, config: Json) => PackagedTokenizer;
}

interface PackagedTokenizer {
  encode(
    text: string,
    options: {
      readonly text_pair?: string;
      readonly add_special_tokens?: boolean;
      readonly return_token_type_ids?: boolean;
    },
  ): {
    readonly ids: readonly number[];
    readonly attention_mask: readonly number[];
    readonly token_type_ids?: readonly number[];
  };
  token_to_id(token: string): number | undefined;
}

/** A text as tokens: their numbers, and which of two texts each is of. */
export interface Tokens {
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

/** What makes tokens of texts, as tokenizer.json says it. */
export interface TextTokenizer {
  /** The file that says it. */
  readonly file: string;
  /** The most tokens that the model was made for, where that is known. */
  readonly longest: number | undefined;
  readonly padding: { readonly id: number; readonly type: number; readonly left: boolean };
  /** At most so many tokens: of what is longer the end is left out, and marks at the end stay. */
  encode(text: string, pair: string | undefined, most: number): Tokens;
}

/** What tokenizer_config.json holds where nothing bounds the length. */
const NO_BOUND = 1e6;

/**
 * The tokenizer of a model: the file that was named, else tokenizer.json beside the model, with what tokenizer_config.json there adds.
 *
 * errors: OPTION_INVALID where there is none, or it cannot be used; PACKAGE_MISSING; FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function tokenizerFor(named: string | undefined, model: ModelOrigin): Promise<TextTokenizer> {
  const found =
    named === undefined
      ? await configBeside(model, 'tokenizer.json')
      : { file: named, config: await readConfig(named) };
  if (found === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      'the samples are texts, and nothing says how they become tokens',
      {},
      text`Put the model's tokenizer.json beside it, or give ${option('preprocess', 'tokenizer.json')}.`,
    );
  const beside = await configBeside(
    named === undefined ? model : { path: named, metadata: {} },
    'tokenizer_config.json',
  );
  const config = beside?.config ?? {};
  const { Tokenizer } = await tokenizers();
  try {
    return new ReadTokenizer(found.file, new Tokenizer(found.config, config), found.config, config);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new EspalierError(
      'OPTION_INVALID',
      `the tokenizer cannot be used (${words})`,
      { file: found.file },
      "Expected: a tokenizer.json of Hugging Face's tokenizers.",
      { cause },
    );
  }
}

async function tokenizers(): Promise<TokenizersPackage> {
  const found = (await importPackage('@huggingface/tokenizers')) as
    | (Partial<TokenizersPackage> & { readonly default?: TokenizersPackage })
    | undefined;
  if (found?.Tokenizer !== undefined) return found as TokenizersPackage;
  if (found?.default !== undefined) return found.default;
  throw new EspalierError(
    'PACKAGE_MISSING',
    '@huggingface/tokenizers, which makes tokens of texts, is not installed',
    {},
    'Install it: npm install @huggingface/tokenizers',
  );
}

class ReadTokenizer implements TextTokenizer {
  readonly file: string;
  readonly longest: number | undefined;
  readonly padding: TextTokenizer['padding'];
  readonly #tokenizer: PackagedTokenizer;
  /** RoBERTa does not tell the texts of a pair apart by types. */
  readonly #isOneType: boolean;

  constructor(file: string, tokenizer: PackagedTokenizer, json: Json, config: Json) {
    this.file = file;
    this.#tokenizer = tokenizer;
    const { padding, truncation, post_processor: processor } = json;
    this.#isOneType = isRecord(processor) && processor.type === 'RobertaProcessing';
    const said = isRecord(padding) ? padding : {};
    const token = isRecord(config.pad_token) ? config.pad_token.content : config.pad_token;
    this.padding = {
      id:
        numberFrom(said.pad_id) ??
        (typeof token === 'string' ? tokenizer.token_to_id(token) : undefined) ??
        0,
      type: numberFrom(said.pad_type_id) ?? 0,
      left: /left/i.test(String(said.direction ?? config.padding_side ?? '')),
    };
    const most = numberFrom(config.model_max_length);
    const cut = isRecord(truncation) ? numberFrom(truncation.max_length) : undefined;
    this.longest = most !== undefined && most < NO_BOUND ? most : cut;
  }

  encode(text: string, pair: string | undefined, most: number): Tokens {
    const { ids, types } = this.#whole(text, pair);
    if (ids.length <= most) return { ids, types };
    const first = this.#bare(text);
    const second = pair === undefined ? [] : this.#bare(pair);
    const kept = keptOf(first.length, second.length, most - (ids.length - first.length - second.length));
    const start = positionOf(first, ids, 0);
    const other = second.length === 0 ? ids.length : positionOf(second, ids, start + first.length);
    // A tokenizer that marks texts in between their tokens is cut where it stands.
    if (start < 0 || other < 0 || kept === undefined)
      return { ids: ids.slice(0, most), types: types.slice(0, most) };
    const isKept = (_: number, place: number): boolean =>
      !(place >= start + kept[0] && place < start + first.length) &&
      !(place >= other + kept[1] && place < other + second.length);
    return { ids: ids.filter(isKept), types: types.filter(isKept) };
  }

  #whole(text: string, pair: string | undefined): Tokens {
    const { ids, token_type_ids: types } = this.#tokenizer.encode(text, {
      ...(pair !== undefined && { text_pair: pair }),
      return_token_type_ids: true,
    });
    return { ids, types: types === undefined || this.#isOneType ? ids.map(() => 0) : types };
  }

  /** Without what marks its start and end. */
  #bare(text: string): readonly number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }
}

const numberFrom = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** How many tokens of either text stay, as the reference library has it: the longer one is cut first, to no less than the other. */
function keptOf(first: number, second: number, room: number): readonly [number, number] | undefined {
  if (room < 0) return undefined;
  let [shorter, longer] = [Math.min(first, second), Math.max(first, second)];
  if (shorter + longer > room) {
    longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
    if (shorter + longer > room) [shorter, longer] = [Math.floor(room / 2), Math.ceil(room / 2)];
  }
  return first > second ? [longer, shorter] : [shorter, longer];
}

function positionOf(part: readonly number[], whole: readonly number[], from: number): number {
  for (let at = from; at + part.length <= whole.length; at++)
    if (part.every((id, i) => whole[at + i] === id)) return at;
  return -1;
}
