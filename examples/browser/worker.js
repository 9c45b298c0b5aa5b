// The model, in a thread of its own: WebAssembly has its caller's thread, and the page's is for its user.
import { openModel, verify } from 'espalier';

/** As `openModel` takes it: the model with its external data. */
let source;
let model;

/** What the page can ask for. */
const acts = {
  async open({ model: file, externalData }) {
    model?.dispose();
    source = { model: file, externalData };
    model = await openModel(source);
    const { groups, size, nodes, inputs, shares, warnings } = model.inspect();
    const listed = groups.map(({ id, lanes, params, exact }) => ({ id, lanes, params, exact }));
    return { groups: listed, size, nodes, inputs, shares, warnings };
  },

  async prune({ budget, samples }) {
    const onProgress = ({ phase, done, total }) => postMessage({ progress: { phase, done, total } });
    const pruned = await model.prune({ ...budget, ...(samples && { data: samples }), onProgress });
    const bytes = await pruned.toBytes({ onProgress });
    const { before, after, warnings, plan, reconstruction } = pruned;
    const kept = plan.groups.map((group) => [group.id, group.kept.length]);
    const alike = samples && (await comparison(bytes, samples, onProgress));
    const answer = {
      before,
      after: { ...after, bytes: bytes.length },
      warnings,
      kept,
      reconstruction,
      alike,
    };
    // A blob is handed over as it is; bytes would be copied on the page's own thread before they could be taken.
    return { ...answer, blob: new Blob([bytes], { type: 'application/octet-stream' }) };
  },
};

/** How alike both models answer on the samples. */
async function comparison(bytes, samples, onProgress) {
  onProgress({ phase: 'compare', done: 0, total: 0 });
  const { outputs, faults, data } = await verify(source, bytes, { data: samples, samples: 128, runs: 0 });
  return { outputs, faults, samples: data.samples };
}

let turn = Promise.resolve();
self.onmessage = ({ data: { id, act, ...given } }) => {
  turn = turn.then(async () => {
    try {
      postMessage({ id, answer: await acts[act](given) });
    } catch (error) {
      const { code, what = error.message, where = {}, todo = '' } = error;
      postMessage({ id, problem: { code, what, where, todo: `${todo}` } });
    }
  });
};
