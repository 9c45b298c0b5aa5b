/**
 * What differs between Node and the web, cut by what it is used for. Other folders import this file alone; it names all that a
 * platform has to give.
 */
export { type Addon, addon, addonPlace, addonReady, onAddonLoss } from './node/addon.js';
export { HAS_FILES, nameOfShown, showBlob } from './node/blobs.js';
export { sha256 } from './node/digest.js';
export {
  kindOf,
  namesIn,
  openFile,
  readBytes,
  readText,
  sizeOf,
  writeBytes,
  writeText,
} from './node/files.js';
export { makeFolder } from './node/folders.js';
export { imageDecoder } from './node/images.js';
export { crc32, inflated } from './node/inflate.js';
export { keptTexts } from './node/kept.js';
export { filesBelow, filesLike, isGlob } from './node/listing.js';
export { inSlices, repeatedly, turnOfLoop } from './node/loop.js';
export { cores, engine, machine } from './node/machine.js';
export { moduleUrl } from './node/modules.js';
export { optionalPeers, VERSION } from './node/package.js';
export { importPackage, installedPackage, packagePlaces } from './node/packages.js';
export {
  absolutePath,
  baseName,
  checkFolderOf,
  fileBeside,
  folderOf,
  pathIn,
  pathOfUrl,
  realPath,
} from './node/paths.js';
export { temporaryFolder } from './node/temporary.js';
export { viewerPage } from './node/viewer.js';
export { startWorker } from './node/worker.js';
export { FileProblem } from './problem.js';
export type * from './types.js';
