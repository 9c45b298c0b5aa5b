import { DISPOSE } from '../base/dispose.js';
import { frozen } from '../base/frozen.js';
import type { Dataset } from '../data/dataset.js';
import type { SampleSource } from '../data/samples.js';
import { readGraph } from '../model/graph.js';
import { openAny } from '../native/index.js';
import { applyOptions, data, inspectOptions } from '../options/calibration.js';
import { callOptions, saveOptions } from '../options/call.js';
import { checkPlanOptions, checkScoreOptions, checkTreeOptions } from '../options/checks.js';
import { checkSamplesOptions, sampleOptions } from '../options/sampling.js';
import type {
  ApplyOptions,
  CalibrationOptions,
  CallOptions,
  CheckSamplesOptions,
  GroupScore,
  Inspection,
  InspectOptions,
  Model,
  PlanOptions,
  Pruned,
  SampleOptions,
  SaveOptions,
  ScoreOptions,
  Stability,
  TreeOptions,
  TreeReport,
  Warning,
} from '../options/types.js';
import { OpenModel } from '../pipeline/model.js';
import { type SampledModel, samplesFor } from '../pipeline/samplesFor.js';
import type { Plan } from '../plan/plan.js';
import { argument, checked, invalid } from '../schema/check.js';
import { fileNameOf, type ModelSource, type PathLike, pathFrom, sourceFrom } from '../schema/sources.js';

/**
 * Opens an ONNX model: a path, a `file:` URL, or the bytes of a file, in an ArrayBuffer or any view of one, a Blob, a File or a Response. In a
 * browser paths and URLs are addresses that are fetched, and of a Blob or File parts are read as they are needed, in a worker.
 *
 * Files of external data are found in the folder of a model at a path. Those of any other are given beside it, by the names that it has
 * for them: `openModel({ model, externalData: { 'weights.bin': file } })`.
 *
 * The graph is read; weights stay where they are, and are read and copied by the native addon when they are needed.
 * errors: OPTION_INVALID, FILE_NOT_FOUND, FILE_UNREADABLE, MODEL_MALFORMED, MODEL_UNSUPPORTED, EXTERNAL_DATA, GRAPH_INVALID.
 */
export async function openModel(source: ModelSource, options?: CallOptions): Promise<Model> {
  const from = await sourceFrom('source', source);
  const call = checked(callOptions, options);
  const native = await openAny(from.model, call, from.files);
  try {
    const place = typeof from.model === 'string' ? from.model : undefined;
    return new CheckedModel(new OpenModel(native, readGraph(native.describe(), fileNameOf(from))), place);
  } catch (problem) {
    native.dispose();
    throw problem;
  }
}

/**
 * The border between callers and the pipeline: what is given is checked, samples and paths of all forms become one, and a model that was
 * closed is refused. Nothing behind it looks at what it is given again.
 */
class CheckedModel implements Model {
  readonly #model: OpenModel;
  /** Its path, where it has one: files beside it may say how samples are made for it. */
  readonly #path: string | undefined;
  #closed = false;

  constructor(model: OpenModel, path: string | undefined) {
    this.#model = model;
    this.#path = path;
  }

  get file(): string {
    return this.#model.file;
  }

  inspect(): Inspection;
  inspect(options: InspectOptions): Promise<Inspection>;
  inspect(given?: InspectOptions): Inspection | Promise<Inspection> {
    return given === undefined ? frozen(this.#open().inspect()) : this.#inspectWith(given);
  }

  async #inspectWith(given: InspectOptions): Promise<Inspection> {
    const model = this.#open();
    return frozen(await model.inspectWith(await this.#opened(checked(inspectOptions, given))));
  }

  async sha256(options?: CallOptions): Promise<string> {
    return this.#open().sha256(checked(callOptions, options));
  }

  async score(given?: ScoreOptions): Promise<readonly GroupScore[]> {
    const model = this.#open();
    return frozen(await model.score(await this.#opened(checkScoreOptions(given))));
  }

  async tree(given: TreeOptions): Promise<TreeReport> {
    const model = this.#open();
    return frozen(await model.tree(await this.#opened(checkTreeOptions(given))));
  }

  async samples(source: SampleSource, given?: SampleOptions): Promise<Dataset> {
    this.#open();
    const options = checked(sampleOptions, given);
    return samplesFor(this.#sampled(), argument('source', data.takes, source), options);
  }

  async checkSamples(source: SampleSource, given?: CheckSamplesOptions): Promise<readonly Warning[]> {
    const model = this.#open();
    const options = checked(checkSamplesOptions, given);
    const samples = argument('source', data.takes, source);
    return frozen(await model.checkSamples(await samplesFor(this.#sampled(), samples, options), options));
  }

  async writeWeightTerms(path: PathLike, options?: SaveOptions): Promise<{ readonly bytes: number }> {
    return this.#open().writeWeightTerms(pathFrom('path', path), checked(saveOptions, options));
  }

  async plan(given: PlanOptions): Promise<Plan> {
    const model = this.#open();
    return frozen(await model.plan(await this.#opened(checkPlanOptions(given))));
  }

  async prune(given: PlanOptions): Promise<Pruned> {
    const model = this.#open();
    return frozen(await model.prune(await this.#opened(checkPlanOptions(given))));
  }

  async stability(given: PlanOptions): Promise<Stability> {
    const model = this.#open();
    return frozen(await model.stability(await this.#opened(checkPlanOptions(given))));
  }

  async apply(plan: Plan, given?: ApplyOptions): Promise<Pruned> {
    const model = this.#open();
    const options = checked(applyOptions, given);
    const [{ checkPlan }, { sectionReader }] = await Promise.all([
      import('../plan/read.js'),
      import('../compression/compressions.js'),
    ]);
    return frozen(await model.apply(checkPlan(plan, undefined, sectionReader), await this.#opened(options)));
  }

  dispose(): void {
    this.#closed = true;
    this.#model.dispose();
  }

  [DISPOSE](): void {
    this.dispose();
  }

  #open(): OpenModel {
    if (this.#closed)
      throw invalid(`the model "${this.file}" is closed`, 'Open it again, or dispose of it later.');
    return this.#model;
  }

  #sampled(): SampledModel {
    return { graph: this.#model.graph, path: this.#path };
  }

  /** The same options with their samples as a dataset. Whatever form they had, the inputs of the model say how they are laid out. */
  async #opened<T extends CalibrationOptions & CallOptions>(
    options: T,
  ): Promise<Omit<T, 'data'> & { readonly data?: Dataset }> {
    const { data, ...rest } = options;
    options.signal?.throwIfAborted();
    return data === undefined ? rest : { ...rest, data: await samplesFor(this.#sampled(), data, options) };
  }
}
