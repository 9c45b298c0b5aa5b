import { command, EspalierError, option, text } from '../base/errors.js';
import { namesInterface, namesSomething } from '../coupling/analysis.js';
import type { Graph } from '../model/graph.js';
import type { PlanOptions } from '../options/types.js';

/** What the user says of names: what must stay whole, and which inputs and outputs may shrink. */
export type Marks = Pick<PlanOptions, 'keep' | 'free'>;

/** The same for the same marks. */
export const keyOf = ({ keep = [], free = [] }: Marks): string => JSON.stringify([keep, free]);

/** Names as a plan holds them. */
export const namesIn = (made: unknown): readonly string[] =>
  Array.isArray(made) ? (made as readonly string[]) : [];

/** errors: OPTION_INVALID for names that the model does not have. */
export function checkMarks(graph: Graph, { keep = [], free = [] }: Marks): void {
  const { file } = graph;
  const unkept = keep.find((glob) => !namesSomething(graph, glob));
  if (unkept !== undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      text`${option('keep')}: "${unkept}" matches no tensor and no node`,
      { file },
      text`${command.inspect} lists the names; * and ? are wildcards.`,
    );
  const unfreed = free.find((glob) => !namesInterface(graph, glob));
  if (unfreed === undefined) return;
  const names = (values: Graph['inputs']): string => values.map(({ name }) => name).join(', ');
  throw new EspalierError(
    'OPTION_INVALID',
    text`${option('free')}: "${unfreed}" matches no input and no output of the model`,
    { file },
    `Inputs are ${names(graph.inputs)}; outputs are ${names(graph.outputs)}; * and ? are wildcards.`,
  );
}
