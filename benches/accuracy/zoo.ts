import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reason } from './cells.js';

type Metrics = Readonly<Record<string, number>>;

/** Copies of a model of the zoo, judged by the zoo's own tool. */
export interface Judge {
  readonly python: string;
  /** The zoo; `../tools/task_metric.py` lies beside it. */
  readonly folder: string;
  readonly name: string;
  readonly samples: readonly number[];
}

/** The 16-bit and quantised copies share the data of their original. */
export const dataOf = (folder: string, name: string): string =>
  join(folder, `${name.replace(/-(qdq|fp16)$/, '')}.npz`);

/** Why the zoo cannot be judged here, if so. */
export function missing(python: string, folder: string): string | undefined {
  const tools = join(folder, '..', 'tools');
  if (!existsSync(join(tools, 'task_metric.py'))) return `there is no task_metric.py in ${tools}`;
  const { status, error, stderr } = spawnSync(python, ['-c', 'import numpy, onnxruntime, scipy'], {
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return `${python} cannot be used: ${error?.message ?? stderr.trim().split('\n').at(-1)} (name another by --python)`;
}

/** Metrics of each file, or why it has none. */
export function metricsOf(judge: Judge, models: readonly string[]): readonly (Metrics | string)[] {
  const { python, folder, name, samples } = judge;
  const tools = join(folder, '..', 'tools');
  const script = fileURLToPath(new URL('task.py', import.meta.url));
  const { stdout, stderr, error } = spawnSync(python, [script], {
    input: JSON.stringify({ tools, data: dataOf(folder, name), name, samples, models }),
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  const lines = stdout?.split('\n').filter((line) => line.startsWith('{')) ?? [];
  const why = error === undefined ? (stderr?.trim().split('\n').at(-1) ?? 'it ended') : reason(error);
  return models.map((_, place) => {
    const line = lines[place];
    if (line === undefined) return why;
    const found = JSON.parse(line) as Metrics | { readonly failed: string };
    return 'failed' in found ? String(found.failed) : (found as Metrics);
  });
}
