// What the page shows, and what it is asked.

/** What a phase of the work is called. */
const PHASES = {
  open: 'Reading the model',
  hash: 'Reading the model',
  score: 'Judging the weights',
  weigh: 'Judging the weights',
  calibrate: 'Running the samples',
  moments: 'Looking at the samples',
  reconstruct: 'Refitting what is left',
  write: 'Writing the smaller model',
  compare: 'Comparing both models',
};

const UNITS = ['bytes', 'kB', 'MB', 'GB'];
const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

function bytesInWords(bytes) {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${number.format(bytes / 1000 ** unit)} ${UNITS[unit]}`;
}

export function pageOf(document) {
  const at = (id) => document.getElementById(id);
  const element = (name, text, attributes = {}) => {
    const made = Object.assign(document.createElement(name), attributes);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const list = (id, texts) => at(id).replaceChildren(...texts.map((text) => element('li', text)));
  const show = (id, shown) => {
    at(id).hidden = !shown;
  };

  const measure = at('measure');
  const amount = at('amount');
  const shownAmount = () => {
    at('amount-shown').value = `${amount.value} %`;
  };
  amount.addEventListener('input', shownAmount);
  shownAmount();

  const drop = at('drop');
  for (const [event, over] of [
    ['dragover', true],
    ['dragleave', false],
    ['drop', false],
  ])
    drop.addEventListener(event, () => drop.classList.toggle('over', over));

  function sayProblem(problem) {
    if (problem === undefined) return;
    const { what = problem.message, where = {}, todo = '' } = problem;
    const place = ['node', 'tensor', 'axis'].filter((name) => where[name] !== undefined);
    const next = problem.code === 'EXTERNAL_DATA' ? 'Choose that file together with the model.' : todo;
    const words = [what, ...place.map((name) => `${name} ${where[name]}`)].join('; ');
    at('problem').textContent = next ? `${words}. ${next}` : words;
  }

  /** Of each group, what is kept of it: the meter and its number. */
  const cells = new Map();

  function showGroups(groups) {
    cells.clear();
    const rows = groups.map(({ id, lanes, params }) => {
      const meter = element('meter', undefined, { min: 0, max: lanes, value: lanes });
      meter.setAttribute('aria-label', `channels kept of ${id}`);
      const lanesCell = element('td', `${lanes}`, { className: 'number' });
      const row = element('tr');
      const last = element('td');
      last.append(meter);
      const first = element('th', id, { scope: 'row' });
      row.append(first, lanesCell, element('td', short.format(params), { className: 'number' }), last);
      cells.set(id, { meter, lanesCell, lanes });
      return row;
    });
    at('groups').tBodies[0].replaceChildren(...rows);
  }

  function showKept(kept) {
    const left = new Map(kept);
    for (const [id, { meter, lanesCell, lanes }] of cells) {
      const now = left.get(id) ?? lanes;
      meter.value = now;
      lanesCell.textContent = now === lanes ? `${lanes}` : `${now} of ${lanes}`;
    }
  }

  function alikeInWords({ outputs, faults, samples }) {
    if (faults.length > 0) return faults.map(({ text }) => text).join('; ');
    const told = outputs.map(({ name, top1Agreement, cosine }) => {
      if (top1Agreement !== null) return `${name}: the same class for ${percent.format(top1Agreement)}`;
      return cosine === null ? `${name}: not comparable` : `${name}: cosine ${number.format(cosine)}`;
    });
    return `On ${samples} samples, ${told.join('; ')}.`;
  }

  return {
    onModel(act) {
      at('model').addEventListener('change', ({ target }) => act([...target.files]));
    },
    onStart(act) {
      at('budget').addEventListener('submit', (event) => {
        event.preventDefault();
        act();
      });
    },
    onStop(act) {
      at('stop').addEventListener('click', act);
    },

    /** The budget and the samples as they are set. */
    asked() {
      const share = Number(amount.value) / 100;
      const limit = { bytes: () => Math.round(share * this.size.bytes) }[measure.value];
      return { budget: { [measure.value]: limit?.() ?? share }, samples: at('samples').files[0] };
    },

    /** Says what is going on until it has ended, and what went wrong. */
    async during(words, act) {
      at('status').textContent = `${words}…`;
      at('problem').textContent = '';
      at('start').disabled = true;
      show('stop', words === 'Pruning');
      show('progress', true);
      at('progress').removeAttribute('value');
      try {
        await act();
      } catch (problem) {
        sayProblem(problem);
      } finally {
        // Whatever began since says for itself when it ends.
        if (at('status').textContent !== 'Stopping…' || words === 'Stopping') {
          at('status').textContent = '';
          at('start').disabled = false;
          show('stop', false);
          show('progress', false);
        }
      }
    },

    progress({ phase, done, total }) {
      at('status').textContent = `${PHASES[phase] ?? 'Working'}…`;
      if (total > 0) at('progress').value = done / total;
      else at('progress').removeAttribute('value');
    },

    reset() {
      for (const id of ['facts', 'groups-section', 'budget-section', 'result-section']) show(id, false);
    },

    forget() {
      show('result-section', false);
      showKept([]);
    },

    showModel(file, { size, nodes, inputs, groups, shares, warnings }) {
      this.size = size;
      const facts = [
        ['File', file.name],
        ['Size', bytesInWords(size.bytes)],
        ['Parameters', short.format(size.params)],
        ['Multiply-adds', short.format(size.macs)],
        ['Nodes', `${nodes}`],
        ['Inputs', inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ')],
      ];
      const pairs = facts.map(([name, value]) => {
        const pair = element('div');
        pair.append(element('dt', name), element('dd', value));
        return pair;
      });
      at('facts-list').replaceChildren(...pairs);
      list(
        'model-warnings',
        warnings.map(({ text }) => text),
      );
      at('groups-summary').textContent =
        groups.length === 0
          ? 'Nothing in this model can be cut.'
          : `${groups.length} groups of channels, which hold ${percent.format(shares.prunable)} of the parameters. Each leaves with all that belongs to it.`;
      showGroups(groups);
      show('facts', true);
      show('groups-section', true);
      show('budget-section', groups.length > 0);
    },

    showPruned({ before, after, kept, warnings, reconstruction, alike }, address, name) {
      const rows = [
        ['Parameters', short, 'params'],
        ['Multiply-adds', short, 'macs'],
        ['Bytes', { format: bytesInWords }, 'bytes'],
      ].map(([title, format, key]) => {
        const row = element('tr');
        row.append(element('th', title, { scope: 'row' }));
        for (const text of [
          format.format(before[key]),
          format.format(after[key]),
          percent.format(after[key] / before[key]),
        ])
          row.append(element('td', text, { className: 'number' }));
        return row;
      });
      at('sizes').tBodies[0].replaceChildren(...rows);
      const refitted = reconstruction ? `${reconstruction.layers} layers were refitted. ` : '';
      at('alike').textContent = alike ? refitted + alikeInWords(alike) : '';
      list(
        'result-warnings',
        warnings.map(({ text }) => text),
      );
      showKept(kept);
      Object.assign(at('download'), { href: address, download: name });
      at('download').textContent = `Download ${name} (${bytesInWords(after.bytes)})`;
      show('result-section', true);
      at('result-title').focus();
    },
  };
}
