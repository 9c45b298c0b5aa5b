// The main process: opens the window, and lets a utility process prune, so that neither waits for the other.

import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, dialog, ipcMain, utilityProcess } from 'electron';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Prunes a file in a utility process. Resolves with what came of it. */
export function prune(request, tell = () => {}) {
  const child = utilityProcess.fork(here('utility.mjs'), [], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if ('progress' in message) return tell(message.progress);
      child.kill();
      if ('error' in message) reject(new Error(message.error));
      else resolve(message.result);
    });
    child.on('exit', (code) => reject(new Error(`the utility process ended with ${code}`)));
    child.once('spawn', () => child.postMessage(request));
  });
}

ipcMain.handle('prune', async ({ sender }, { input, macs }) => {
  const window = BrowserWindow.fromWebContents(sender);
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: input.replace(/(\.onnx)?$/, '-small.onnx'),
  });
  if (canceled) return undefined;
  return await prune({ input, output: filePath, macs }, (progress) => sender.send('progress', progress));
});

await app.whenReady();
const [, trial] = /^--try=(.*)$/.exec(process.argv.at(-1) ?? '') ?? [];
if (trial === undefined) {
  app.on('window-all-closed', () => app.quit());
  const window = new BrowserWindow({
    width: 640,
    height: 400,
    webPreferences: { preload: here('preload.cjs') },
  });
  await window.loadFile(here('index.html'));
} else {
  const { attempt } = await import('./attempt.mjs');
  app.exit(await attempt(JSON.parse(Buffer.from(trial, 'base64url').toString()), prune));
}
