const [file, macs, told] = ['file', 'macs', 'told'].map((id) => document.getElementById(id));

window.espalier.onProgress(({ phase, done, total }) => {
  told.textContent = `${phase}: ${Math.round((100 * done) / total)} %`;
});

async function prune(dropped) {
  try {
    const result = await window.espalier.prune(dropped, Number(macs.value));
    if (result !== undefined)
      told.textContent = `${result.output}: ${result.before.params} parameters, now ${result.after.params}`;
  } catch (error) {
    told.textContent = error.message;
  }
}

file.addEventListener('change', () => prune(file.files[0]));
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  prune(event.dataTransfer.files[0]);
});
