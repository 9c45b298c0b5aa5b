// What the page may ask for, and nothing else: it has neither Node nor files.
const { contextBridge, ipcRenderer, webUtils } = require('electron');

contextBridge.exposeInMainWorld('espalier', {
  prune: (file, macs) => ipcRenderer.invoke('prune', { input: webUtils.getPathForFile(file), macs }),
  onProgress: (tell) => ipcRenderer.on('progress', (_, progress) => tell(progress)),
});
