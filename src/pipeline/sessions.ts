import type { Analysis } from '../coupling/analysis.js';
import type { Dataset } from '../data/dataset.js';
import { CalibrationSession } from '../loss/session.js';
import type { NativeModel } from '../native/index.js';
import { DEFAULT_MEMORY } from '../options/calibration.js';
import type { OpenedApplyOptions } from '../options/opened.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { Runtime } from '../runtime/runtime.js';

type Asked = Pick<OpenedApplyOptions, 'data' | 'runtime' | 'samples' | 'memory'>;

interface KnownSession {
  readonly analysis: Analysis;
  readonly given: Runtime | undefined;
  readonly samples: number | undefined;
  readonly memory: number;
  readonly session: CalibrationSession;
}

/** Calibration sessions: one for the same samples, analysis, runtime and memory, as long as somebody holds the samples. */
export class Sessions {
  readonly #known = new WeakMap<Dataset, readonly KnownSession[]>();

  constructor(readonly native: NativeModel) {}

  /** Undefined without samples. */
  of(
    analysis: Analysis,
    { data, runtime, samples, memory = DEFAULT_MEMORY }: Asked,
  ): CalibrationSession | undefined {
    if (data === undefined) return undefined;
    const all = this.#known.get(data) ?? [];
    const known = all.find(
      (own) =>
        own.analysis === analysis &&
        own.given === runtime &&
        own.samples === samples &&
        own.memory === memory,
    );
    if (known !== undefined) return known.session;
    const session = new CalibrationSession(
      this.native,
      analysis,
      data,
      runtime ?? onnxruntime(),
      samples,
      memory,
    );
    this.#known.set(data, [...all, { analysis, given: runtime, samples, memory, session }]);
    return session;
  }
}
