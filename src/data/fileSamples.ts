import type { ModelOrigin } from '../preprocess/beside.js';
import { classesOf } from '../preprocess/classNames.js';
import { describeImages } from '../preprocess/describe.js';
import { imageInput } from '../preprocess/imageInput.js';
import { resolve } from '../preprocess/resolved.js';
import { type Preprocessing, statedFor } from '../preprocess/stated.js';
import type { Tensor, ValueInfo } from '../runtime/runtime.js';
import { type Dataset, datasetOf } from './data.js';
import { type LabelledFiles, labelsOfFolders } from './folderLabels.js';
import { imageArray } from './imageSamples.js';
import type { SampleFile, SampleFiles } from './sampleFiles.js';
import { isTable, labelsOfTable } from './tableLabels.js';

/** What samples are made for, and what was said of them. */
export interface SampleContext {
  /** Of the model. */
  readonly inputs: readonly ValueInfo[];
  /** Where it lies, and what it says of itself. */
  readonly model?: ModelOrigin;
  /** By default what lies beside the model says it. */
  readonly preprocess?: Preprocessing;
  /** The array that holds class labels, or a table of them by names of files. */
  readonly labels?: string;
  /** Of a sequence no more samples than these are asked for. */
  readonly most?: number;
  readonly signal?: AbortSignal;
}

/** The array that classes of folders become. */
const LABELS = 'label';

const NO_MODEL: ModelOrigin = { metadata: {} };

/**
 * Files as samples of a model: what it sees of them, and their labels.
 *
 * errors: DATA_MISMATCH where the model takes nothing of that kind; PACKAGE_MISSING; those of preprocessings and of tables
 */
export async function datasetOfFiles(listed: SampleFiles, context: SampleContext): Promise<Dataset> {
  const { inputs, model = NO_MODEL, preprocess } = context;
  const input = imageInput(inputs);
  const to = resolve(await statedFor(preprocess, model), input);
  const { files, labels, warnings } = await labelled(listed, context, model);
  const array = await imageArray(files, to);
  return {
    source: listed.source,
    arrays: new Map([[array.name, array], ...datasetOf(arraysOf(labels, context.labels)).arrays]),
    preprocessing: describeImages(to),
    files: files.map(({ name }) => name),
    ...(labels !== undefined && labels.classes.length > 0 && { classes: labels.classes }),
    warnings: [...to.notes.map((text) => ({ code: 'PREPROCESSING', text })), ...warnings],
  };
}

interface Labelled {
  readonly files: readonly SampleFile[];
  readonly labels: LabelledFiles | undefined;
  readonly warnings: NonNullable<Dataset['warnings']>;
}

/** By a table where one was given, else by folders; where there is neither, files stay in their order. */
async function labelled(
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
  return { files: found?.files ?? files, labels: found, warnings: left };
}

/** Labels as arrays: numbers under the name that was asked for, names as `class`. */
function arraysOf(labels: LabelledFiles | undefined, asked: string | undefined): Record<string, Tensor> {
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
