import type { ReportData } from '../../dist/types/findings/types.js';
import { decimal } from '../../src/report/numbers.js';
import { Scroll, Section } from '../parts/figure.js';
import { Shortened } from '../parts/text.js';

/** Shares of its lanes that each group is shown at. */
const SHARES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];
/** A loss that is drawn as strongly as can be: half of the answers' variance. */
const ALL = 0.5;

type Curve = NonNullable<ReportData['curves']>[number];

/** What each group is predicted to cost at each width, and which width was chosen: a table whose cells are coloured. */
export function Sensitivity({ data }: { readonly data: ReportData }) {
  const curves = inOrder(data);
  const measured = curves.some(({ isLossMeasured }) => isLossMeasured);
  return (
    <Section
      id="sensitivity"
      title="Sensitivity"
      says={
        measured
          ? 'What the answers are predicted to lose, in percent of their variance, if only so much of a group stayed. The darker, the worse. A frame marks what was chosen.'
          : 'What stands for the loss where it was not measured on samples: the square of the share of importance that would leave, in percent. The darker, the worse. A frame marks what was chosen.'
      }
    >
      <Scroll name="Predicted loss by group and width">
        <table class="heat">
          <thead>
            <tr>
              <th scope="col">Group</th>
              <th scope="col" class="number">
                Kept
              </th>
              {SHARES.map((share) => (
                <th key={share} scope="col" class="number">
                  {Math.round(100 * share)} %
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {curves.map((curve) => (
              <Row key={curve.unit} curve={curve} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

/** Curves in the order of the graph. */
function inOrder({ curves = [], groups }: ReportData): readonly Curve[] {
  const place = new Map(groups.map(({ id }, index) => [id, index]));
  return curves.toSorted((a, b) => (place.get(a.unit) ?? 0) - (place.get(b.unit) ?? 0));
}

function Row({ curve }: { readonly curve: Curve }) {
  const { unit, amounts, loss, chosen } = curve;
  const whole = amounts[0]!;
  const kept = amounts[chosen]! / whole;
  const nearest = SHARES.reduce((a, b) => (Math.abs(b - kept) < Math.abs(a - kept) ? b : a));
  return (
    <tr>
      <th scope="row">
        <Shortened text={unit} most={32} />
      </th>
      <td class="number">
        {amounts[chosen]} of {whole}
      </td>
      {SHARES.map((share) => {
        const at = amounts.findIndex((amount) => amount <= share * whole + 1e-9);
        const lost = at < 0 ? undefined : loss[at]!;
        const isChosen = share === nearest && chosen > 0;
        return (
          <td
            key={share}
            class={`number${isChosen ? ' chosen' : ''}`}
            style={
              lost === undefined
                ? {}
                : { '--heat': `${Math.round(55 * Math.sqrt(Math.min(1, lost / ALL)))}%` }
            }
          >
            {lost === undefined ? '' : lossText(lost)}
            {isChosen && <span class="hidden"> (chosen)</span>}
          </td>
        );
      })}
    </tr>
  );
}

/** In percent of the variance, which the heading says; what is beyond all of it is that. */
function lossText(loss: number): string {
  if (loss >= 1) return '≥ 100';
  if (loss >= 0.0995) return `${Math.round(100 * loss)}`;
  return loss < 0.00005 ? '0' : decimal(100 * loss, 2);
}
