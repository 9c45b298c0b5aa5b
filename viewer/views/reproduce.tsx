import type { ModelSummary, ReportData } from '../../dist/types/findings/types.js';
import { bytes, count, macs } from '../../src/report/numbers.js';
import { Scroll, Section, Table } from '../parts/figure.js';
import { Shortened, shapeText } from '../parts/text.js';

/** How the report came to be: command, plan, files and their hashes. */
export function Reproduce({ data }: { readonly data: ReportData }) {
  const { made, original, pruned, lengths } = data;
  const models = [original, ...(pruned ? [pruned] : [])];
  return (
    <Section
      id="reproduce"
      title="Do it again"
      says="The same files, options and seed give the same model. The hashes tell whether files are the same."
    >
      {made.command !== undefined && <pre>{made.command}</pre>}
      <Scroll name="Files">
        <Table
          heads={['File', 'Size', 'Parameters', 'Work', 'Nodes', 'SHA-256']}
          rows={models.map((model) => [
            <Shortened key="file" text={model.file} />,
            bytes(model.size.bytes),
            count(model.size.params),
            macs(model.size.macs),
            model.nodes,
            <code key="hash" class="hash">
              {model.sha256}
            </code>,
          ])}
        />
      </Scroll>
      {made.plan && (
        <details>
          <summary>How the plan was made</summary>
          <Scroll name="How the plan was made">
            <Table
              heads={['Option', 'Value']}
              rows={[
                ...Object.entries(made.plan.made).map(([name, value]) => [
                  name,
                  <Shortened
                    key="value"
                    text={Array.isArray(value) ? value.join(', ') : String(value)}
                    most={200}
                  />,
                ]),
                [
                  'SHA-256 of the plan',
                  <code key="hash" class="hash">
                    {made.plan.sha256}
                  </code>,
                ],
              ]}
            />
          </Scroll>
        </details>
      )}
      <details>
        <summary>Inputs and outputs</summary>
        <Scroll name="Inputs and outputs">
          <Interface model={original} />
        </Scroll>
        {Object.keys(lengths).length > 0 && (
          <p>
            Lengths that the file leaves open are counted as{' '}
            {Object.entries(lengths)
              .slice(0, 20)
              .map(
                ([name, { length, from }]) =>
                  `${name.slice(0, 80)} = ${length} (${from === 'guess' ? 'guessed by its name' : `by ${from}`})`,
              )
              .join(', ')}
            .
          </p>
        )}
      </details>
    </Section>
  );
}

function Interface({ model }: { readonly model: ModelSummary }) {
  const rows = (kind: string, values: ModelSummary['inputs']) =>
    values.map(({ name, dtype, shape }) => [
      <>
        {kind} <Shortened text={name} />
      </>,
      dtype,
      shapeText(shape),
    ]);
  return (
    <Table
      heads={['Value', 'Type', 'Shape']}
      rows={[...rows('input', model.inputs), ...rows('output', model.outputs)]}
    />
  );
}
