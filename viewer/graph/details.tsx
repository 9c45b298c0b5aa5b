import type { ReportData } from '../../dist/types/findings/types.js';
import { counted, Shortened, shapeText } from '../parts/text.js';
import { factRows } from './facts.js';
import type { Fold } from './fold.js';

const MOST = 12;

/** What is known of the box that was chosen. */
export function Details({
  fold,
  outer,
  data,
  onOpen,
  onFold,
}: {
  readonly fold: Fold | undefined;
  /** The box that it was unfolded from. */
  readonly outer: Fold | undefined;
  readonly data: ReportData;
  readonly onOpen: (fold: Fold) => void;
  readonly onFold: (fold: Fold) => void;
}) {
  if (fold === undefined)
    return <p class="small">Choose a box to see what it is, what left of it, and why the rest did not.</p>;
  const weights = fold.children.length > 0 ? [] : data.tensors.filter(({ node }) => node === fold.nodes[0]);
  const reasons = new Set(fold.nodes.flatMap((index) => data.nodes[index]!.frozen ?? []));
  const groups = fold.children.length > 0 ? [] : data.groups.filter(({ node }) => node === fold.nodes[0]);
  return (
    <>
      <h3>
        <Shortened text={fold.label} most={60} />
      </h3>
      <div class="controls">
        {fold.children.length > 0 && (
          <button type="button" onClick={() => onOpen(fold)}>
            Unfold
          </button>
        )}
        {outer && (
          <button type="button" onClick={() => onFold(outer)}>
            Fold <Shortened text={outer.label} most={24} />
          </button>
        )}
      </div>
      <dl>
        {factRows(fold, data).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {groups.map(({ id, lanes }) => (
          <div key={id}>
            <dt>Group</dt>
            <dd>
              <Shortened text={id} />:{' '}
              {lanes[0] === lanes[1]
                ? counted(lanes[0], 'lane')
                : `${lanes[1]} of ${counted(lanes[0], 'lane')} kept`}
            </dd>
          </div>
        ))}
        {weights.map(({ name, dims, left }) => (
          <div key={name}>
            <dt>
              <Shortened text={name} />
            </dt>
            <dd>
              {shapeText(dims)}
              {left && left.join() !== dims.join() ? ` → ${shapeText(left)}` : ''}
            </dd>
          </div>
        ))}
      </dl>
      {reasons.size > 0 && (
        <>
          <h4>Why something of it is frozen</h4>
          <ul>
            {[...reasons].slice(0, MOST).map((reason) => (
              <li key={reason}>{data.reasons[reason]!.slice(0, 500)}</li>
            ))}
            {reasons.size > MOST && <li>and {counted(reasons.size - MOST, 'more reason')}</li>}
          </ul>
        </>
      )}
    </>
  );
}
