import type { ModelOrigin } from '../preprocess/beside.js';
import { classesOf } from '../preprocess/classNames.js';
import type { Tensor } from '../runtime/runtime.js';
import type { SampleContext } from './context.js';
import type { Dataset } from './dataset.js';
import { type LabelledFiles, labelsOfFolders } from './folderLabels.js';
import type { SampleFile, SampleFiles } from './sampleFiles.js';
import { isTable, labelsOfTable } from './tableLabels.js';

/** The array that classes become, where no table names another. */
export const LABELS = 'label';

/** Files in the order in which they become samples, and their labels. */
export interface Labelled {
  readonly files: readonly SampleFile[];
  readonly labels: LabelledFiles | undefined;
  readonly warnings: NonNullable<Dataset['warnings']>;
}

/** By a table where one was given, else by folders; where there is neither, files stay in their order. */
export async function labelled(
  { files, source, others }: SampleFiles,
  { labels }: SampleContext,
  model: ModelOrigin,
): Promise<Labelled> {
  const left =
    others === 0
      ? []
      : [
          {
            code: 'FILES_LEFT_OUT',
            text: `${others} files of ${source} are of another kind and were left out`,
          },
        ];
  const own = await classesOf(model);
  if (labels !== undefined && isTable(labels)) {
    const found = await labelsOfTable(labels, files, own);
    return { files: found.files, labels: found, warnings: left };
  }
  const found = labelsOfFolders(files, own);
  const other =
    found === undefined || found.byModel || own.size === 0
      ? []
      : [
          {
            code: 'CLASSES_UNKNOWN',
            text: "the model names its classes, and not all of the folders': labels are numbered by the folders' order, which may not be the model's",
          },
        ];
  return { files: found?.files ?? files, labels: found, warnings: [...left, ...other] };
}

/** Labels as arrays: numbers under the name that was asked for, names as `class`. */
export function arraysOf(
  labels: Pick<LabelledFiles, 'numbers' | 'classes'> | undefined,
  asked: string | undefined,
): Record<string, Tensor> {
  if (labels === undefined) return {};
  const { numbers, classes } = labels;
  const dims = [numbers.length];
  const name = asked !== undefined && isTable(asked) ? asked : LABELS;
  return {
    [name]: { type: 'int32', data: numbers, dims },
    ...(classes.length > 0 && {
      class: { type: 'string', data: Array.from(numbers, (number) => classes[number]!), dims },
    }),
  };
}
