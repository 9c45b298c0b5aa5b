import * as v from 'valibot';
import { type KeptTexts, keptTexts, type Machine, machine, sha256 } from '../../platform/index.js';

/** The conditions that a measured latency holds for: this machine, a runtime, and its number of threads. */
export interface LatencySetting extends Machine {
  readonly runtime: string;
  readonly threads: number | 'default';
}

/** What a measured latency holds for: this machine's processor, cores and platform, the runtime, and its number of threads. */
export const settingOf = (runtime: string, threads: number | undefined): LatencySetting => ({
  ...machine(),
  runtime,
  threads: threads ?? 'default',
});

const FORMAT = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    format: v.literal('espalier-latency'),
    version: v.literal(1),
    machine: v.record(v.string(), v.union([v.string(), v.number()])),
    ms: v.record(v.string(), v.pipe(v.number(), v.finite(), v.minValue(0))),
  }),
);

const digest = (text: string): string => sha256(text).slice(0, 24);

/**
 * Milliseconds by what was measured, kept for each machine, runtime and number of threads. What cannot be read or written is not
 * kept: it is measured again. What others have written meanwhile stays.
 */
export class Cache {
  readonly #setting: LatencySetting;
  readonly #name: string;
  readonly #kept: KeptTexts;
  readonly #fresh = new Map<string, number>();
  #known: ReadonlyMap<string, number> = new Map();

  private constructor(setting: LatencySetting, kept: KeptTexts) {
    this.#setting = setting;
    this.#name = `latency-${digest(JSON.stringify(setting))}.json`;
    this.#kept = kept;
  }

  /** within: the folders that are looked in, and written to, in their order; by default those that the platform has for it. */
  static async open(setting: LatencySetting, within?: readonly string[]): Promise<Cache> {
    const cache = new Cache(setting, keptTexts(within));
    cache.#known = await cache.#read();
    return cache;
  }

  get(what: string): number | undefined {
    const key = digest(what);
    return this.#fresh.get(key) ?? this.#known.get(key);
  }

  set(what: string, ms: number): void {
    if (this.get(what) === ms) return;
    this.#fresh.set(digest(what), ms);
  }

  async save(): Promise<void> {
    if (this.#fresh.size === 0) return;
    const ms = Object.fromEntries([...(await this.#read()), ...this.#fresh]);
    const text = JSON.stringify({ format: 'espalier-latency', version: 1, machine: this.#setting, ms });
    await this.#kept.write(this.#name, text);
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    for (const text of await this.#kept.read(this.#name)) {
      const parsed = v.safeParse(FORMAT, text);
      if (parsed.success) return new Map(Object.entries(parsed.output.ms));
    }
    return new Map();
  }
}
