import { EspalierError } from '../base/errors.js';
import type { ValueInfo } from '../runtime/runtime.js';

/** What an input of a model takes of tokens. */
export type TokenRole = 'ids' | 'mask' | 'types' | 'positions';

/** The inputs that take tokens. */
export interface TokenInputs {
  readonly roles: ReadonlyMap<string, TokenRole>;
  /** Tokens of a sample, where the model fixes it. */
  readonly length: number | undefined;
}

/** Names of inputs, in the order in which they are tried: a mask of inputs is a mask. */
const ROLES: readonly (readonly [TokenRole, RegExp])[] = [
  ['mask', /mask/i],
  ['types', /type|segment/i],
  ['positions', /position/i],
  ['ids', /ids?$|token|input|word/i],
];

/** Inputs that take whole numbers, [samples, tokens]. errors: DATA_MISMATCH where none takes the tokens */
export function tokenInputs(inputs: readonly ValueInfo[]): TokenInputs {
  const rows = inputs.filter(
    ({ dtype, shape }) => ['int64', 'int32', 'float32', 'bool'].includes(dtype) && shape.length === 2,
  );
  const roles = new Map(
    rows.flatMap(({ name, dtype }): (readonly [string, TokenRole])[] => {
      const role = ROLES.find(([, pattern]) => pattern.test(name))?.[0];
      return role === undefined || (role === 'ids' && !dtype.startsWith('int')) ? [] : [[name, role]];
    }),
  );
  const whole = rows.filter(({ dtype }) => dtype.startsWith('int'));
  if (![...roles.values()].includes('ids') && whole.length === 1) roles.set(whole[0]!.name, 'ids');
  const ids = [...roles].filter(([, role]) => role === 'ids');
  if (ids.length === 1) {
    const length = rows.find(({ name }) => name === ids[0]![0])!.shape[1];
    return { roles, length: typeof length === 'number' ? length : undefined };
  }
  const all = inputs.map(
    ({ name, dtype, shape }) => `"${name}" ${dtype} [${shape.map((l) => (l === '' ? '?' : l)).join(', ')}]`,
  );
  throw new EspalierError(
    'DATA_MISMATCH',
    `the data are texts, and ${ids.length === 0 ? 'no input' : 'more than one input'} of the model takes their tokens: its inputs are ${all.join(', ')}`,
    {},
    'Give arrays by the names of the inputs: JSON lines, an .npz, or a folder of .npy files.',
  );
}
