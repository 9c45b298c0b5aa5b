import { type Spoken, type Surface, spokenIn } from './words.js';

export {
  command,
  joined,
  option,
  optionAs,
  type Spoken,
  type Surface,
  spokenFrom,
  spokenIn,
  text,
} from './words.js';

/** Every code an `EspalierError` can carry; programs match on these and on nothing else. Listed in docs/errors.md. */
export type ErrorCode =
  | 'FILE_NOT_FOUND' // the path does not exist
  | 'FILE_UNREADABLE' // it exists, but cannot be read
  | 'OUTPUT_EXISTS' // the output is there already and `force` was not given
  | 'OUTPUT_UNWRITABLE' // the output's folder is missing, read-only or full
  | 'MODEL_MALFORMED' // not a protobuf, truncated, or inconsistent with itself
  | 'MODEL_UNSUPPORTED' // well-formed, but of a kind that cannot be read (unknown dtype)
  | 'MODEL_TOO_LARGE' // beyond what the format (2 GB of protobuf) or an in-memory result can hold
  | 'GRAPH_INVALID' // a cycle, a missing input, a name defined twice, an empty graph
  | 'EXTERNAL_DATA' // an external data file is missing, not given, too short, or outside the model's folder
  | 'NON_FINITE' // NaN or infinity in weights that are scored
  | 'NOTHING_PRUNABLE' // no group of lanes is free to shrink under these options
  | 'BUDGET_IMPOSSIBLE' // the budget lies below the smallest possible model
  | 'PLAN_MALFORMED' // not a plan, or a plan that contradicts itself
  | 'PLAN_STALE' // a plan of another model
  | 'DATA_MALFORMED' // an .npz or .npy file that cannot be read
  | 'DATA_MISMATCH' // arrays that do not fit the model's inputs
  | 'PACKAGE_MISSING' // what reads samples of this kind (sharp of images) is not installed
  | 'RUNTIME_MISSING' // neither onnxruntime-node nor onnxruntime-web is installed
  | 'RUNTIME_FAILED' // the runtime could not load or run the model
  | 'GUARD_FAILED' // no pruning that was tried keeps what `guard` asks for
  | 'ADDON_MISSING' // the native addon is not installed, or there is none for this platform
  | 'OPTION_INVALID' // what a call was given is no option of its, of a wrong type or range, or contradicts itself; or its model is closed
  | 'EXTENSION_FAILED' // a registered criterion, policy or rule threw, or gave what cannot be used; a plugin cannot be loaded
  | 'INTERNAL'; // a broken promise of Espalier's own: please report; or WebAssembly ran out of memory

/** Where a fault lies: as much as is known. */
export interface Where {
  readonly file?: string;
  readonly node?: string;
  readonly op?: string;
  readonly tensor?: string;
  readonly axis?: number;
}

/** What was wrong, where, and what to do about it, in the words of code: `force: true`, not `--force`. */
export class EspalierError extends Error {
  override readonly name = 'EspalierError';
  /** Stable; programs match on this. */
  readonly code: ErrorCode;
  readonly what: string;
  readonly where: Where;
  /** The next thing to try: a call or an option when there is one. */
  readonly todo: string;
  /** The same in the words of either surface. */
  readonly #spoken: { readonly what: string | Spoken; readonly todo: string | Spoken };

  constructor(
    code: ErrorCode,
    what: string | Spoken,
    where: Where = {},
    todo: string | Spoken = '',
    options?: ErrorOptions,
  ) {
    const [fault, remedy] = [spokenIn(what, 'api'), spokenIn(todo, 'api')];
    super(messageOf(code, fault, where, remedy), options);
    this.code = code;
    this.what = fault;
    this.where = where;
    this.todo = remedy;
    this.#spoken = { what, todo };
  }

  /** What is wrong, what to do, and both as a message, for the command line. */
  static onCommandLine(error: EspalierError): {
    readonly what: string;
    readonly todo: string;
    readonly message: string;
  } {
    const what = spokenIn(error.#spoken.what, 'cli');
    const todo = spokenIn(error.#spoken.todo, 'cli');
    return { what, todo, message: messageOf(error.code, what, error.where, todo) };
  }
}

function messageOf(code: ErrorCode, what: string, where: Where, todo: string): string {
  const place = placeOf(where);
  return [`${code}: ${what}`, place && `  at ${place}`, todo && `  ${todo}`].filter(Boolean).join('\n');
}

/** A warning in the words of code; `warningIn` has it in those of the command line. */
export function warned(code: string, words: Spoken): { readonly code: string; readonly text: string } {
  const warning = { code, text: words.api };
  spokenWarnings.set(warning, words);
  return warning;
}

const spokenWarnings = new WeakMap<object, Spoken>();

/** The same warning for the other surface. */
export function warningIn<T extends { readonly text: string }>(warning: T, surface: Surface): T {
  const words = spokenWarnings.get(warning);
  return words === undefined ? warning : { ...warning, text: words[surface] };
}

function placeOf({ file, node, op, tensor, axis }: Where): string {
  const parts = [];
  if (file !== undefined) parts.push(file);
  if (node !== undefined) parts.push(`node ${node}${op === undefined ? '' : ` (${op})`}`);
  if (tensor !== undefined) parts.push(`tensor "${tensor}"`);
  if (axis !== undefined) parts.push(`axis ${axis}`);
  return parts.join(', ');
}
