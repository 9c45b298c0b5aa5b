import type { ReportData } from '../../dist/types/findings/types.js';
import { Section } from '../parts/figure.js';
import { counted } from '../parts/text.js';

/** Warnings that are shown at once; the others unfold. */
const FIRST = 8;

/** What somebody should know before the pruned model is used, in plain words. */
export function Warnings({ data: { warnings, verification } }: { readonly data: ReportData }) {
  const faults = new Set(verification?.faults.map(({ text }) => text));
  const items = warnings.map(({ code, text }) => (
    <li key={text} class={faults.has(text) ? 'fault' : ''}>
      <span>
        {faults.has(text) && <strong>The pruned model cannot replace the original: </strong>}
        {text[0]?.toUpperCase()}
        {text.slice(1)}
        {/[.!?]$/.test(text) ? '' : '.'}
      </span>{' '}
      <code>{code}</code>
    </li>
  ));
  return (
    <Section
      id="warnings"
      title="What to know"
      says="What was noticed on the way. Words in capitals are codes: the documentation explains each."
    >
      <ul class="warnings">{items.slice(0, FIRST)}</ul>
      {items.length > FIRST && (
        <details>
          <summary>{counted(items.length - FIRST, 'more warning')}</summary>
          <ul class="warnings">{items.slice(FIRST)}</ul>
        </details>
      )}
    </Section>
  );
}
