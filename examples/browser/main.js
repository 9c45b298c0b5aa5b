import { pageOf } from './page.js';

const page = pageOf(document);
let thread;
/** The model, and files of its external data. */
let file;
let data = [];
/** The address of the model that can be taken; it holds its memory until it is revoked. */
let address;

/** A thread that answers one question after the other; `progress` is told of what lies between. */
class Thread {
  #worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  #waiting = new Map();
  #next = 0;

  constructor(progress) {
    this.#worker.onmessage = ({ data: { id, answer, problem, progress: told } }) => {
      if (told !== undefined) return progress(told);
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      problem === undefined ? resolve(answer) : reject(problem);
    };
    this.#worker.onerror = ({ message }) => this.#end({ what: message ?? 'the worker could not be loaded' });
  }

  ask(act, given) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, act, ...given });
    });
  }

  stop() {
    this.#worker.terminate();
    this.#end(undefined);
  }

  #end(problem) {
    for (const { reject } of this.#waiting.values()) reject(problem);
    this.#waiting.clear();
  }
}

/** Opens the model in a new thread: memory that WebAssembly has taken goes with the old one. */
async function open() {
  thread?.stop();
  thread = new Thread(page.progress);
  return thread.ask('open', { model: file, externalData: data });
}

/** Of several files one is the model. Files that are chosen later, without a model, belong to the one that there is. */
async function choose(chosen) {
  if (chosen.length === 0) return;
  const model =
    chosen.find(({ name }) => /\.onnx$/i.test(name)) ?? (file === undefined ? chosen[0] : undefined);
  const others = chosen.filter((each) => each !== model);
  data = model === undefined ? [...data, ...others] : others;
  file = model ?? file;
  page.reset();
  await page.during('Reading the model', async () => page.showModel(file, await open()));
}

async function prune() {
  page.forget();
  const { budget, samples } = page.asked();
  await page.during('Pruning', async () => {
    const { blob, ...pruned } = await thread.ask('prune', { budget, samples });
    if (address !== undefined) URL.revokeObjectURL(address);
    address = URL.createObjectURL(blob);
    page.showPruned(pruned, address, `${file.name.replace(/\.onnx$/i, '')}-pruned.onnx`);
  });
}

/** What runs cannot be interrupted, so its thread ends, and the model is opened in another one. */
async function stop() {
  await page.during('Stopping', open);
}

page.onModel((chosen) => choose(chosen));
page.onStart(prune);
page.onStop(stop);
