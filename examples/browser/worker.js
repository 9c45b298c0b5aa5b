// The model, in a thread of its own: WebAssembly has its caller's thread, and the page's is for its user.
import { openModel, verify } from 'espalier';

/** Pages that show more of what cannot be cut than these are read by nobody. */
const MOST_FROZEN = 200;

let file;
let model;

/** What the page can ask for. Each gives what it answers, and the buffers that it gives away with it. */
const acts = {
  async open({ model: given }) {
    model?.dispose();
    file = given;
    model = await openModel(file);
    const { frozen, groups, ...inspection } = model.inspect();
    const listed = groups.map(({ id, lanes, params, exact }) => ({ id, lanes, params, exact }));
    return [{ ...inspection, groups: listed, frozen: frozen.slice(0, MOST_FROZEN) }];
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
    return [{ ...answer, bytes }, [bytes.buffer]];
  },
};

/** How alike both models answer on the samples. */
async function comparison(bytes, samples, onProgress) {
  onProgress({ phase: 'compare', done: 0, total: 0 });
  const { outputs, faults, data } = await verify(file, bytes, { data: samples, samples: 128, runs: 0 });
  return { outputs, faults, samples: data.samples };
}

let turn = Promise.resolve();
self.onmessage = ({ data: { id, act, ...given } }) => {
  turn = turn.then(async () => {
    try {
      const [answer, moved = []] = await acts[act](given);
      postMessage({ id, answer }, moved);
    } catch (error) {
      const { what = error.message, where = {}, todo = '' } = error;
      postMessage({ id, problem: { what, where, todo: `${todo}` } });
    }
  });
};
