const { foreign, unpackDir } = require('./unpacked.cjs');

module.exports = {
  packagerConfig: {
    asar: { unpackDir },
    ignore: [foreign(process.platform, process.arch), /^\/(try\.mjs|electron-builder\.config\.cjs)$/],
  },
  // Nothing is to be rebuilt: addons that use Node-API fit every Electron.
  rebuildConfig: { onlyModules: [] },
};
