import { type InstantiateOptions, instantiateNapiModule, instantiateNapiModuleSync } from '@emnapi/core';
import { asyncWork, tsfn } from '@emnapi/core/plugins';
import { createContext } from '@emnapi/runtime';
import { WASI } from '@tybys/wasm-util';
import type * as Addon from '../../../index.d.ts';
import { answeringErrors, type Calls } from './errors.js';
import { Watch } from './watch.js';

export type { Calls } from './errors.js';

/** Files as WebAssembly's system interface asks for them: as much of the module `node:fs` as that calls. */
export type Files = NonNullable<NonNullable<ConstructorParameters<typeof WASI>[0]>['fs']>;

/** What of the system the addon sees: files, of which `root` holds all that it may come to, under the same path. */
export interface Shown {
  readonly files: Files;
  readonly root: string;
}

/** Threads for an addon that has some. */
export interface Threads {
  /** How many can compute at the same time. */
  readonly count: number;
  /** Starts one, in which `addonThread` acts on what it is sent. */
  readonly start: (info: { readonly name: string }, here: Here) => unknown;
}

/** What the thread that starts others does for them. */
export interface Here {
  /** Calls of the system. */
  readonly calls: Calls;
  /** Hears that a thread has ended, with all of the addon. */
  readonly ended: (words: string) => void;
}

/** The addon, and who is to be told when it has ended in the middle of a call. */
export interface Instance {
  readonly addon: typeof Addon;
  readonly onLoss: Watch['onLoss'];
}

/** Pages of memory to begin with, of 64 KiB each: what the stack takes, which lies in front of everything else, and the first models. */
const FIRST_PAGES = 2048;
/** All that 32 bits can address. */
const MOST_PAGES = 65_536;
/** Threads on which calls wait for each other, and for the threads that compute: as many as Node has for its own. */
const WAITING = 4;

/**
 * The addon from its WebAssembly of one thread, which is compiled: that of its caller. What it is asked for off the main thread
 * it does as soon as the event loop turns, and nothing else happens meanwhile.
 *
 * - `mostPages`: of its memory, 64 KiB each
 */
export function instantiate(module: WebAssembly.Module, shown: Shown, mostPages = MOST_PAGES): Instance {
  const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: mostPages });
  const watch = new Watch();
  const { napiModule } = instantiateNapiModuleSync(module, {
    ...common(shown, memory, watch),
    plugins: [asyncWork, tsfn],
  });
  return instanceOf(napiModule.exports as typeof Addon, watch);
}

/**
 * The addon from its WebAssembly with threads, which is compiled. They share its memory, so that a page has to be isolated from others.
 * Its caller's thread must be one that may wait, as a page's own may not.
 */
export async function instantiateWithThreads(
  module: WebAssembly.Module,
  shown: Shown,
  { count, start }: Threads,
  mostPages = MOST_PAGES,
): Promise<Instance> {
  const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: mostPages, shared: true });
  const watch = new Watch();
  const own = common(shown, memory, watch);
  const here: Here = { calls: own.calls, ended: (words) => watch.end(new Error(words)) };
  const { napiModule } = await instantiateNapiModule(module, {
    ...own,
    asyncWorkPoolSize: WAITING,
    reuseWorker: { size: WAITING + count },
    onCreateWorker: (info) => start(info, here),
  });
  watch.onLoss(() => {
    // Those that are left would wait for the one that has ended, and Node for answers that do not come.
    const { PThread } = napiModule as unknown as Threaded;
    for (const thread of [...PThread.unusedWorkers, ...Object.values(PThread.pthreads)])
      PThread.terminateWorker(thread);
    const { refCounter } = own.context as unknown as Counting;
    while (refCounter !== undefined && refCounter.count > 0) own.context.decreaseWaitingRequestCounter();
  });
  const instance = instanceOf(napiModule.exports as typeof Addon, watch);
  instance.addon.setCores(count);
  return instance;
}

/** What emnapi's types leave out. */
interface Threaded {
  readonly PThread: {
    readonly unusedWorkers: readonly object[];
    readonly pthreads: Readonly<Record<string, object>>;
    terminateWorker(thread: object): void;
  };
}
interface Counting {
  readonly refCounter?: { readonly count: number };
}

function instanceOf(addon: typeof Addon, watch: Watch): Instance {
  watch.started();
  return { addon, onLoss: (act) => watch.onLoss(act) };
}

const common = (shown: Shown, memory: WebAssembly.Memory, watch: Watch) => ({
  context: createContext(),
  ...importsOf(shown, memory, watch.hear),
  getTable: ({ __indirect_function_table: table }: { readonly __indirect_function_table?: object }) =>
    watch.table(table!),
  beforeInit: ({ instance }: { readonly instance: WebAssembly.Instance }) => {
    for (const [name, register] of Object.entries(instance.exports))
      if (name.startsWith('__napi_register__')) (register as () => void)();
  },
});

/** What the WebAssembly imports, of any of its threads. `hear`: hears what it says when it panics; `calls`: those of the system. */
export function importsOf({ files, root }: Shown, memory: WebAssembly.Memory, hear: (line: string) => void) {
  const wasi = new WASI({
    version: 'preview1',
    fs: files,
    preopens: { [root]: root },
    print: (text) => console.log(text),
    printErr: hear,
  });
  const calls = answeringErrors(wasi.wasiImport as Calls);
  return {
    calls,
    wasi: wasi as InstantiateOptions['wasi'] & {},
    overwriteImports: (imports: WebAssembly.Imports) => ({
      ...imports,
      wasi_snapshot_preview1: calls,
      env: { ...imports.env, ...imports.napi, ...imports.emnapi, memory },
    }),
  };
}
