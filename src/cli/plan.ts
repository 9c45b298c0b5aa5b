import { EspalierError } from '../base/errors.js';
import type { Plan } from '../plan/plan.js';
import { FileProblem, readText } from '../platform/index.js';

/** Reads a plan. errors: FILE_NOT_FOUND, FILE_UNREADABLE, PLAN_MALFORMED */
export async function loadPlan(path: string): Promise<Plan> {
  const { readPlan } = await import('../plan/read.js');
  const text = await readText(path).catch((cause: unknown) => {
    const missing = cause instanceof FileProblem && cause.reason === 'missing';
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EspalierError(
      missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      missing ? 'the plan does not exist' : `the plan cannot be read (${why})`,
      { file: path },
      '',
      { cause },
    );
  });
  return readPlan(text, path);
}
