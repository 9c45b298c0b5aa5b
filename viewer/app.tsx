import type { ReportData } from '../dist/types/findings/types.js';
import { Patterns } from './parts/picture.js';
import { Shortened } from './parts/text.js';
import { sectionsOf } from './sections.js';

/** The whole page of a report: what it is about, a list of its sections, and these. */
export function App({ data }: { readonly data: ReportData }) {
  const { original, pruned } = data;
  const sections = sectionsOf(data);
  const isPruned = data.groups.some(({ lanes: [before, after] }) => after < before);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the report
      </a>
      <Patterns />
      <header class="top">
        <p class="brand">Espalier report</p>
        <h1>
          <Shortened text={pruned?.file ?? original.file} most={80} />
        </h1>
        <p class="lead">
          {pruned === undefined ? (
            'What can be seen in this model.'
          ) : (
            <>
              {isPruned ? 'made of ' : 'compared with '}
              <Shortened text={original.file} most={80} />
              {isPruned && ' by removing channels, neurons and heads that it can do without'}
            </>
          )}
        </p>
      </header>
      <div class="columns">
        <nav aria-label="Sections">
          <ul>
            {sections.map(({ id, title }) => (
              <li key={id}>
                <a href={`#${id}`}>{title}</a>
              </li>
            ))}
          </ul>
        </nav>
        <main id="main" tabIndex={-1}>
          {sections.map(({ id, view }) => (
            <div key={id}>{view}</div>
          ))}
          <footer>
            Made by Espalier {data.espalier}. This page is one file: it loads nothing and sends nothing.
          </footer>
        </main>
      </div>
    </>
  );
}
