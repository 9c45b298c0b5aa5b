const { asarUnpack } = require('./unpacked.cjs');

module.exports = {
  appId: 'org.example.espalier',
  asar: true,
  asarUnpack,
  // Native packages have no source to rebuild: their addons fit every Electron, as they use Node-API.
  npmRebuild: false,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: electron-builder fills these in.
  files: ['**/*', '!**/onnxruntime-node/bin/napi-v*/!(${platform})/**', '!try.mjs', '!forge.config.cjs'],
  linux: { target: 'dir' },
  mac: { target: 'dir' },
  win: { target: 'dir' },
};
