import { type InstantiateOptions, instantiateNapiModuleSync } from '@emnapi/core';
import { asyncWork, tsfn } from '@emnapi/core/plugins';
import { createContext } from '@emnapi/runtime';
import { WASI } from '@tybys/wasm-util';
import type * as Addon from '../../../index.d.ts';
import { answeringErrors } from './errors.js';

/** Files as WebAssembly's system interface asks for them: as much of the module `node:fs` as that calls. */
export type Files = NonNullable<NonNullable<ConstructorParameters<typeof WASI>[0]>['fs']>;

/** Pages of memory to begin with, of 64 KiB each: what the stack takes, which lies in front of everything else, and the first models. */
const FIRST_PAGES = 2048;
/** All that 32 bits can address. */
const MOST_PAGES = 65_536;

/**
 * The addon from its WebAssembly, which is compiled. It has one thread, that of its caller: what it is asked for off the main thread
 * it does as soon as the event loop turns, and nothing else happens meanwhile.
 *
 * - `root`: the folder that holds all that the addon may come to, under the same path
 */
export function instantiate(module: WebAssembly.Module, files: Files, root: string): typeof Addon {
  const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: MOST_PAGES });
  const { napiModule } = instantiateNapiModuleSync(module, {
    context: createContext(),
    wasi: new WASI({
      version: 'preview1',
      fs: files,
      preopens: { [root]: root },
      print: (text) => console.log(text),
      printErr: (text) => console.error(text),
    }) as InstantiateOptions['wasi'] & {},
    plugins: [asyncWork, tsfn],
    overwriteImports: (imports) => ({
      ...imports,
      wasi_snapshot_preview1: answeringErrors(
        imports.wasi_snapshot_preview1 as Parameters<typeof answeringErrors>[0],
      ),
      env: { ...imports.env, ...imports.napi, ...imports.emnapi, memory },
    }),
    beforeInit: ({ instance }) => {
      for (const [name, register] of Object.entries(instance.exports))
        if (name.startsWith('__napi_register__')) (register as () => void)();
    },
  });
  return napiModule.exports as typeof Addon;
}
