import { memo } from 'preact/compat';
import { useEffect, useRef } from 'preact/hooks';
import type { ReportData } from '../../dist/types/findings/types.js';
import { Picture } from '../parts/picture.js';
import { shortened } from '../parts/text.js';
import { factsOf, keptOf, kindText } from './facts.js';
import type { Fold } from './fold.js';
import { BOX, type Drawing, type Line } from './layout.js';

/** The drawn graph: boxes that can be chosen with the mouse, or by arrow keys along the lines. */
export function Canvas({
  drawing,
  scale,
  chosen,
  data,
  onChoose,
  onOpen,
  onZoom,
}: {
  readonly drawing: Drawing;
  readonly scale: number;
  readonly chosen: string | undefined;
  readonly data: ReportData;
  readonly onChoose: (id: string) => void;
  readonly onOpen: (fold: Fold) => void;
  readonly onZoom: (factor: number) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const at = Math.max(
    0,
    drawing.boxes.findIndex(({ fold }) => fold.id === chosen),
  );
  const go = (index: number | undefined): void => {
    const box = drawing.boxes[index ?? -1];
    if (box === undefined) return;
    onChoose(box.fold.id);
    frame.current?.querySelector<SVGGElement>(`[data-box="${index}"]`)?.focus();
  };
  const keys = (event: KeyboardEvent): void => {
    const act: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(drawing.lines.find(({ from }) => from === at)?.to),
      ArrowUp: () => go(drawing.lines.find(({ to }) => to === at)?.from),
      ArrowRight: () => go(at + 1),
      ArrowLeft: () => go(at - 1),
      Enter: () => onOpen(drawing.boxes[at]!.fold),
      ' ': () => onOpen(drawing.boxes[at]!.fold),
    };
    const own = act[event.key];
    if (own === undefined) return;
    event.preventDefault();
    own();
  };
  useEffect(() => {
    // What was chosen by search may lie outside of what is seen.
    const box = drawing.boxes.find(({ fold }) => fold.id === chosen);
    const element = frame.current;
    if (box === undefined || element === null) return;
    const [x, y] = [box.x * scale, box.y * scale];
    if (x < element.scrollLeft || x > element.scrollLeft + element.clientWidth)
      element.scrollLeft = x - element.clientWidth / 2;
    if (y < element.scrollTop || y > element.scrollTop + element.clientHeight)
      element.scrollTop = y - element.clientHeight / 2;
  }, [chosen, drawing, scale]);
  useEffect(() => {
    // What is drawn first is the node that reads the input, wherever that lies.
    const [first] = drawing.boxes;
    if (frame.current !== null && first !== undefined)
      frame.current.scrollLeft = first.x - frame.current.clientWidth / 2;
  }, []);
  useEffect(() => {
    const element = frame.current;
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      onZoom(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    };
    element?.addEventListener('wheel', wheel, { passive: false });
    return () => element?.removeEventListener('wheel', wheel);
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys are those of the boxes in it
    <div class="canvas" ref={frame} onKeyDown={keys}>
      <div class="scaled" style={{ width: `${drawing.width * scale}px` }}>
        <Picture
          width={drawing.width}
          height={drawing.height}
          label="The graph, from the input at the top to the output below"
          isUsed
        >
          <Lines lines={drawing.lines} />
          {drawing.boxes.map(({ fold, x, y }, index) => (
            <BoxOf
              key={fold.id}
              fold={fold}
              x={x}
              y={y}
              index={index}
              data={data}
              isChosen={fold.id === chosen}
              isFirst={index === at}
              onChoose={onChoose}
              onOpen={onOpen}
            />
          ))}
        </Picture>
      </div>
    </div>
  );
}

const Lines = memo(({ lines }: { readonly lines: readonly Line[] }) => (
  <g>
    {lines.map(({ from, to, points }) => (
      <path key={`${from} ${to}`} class="line" d={curved(points)} />
    ))}
  </g>
));

/** A line through the points, round where it turns. */
function curved(points: Line['points']): string {
  const [first, ...rest] = points;
  const text = ({ x, y }: { readonly x: number; readonly y: number }): string =>
    `${x.toFixed(1)},${y.toFixed(1)}`;
  const last = rest.at(-1)!;
  const bends = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1]!;
    const end = index === rest.length - 2 ? last : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${text(point)} ${text(end)}`;
  });
  return `M${text(first!)}${bends.length === 0 ? `L${text(last)}` : bends.join('')}`;
}

function BoxOf({
  fold,
  x,
  y,
  index,
  data,
  isChosen,
  isFirst,
  onChoose,
  onOpen,
}: {
  readonly fold: Fold;
  readonly x: number;
  readonly y: number;
  readonly index: number;
  readonly data: ReportData;
  readonly isChosen: boolean;
  readonly isFirst: boolean;
  readonly onChoose: (id: string) => void;
  readonly onOpen: (fold: Fold) => void;
}) {
  const facts = factsOf(fold, data);
  const kept = keptOf(facts, fold.nodes.length, data.pruned !== undefined);
  const [left, top] = [x - BOX.width / 2, y - BOX.height / 2];
  const isFold = fold.children.length > 0;
  const gone = facts.gone === fold.nodes.length;
  const short = shortened(isFold ? fold.label : endOf(fold.label), 23);
  const kind = shortened(kindText(fold, data, short), 25);
  const state = [
    gone ? 'gone' : kept < 1 ? `${Math.round(100 * kept)} % left` : '',
    facts.frozen > 0 ? 'frozen' : '',
  ].filter((part) => part !== '');
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in a drawing
    <g
      class={`box${isChosen ? ' chosen' : ''}${gone ? ' lost' : ''}`}
      role="button"
      data-box={index}
      tabindex={isFirst ? 0 : -1}
      aria-pressed={isChosen}
      onClick={() => onChoose(fold.id)}
      onDblClick={() => onOpen(fold)}
    >
      <title>{[shortened(fold.label, 60), kindText(fold, data), ...state].join(', ')}</title>
      {isFold && <rect class="under" x={left + 4} y={top + 4} width={BOX.width} height={BOX.height} rx="6" />}
      <rect class="frame" x={left} y={top} width={BOX.width} height={BOX.height} rx="6" />
      {kept < 1 && <rect class="gone" x={left + 8} y={top + 35} width={BOX.width - 16} height="6" />}
      {(facts.params[0] > 0 || kept < 1) && (
        <rect class="after" x={left + 8} y={top + 35} width={(BOX.width - 16) * kept} height="6" />
      )}
      {facts.frozen > 0 && <rect class="frozen" x={left} y={top + 6} width="4" height={BOX.height - 12} />}
      <text class="name" x={left + 10} y={top + 15}>
        {short}
      </text>
      <text class="tick" x={left + 10} y={top + 29}>
        {kind}
      </text>
    </g>
  );
}

/** The end of a name: what exporters call a node after its operator says little without its module. */
const endOf = (name: string): string =>
  name
    .split('/')
    .filter((part) => part !== '')
    .slice(-2)
    .join('/') || name;
