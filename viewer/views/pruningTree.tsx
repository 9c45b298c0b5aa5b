import { ticks } from 'd3-array';
import { cluster, type HierarchyPointNode, hierarchy } from 'd3-hierarchy';
import type { ReportData } from '../../dist/types/findings/types.js';
import { decimal } from '../../src/report/numbers.js';
import { Figure, Key, Scroll, Section, Table } from '../parts/figure.js';
import { useWidth } from '../parts/hooks.js';
import { Picture } from '../parts/picture.js';
import { counted, Shortened } from '../parts/text.js';

type Tree = NonNullable<ReportData['tree']>;
type Pairs = Extract<Tree, { readonly variant: 'pairs' }>;
type Gains = Exclude<Tree, Pairs>;

/** A node of the tree: a lane, or the pair of two nodes below. */
interface Branch {
  readonly lane: number;
  readonly children?: readonly Branch[];
  /** Of a pair: what the deleted lane alone knew of the two, in bits. */
  readonly cost?: number;
  readonly deleted?: number;
}

const LEVEL = 56;
const EDGE = { top: 20, bottom: 34, left: 14 };

/** The pruning tree of a group, drawn; or what its lanes say of what is made of them. */
export function PruningTree({ data: { tree } }: { readonly data: ReportData }) {
  if (tree === undefined) return null;
  return tree.variant === 'pairs' ? <Drawn tree={tree} /> : <Ratios tree={tree} />;
}

function Drawn({ tree }: { readonly tree: Pairs }) {
  const { lanes, levels, order, entropies, group, rows, samples } = tree;
  const [box, shown] = useWidth<HTMLDivElement>();
  const root = rootOf(tree);
  const width = Math.max(shown, lanes * 18 + 2 * EDGE.left);
  const height = levels.length * LEVEL + EDGE.top + EDGE.bottom;
  const top = cluster<Branch>()
    .separation(() => 1)
    .size([width - 2 * EDGE.left, height - EDGE.top - EDGE.bottom])(
    hierarchy<Branch>(root, ({ children }) => children as Branch[]),
  );
  const place = new Map(order.map((lane, index) => [lane, index + 1]));
  return (
    <Section
      id="tree"
      title="Pruning tree"
      says={
        <>
          The {counted(lanes, 'lane')} of <Shortened text={group} /> at the bottom. On each level the two that
          share most are joined; the one that says more of both goes on upwards (full line), the other leaves
          (hatched line), at the cost of what it alone knows. Seen on {counted(rows, 'row')} of{' '}
          {counted(samples, 'sample')}.
        </>
      }
    >
      <Figure
        name="tree"
        legend={
          <>
            <Key kind="after">goes on</Key>
            <Key kind="gone">leaves</Key>
          </>
        }
        table={() => (
          <Table
            heads={['Lane', 'Leaves as number', 'Entropy (bits)']}
            rows={order.map((lane) => [lane, place.get(lane)!, decimal(entropies[lane]!)])}
          />
        )}
      >
        <Scroll name="The tree">
          <div ref={box} />
          <Picture width={width} height={height} label={`Pruning tree of ${lanes} lanes`}>
            <g transform={`translate(${EDGE.left} ${EDGE.top})`}>
              {top.links().map(({ source, target }) => (
                <path
                  key={`${source.depth} ${source.data.lane} ${target.data.lane}`}
                  class={target.data.lane === source.data.lane ? 'branch' : 'branch leaves'}
                  d={`M${target.x},${target.y}V${source.y}H${source.x}`}
                />
              ))}
              {top.descendants().map((node) => (
                <Mark key={`${node.depth} ${node.height} ${node.data.lane}`} node={node} />
              ))}
            </g>
          </Picture>
        </Scroll>
      </Figure>
    </Section>
  );
}

function Mark({ node: { x, y, data, children } }: { readonly node: HierarchyPointNode<Branch> }) {
  if (children === undefined)
    return (
      <text class="tick" x={x} y={y + 16} text-anchor="middle">
        {data.lane}
      </text>
    );
  if (data.cost === undefined) return null;
  return (
    <g>
      <circle class="after" cx={x} cy={y} r="4" />
      <title>{`lane ${data.deleted} leaves, lane ${data.lane} goes on: ${decimal(data.cost)} bits are lost`}</title>
    </g>
  );
}

/** The tree from its root: every pair of every level is a branch of the lane that it keeps. */
function rootOf({ lanes, levels }: Pairs): Branch {
  const at = new Map<number, Branch>(Array.from({ length: lanes }, (_, lane) => [lane, { lane }]));
  for (const { parents } of levels)
    for (const { kept, deleted, cost } of parents) {
      at.set(kept, { lane: kept, children: [at.get(kept)!, at.get(deleted)!], cost, deleted });
      at.delete(deleted);
    }
  const [root] = at.values();
  return root!;
}

const ROW = 20;

/** What lanes say of what is made of them, as bars in the order in which they would leave. */
function Ratios({ tree }: { readonly tree: Gains }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { order, ratios, entropies, gains, group, variant } = tree;
  const shown = order.slice(0, 64);
  const most = Math.max(...shown.map((lane) => ratios[lane]!), 1e-9);
  const x = (value: number): number => 60 + (value / most) * (width - 80);
  return (
    <Section
      id="tree"
      title="What lanes say"
      says={
        <>
          The lanes of <Shortened text={group} /> by their mean gain ratio: how much of{' '}
          {variant === 'output' ? 'the class that the model names' : 'the lanes that the next layers make'}{' '}
          each of them tells. Those on top would leave first.
        </>
      }
    >
      <Figure
        name="lanes-say"
        table={() => (
          <Table
            heads={['Lane', 'Gain ratio', 'Gain (bits)', 'Entropy (bits)']}
            rows={order.map((lane) => [
              lane,
              decimal(ratios[lane]!),
              decimal(gains[lane]!),
              decimal(entropies[lane]!),
            ])}
          />
        )}
      >
        <div ref={box}>
          <Picture
            width={width}
            height={shown.length * ROW + 24}
            label={`Gain ratios of ${shown.length} lanes`}
          >
            {ticks(0, most, 5).map((tick) => (
              <g key={tick}>
                <line class="grid" x1={x(tick)} x2={x(tick)} y1="0" y2={shown.length * ROW} />
                <text class="tick" x={x(tick)} y={shown.length * ROW + 16} text-anchor="middle">
                  {decimal(tick)}
                </text>
              </g>
            ))}
            {shown.map((lane, row) => (
              <g key={lane}>
                <text class="tick" x="52" y={row * ROW + 14} text-anchor="end">
                  {lane}
                </text>
                <rect
                  class="after"
                  x="60"
                  y={row * ROW + 3}
                  width={Math.max(0.5, x(ratios[lane]!) - 60)}
                  height={ROW - 6}
                />
              </g>
            ))}
          </Picture>
        </div>
      </Figure>
    </Section>
  );
}
