import { useState } from 'preact/hooks';
import type { ReportData } from '../../dist/types/findings/types.js';
import { shortened } from '../parts/text.js';

/** Names that are offered while somebody types. */
const OFFERED = 12;

/** Finds a node by a part of its name, its operator, or the name of a weight that it reads. */
export function Search({
  data,
  onFind,
}: {
  readonly data: ReportData;
  readonly onFind: (node: number) => void;
}) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = text.trim() === '' ? [] : matching(data, text.trim().toLowerCase());
  const next = (): void => {
    if (found.length === 0) return;
    onFind(found[at % found.length]!);
    setAt((at + 1) % found.length);
  };
  return (
    <form
      class="controls"
      onSubmit={(event) => {
        event.preventDefault();
        next();
      }}
    >
      <label>
        Find
        <input
          type="search"
          list="names"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
        />
      </label>
      <datalist id="names">
        {found.slice(0, OFFERED).map((node) => (
          <option key={node} value={shortened(data.nodes[node]!.name, 80)} />
        ))}
      </datalist>
      <button type="submit" disabled={found.length === 0}>
        {found.length > 1 ? 'Next' : 'Go'}
      </button>
      <output>
        {text.trim() === '' ? '' : found.length === 0 ? 'no such node' : `${found.length} found`}
      </output>
    </form>
  );
}

function matching({ nodes, tensors }: ReportData, text: string): number[] {
  const byName = nodes.flatMap(({ name, op }, index) =>
    shortened(name, 80).toLowerCase().includes(text) ||
    name.toLowerCase().includes(text) ||
    op.toLowerCase() === text
      ? [index]
      : [],
  );
  const byWeight = tensors.flatMap(({ name, node }) =>
    node >= 0 && name.toLowerCase().includes(text) ? [node] : [],
  );
  return [...new Set([...byName, ...byWeight])];
}
