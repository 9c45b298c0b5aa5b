import type { Pruned } from '../options/types.js';

type PlannedInterface = NonNullable<Pruned['plan']['interface']>;

/** Inputs and outputs that shrank: which indices of what is given stay, the plan and the model's metadata say. */
export const interfaceReport = ({ inputs, outputs }: PlannedInterface): string =>
  [...lines('input', inputs), ...lines('output', outputs)].join('\n');

const lines = (kind: string, values: PlannedInterface['inputs']): readonly string[] =>
  Object.entries(values).map(([name, axes]) => {
    const each = Object.entries(axes).map(
      ([axis, { length, kept }]) => `axis ${axis} ${length} -> ${kept.length}`,
    );
    return `${kind} ${name}: ${each.join(', ')}`;
  });
