import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';

/** What was measured holds on this machine, with this runtime and so many threads. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
  readonly runtime: string;
  readonly threads: number | 'default';
}

export const machineOf = (runtime: string, threads: number | undefined): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  platform: `${process.platform} ${process.arch}`,
  runtime,
  threads: threads ?? 'default',
});

const FORMAT = v.object({
  format: v.literal('espalier-latency'),
  version: v.literal(1),
  machine: v.record(v.string(), v.union([v.string(), v.number()])),
  ms: v.record(v.string(), v.pipe(v.number(), v.finite(), v.minValue(0))),
});

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);

/** $XDG_CACHE_HOME, by default ~/.cache; where nothing can be written there, the system's folder for temporary files. */
const folders = (): readonly string[] => {
  const { XDG_CACHE_HOME } = process.env;
  const home =
    XDG_CACHE_HOME === undefined || XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME;
  return [home, tmpdir()].map((folder) => join(folder, 'espalier'));
};

/**
 * Milliseconds by what was measured, kept in a file for each machine, runtime and number of threads. What cannot be read
 * or written is not kept: it is measured again. Written beside and renamed, together with what others have written.
 */
export class Cache {
  readonly #machine: Machine;
  readonly #name: string;
  readonly #folders: readonly string[];
  readonly #fresh = new Map<string, number>();
  #kept: ReadonlyMap<string, number> = new Map();

  private constructor(machine: Machine, within: readonly string[]) {
    this.#machine = machine;
    this.#name = `latency-${digest(JSON.stringify(machine))}.json`;
    this.#folders = within;
  }

  static async open(machine: Machine, within: readonly string[] = folders()): Promise<Cache> {
    const cache = new Cache(machine, within);
    cache.#kept = await cache.#read();
    return cache;
  }

  get(what: string): number | undefined {
    const key = digest(what);
    return this.#fresh.get(key) ?? this.#kept.get(key);
  }

  set(what: string, ms: number): void {
    if (this.get(what) === ms) return;
    this.#fresh.set(digest(what), ms);
  }

  async save(): Promise<void> {
    if (this.#fresh.size === 0) return;
    const ms = Object.fromEntries([...(await this.#read()), ...this.#fresh]);
    const text = JSON.stringify({ format: 'espalier-latency', version: 1, machine: this.#machine, ms });
    for (const folder of this.#folders) {
      const path = join(folder, this.#name);
      const beside = `${path}.${process.pid}.tmp`;
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(beside, text, { flag: 'wx' });
        await rename(beside, path);
        return;
      } catch {
        await rm(beside, { force: true }).catch(() => undefined);
      }
    }
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    for (const folder of this.#folders) {
      try {
        const text = await readFile(join(folder, this.#name), 'utf8');
        const parsed = v.safeParse(FORMAT, JSON.parse(text));
        if (parsed.success) return new Map(Object.entries(parsed.output.ms));
      } catch {
        // Not here, or no such file: the next place.
      }
    }
    return new Map();
  }
}
