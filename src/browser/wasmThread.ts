// A thread of the addon's WebAssembly: `startAddonThread` of src/platform/web starts it from the file that this becomes.
import { serveAddonHere } from '../platform/web/wasmThread.js';

serveAddonHere();
