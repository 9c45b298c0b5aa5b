// What napi-rs asks for where MinGW links an addon: a `libnode` to link with. The addon asks node.exe for Node-API's functions when it
// is loaded (napi's feature `dyn-symbols`), as it does where Visual C++ has built it, so that there need be nothing in that library.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifacts } from './manifest.js';

const EMPTY_ARCHIVE = '!<arch>\n';

/** An environment in which an addon for Windows is linked by MinGW. */
export function withNodeLibrary(): NodeJS.ProcessEnv {
  const folder = join(artifacts, 'tools/libnode');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'libnode.dll'), '');
  writeFileSync(join(folder, 'libnode.dll.a'), EMPTY_ARCHIVE);
  return { ...process.env, LIBNODE_PATH: folder };
}
