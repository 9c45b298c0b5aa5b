import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { savePicture } from './save.js';

/** A section of the page: a heading, one line that says what one sees, and that. */
export function Section({
  id,
  title,
  says,
  children,
}: {
  readonly id: string;
  readonly title: string;
  readonly says: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p class="says">{says}</p>
      {children}
    </section>
  );
}

/** A picture with what goes with it: saving it, and the same as a table, for whoever cannot see it or wants the numbers. */
export function Figure({
  name,
  table,
  legend,
  children,
}: {
  /** Of files that it is saved as. */
  readonly name: string;
  readonly table?: () => ComponentChildren;
  readonly legend?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  const figure = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const save = (form: 'svg' | 'png'): void => {
    const svg = figure.current?.querySelector<SVGSVGElement>('svg[data-picture]');
    if (svg) void savePicture(svg, name, form);
  };
  return (
    <figure>
      <div class="bar">
        <div class="legend">{legend}</div>
        <div class="tools">
          <button type="button" onClick={() => save('svg')} aria-label={`Save ${name} as SVG`}>
            SVG
          </button>
          <button type="button" onClick={() => save('png')} aria-label={`Save ${name} as PNG`}>
            PNG
          </button>
        </div>
      </div>
      <div ref={figure}>{children}</div>
      {table && (
        <details class="table" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>The same as a table</summary>
          {open && <Scroll name={`Table of ${name}`}>{table()}</Scroll>}
        </details>
      )}
    </figure>
  );
}

/** What is larger than its place, and scrolls, by keyboard too. */
export function Scroll({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex lint/a11y/useSemanticElements: what scrolls must be reachable by keyboard
    <div class="scroll" tabIndex={0} role="group" aria-label={name}>
      {children}
    </div>
  );
}

/** What a colour or a pattern of a picture means. */
export function Key({ kind, children }: { readonly kind: string; readonly children: ComponentChildren }) {
  return (
    <span class="key">
      <svg width="14" height="14" aria-hidden="true">
        <rect class={kind} width="14" height="14" rx="3" />
      </svg>
      {children}
    </span>
  );
}

/** A table with headings; rows beyond `most` are counted. */
export function Table({
  heads,
  rows,
  most = 500,
}: {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly ComponentChildren[])[];
  readonly most?: number;
}) {
  return (
    <table>
      <thead>
        <tr>
          {heads.map((head, index) => (
            <th key={head} scope="col" class={index === 0 ? '' : 'number'}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, most).map((row, index) => (
          <tr key={index}>
            {row.map((cell, column) =>
              column === 0 ? (
                <th key={column} scope="row">
                  {cell}
                </th>
              ) : (
                <td key={column} class="number">
                  {cell}
                </td>
              ),
            )}
          </tr>
        ))}
        {rows.length > most && (
          <tr>
            <td colSpan={heads.length}>and {rows.length - most} more</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
