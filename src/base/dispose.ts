/**
 * The name of the method that `using` calls. Engines that do not know it yet (Node before 20.4) have none under that name: there it is
 * the symbol that esbuild and Babel make `using` look for.
 */
export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
