import { describeImages } from '../preprocess/describe.js';
import { imageInput } from '../preprocess/imageInput.js';
import { resolve } from '../preprocess/resolved.js';
import { statedFor } from '../preprocess/stated.js';
import { NO_MODEL, type SampleContext } from './context.js';
import { type Dataset, datasetOf } from './dataset.js';
import { imageArray } from './imageSamples.js';
import { arraysOf, labelled } from './labelled.js';
import type { SampleFiles, SampleKind } from './sampleFiles.js';
import { datasetOfSounds } from './soundSamples.js';
import { datasetOfTexts } from './textSamples.js';

/**
 * Files as samples of a model: what it sees of them, and their labels.
 *
 * errors: DATA_MISMATCH where the model takes nothing of that kind; PACKAGE_MISSING; those of preprocessings and of tables
 */
export const datasetOfFiles = (listed: SampleFiles, context: SampleContext): Promise<Dataset> =>
  MAKERS[listed.kind](listed, context);

const MAKERS: Readonly<Record<SampleKind, typeof datasetOfTexts>> = {
  images: (listed, context) => datasetOfImages(listed, context),
  sounds: datasetOfSounds,
  texts: datasetOfTexts,
};

async function datasetOfImages(listed: SampleFiles, context: SampleContext): Promise<Dataset> {
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
