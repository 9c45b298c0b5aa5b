import { expect } from 'vitest';
import { EspalierError } from '../../src/index.js';

/** What is wrong, as it is thrown. */
export async function faultOf(act: () => unknown): Promise<EspalierError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof EspalierError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}
