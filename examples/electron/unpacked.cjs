// What may not lie inside of app.asar: the system loads native libraries from files of their own. Packages that have some are unpacked
// whole, as they look for their libraries beside themselves.
const PACKAGES = ['@espalier', 'onnxruntime-node'];

/** For @electron/asar, and so for Electron Forge: folders, relative to the app. */
exports.unpackDir = `**/node_modules/{${PACKAGES.join(',')}}{,/**}`;

/** For electron-builder. */
exports.asarUnpack = PACKAGES.map((name) => `**/node_modules/${name}/**`);

/** onnxruntime-node carries the libraries of every system, 288 MB; an app needs those of its own. */
exports.foreign = (platform, arch) =>
  new RegExp(`node_modules/onnxruntime-node/bin/napi-v\\d+/(?!${platform}/${arch}(/|$))[^/]+/[^/]+`);
