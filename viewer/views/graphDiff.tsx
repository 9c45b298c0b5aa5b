import { useMemo, useState } from 'preact/hooks';
import type { ReportData } from '../../dist/types/findings/types.js';
import { count, macs } from '../../src/report/numbers.js';
import { Canvas } from '../graph/canvas.js';
import { Details } from '../graph/details.js';
import { factsOf } from '../graph/facts.js';
import { around, type Fold, firstOpen, foldOf, MOST_BOXES, seenOf } from '../graph/fold.js';
import { laidOut } from '../graph/layout.js';
import { Search } from '../graph/search.js';
import { Figure, Key, Section, Table } from '../parts/figure.js';
import { useNear } from '../parts/hooks.js';
import { counted, Shortened } from '../parts/text.js';

/** The graphs of both models as one: what shrank, what is gone, what is frozen and why. */
export function GraphDiff({ data }: { readonly data: ReportData }) {
  const [place, near] = useNear<HTMLDivElement>();
  const two = data.pruned !== undefined;
  return (
    <Section
      id="graph"
      title={two ? 'Both graphs' : 'Graph'}
      says={
        two
          ? 'The original, with what the pruned model has of it, without nodes that only compute lengths or constants. A bar is what is left of a box: hatched is what is gone. A blue edge marks what is frozen: an axis of it must stay whole, and its details say why.'
          : 'What the model computes, from its input at the top, without nodes that only compute lengths or constants. A blue edge marks what is frozen: an axis of it must stay whole, and its details say why.'
      }
    >
      <div ref={place} class="graph-place">
        {near && <Graph data={data} />}
      </div>
    </Section>
  );
}

function Graph({ data }: { readonly data: ReportData }) {
  const root = useMemo(() => foldOf(data.nodes), [data]);
  const [open, setOpen] = useState(() => firstOpen(root));
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [scale, setScale] = useState(1);
  const seen = useMemo(() => seenOf(root, open), [root, open]);
  const drawing = useMemo(() => laidOut(seen, data.edges), [seen, data]);
  const fold = seen.find(({ id }) => id === chosen);
  const unfold = (own: Fold): void => {
    if (own.children.length === 0) return;
    setOpen(withinLimit(root, open, [own]));
    setChosen(own.children[0]!.id);
  };
  const find = (node: number): void => {
    const path = around(root, node);
    setOpen(
      withinLimit(
        root,
        open,
        path.filter(({ children }) => children.length > 0),
      ),
    );
    setChosen(path.at(-1)?.id);
  };
  const refold = (own: Fold): void => {
    setOpen(new Set([...open].filter((id) => id !== own.id)));
    setChosen(own.id);
  };
  const outer =
    fold && around(root, fold.nodes[0]!).findLast((own) => open.has(own.id) && own.id !== fold.id);
  const zoom = (factor: number): void => setScale(Math.min(2, Math.max(0.2, scale * factor)));
  return (
    <Figure
      name="graph"
      legend={
        <>
          <Key kind="after">kept</Key>
          {data.pruned && <Key kind="gone">removed</Key>}
          <Key kind="frozen">frozen</Key>
        </>
      }
      table={() => <BoxTable seen={seen} data={data} />}
    >
      <div class="graph-bar">
        <Search data={data} onFind={find} />
        <div class="controls">
          <button type="button" aria-label="Zoom out" onClick={() => zoom(1 / 1.25)}>
            −
          </button>
          <button type="button" aria-label="Zoom in" onClick={() => zoom(1.25)}>
            +
          </button>
          <button type="button" onClick={() => setScale(1)}>
            Actual size
          </button>
          <button type="button" onClick={() => setOpen(new Set([root.id]))} disabled={open.size === 1}>
            Fold all
          </button>
          <span>
            {counted(seen.length, 'box').replace('boxs', 'boxes')} of {counted(data.nodes.length, 'node')}
          </span>
        </div>
      </div>
      <div class="graph">
        <Canvas
          drawing={drawing}
          scale={scale}
          chosen={chosen}
          data={data}
          onChoose={setChosen}
          onOpen={unfold}
          onZoom={zoom}
        />
        <aside aria-live="polite" aria-label="Details of what was chosen">
          <Details fold={fold} outer={outer} data={data} onOpen={unfold} onFold={refold} />
        </aside>
      </div>
    </Figure>
  );
}

/** The same with more unfolded; where that would be too much to draw, what was unfolded before is folded again. */
function withinLimit(root: Fold, open: ReadonlySet<string>, more: readonly Fold[]): ReadonlySet<string> {
  const wanted = new Set([...open, ...more.map(({ id }) => id)]);
  if (seenOf(root, wanted).length <= MOST_BOXES) return wanted;
  const needed = more.flatMap((fold) =>
    around(root, fold.nodes[0]!).filter(
      (own) => own.children.length > 0 && own.nodes.length >= fold.nodes.length,
    ),
  );
  return new Set([root.id, ...needed.map(({ id }) => id), ...more.map(({ id }) => id)]);
}

function BoxTable({ seen, data }: { readonly seen: readonly Fold[]; readonly data: ReportData }) {
  const two = data.pruned !== undefined;
  const heads = two ? ['Parameters before', 'after', 'Work before', 'after '] : ['Parameters', 'Work'];
  return (
    <Table
      heads={['Box', 'Nodes', ...heads, 'State']}
      rows={seen.map((fold) => {
        const facts = factsOf(fold, data);
        const state = [facts.gone === fold.nodes.length ? 'gone' : '', facts.frozen > 0 ? 'frozen' : ''];
        return [
          <Shortened key="label" text={fold.label} />,
          fold.nodes.length,
          ...facts.params.slice(0, two ? 2 : 1).map(count),
          ...facts.macs.slice(0, two ? 2 : 1).map(macs),
          state.filter((part) => part !== '').join(', '),
        ];
      })}
    />
  );
}
