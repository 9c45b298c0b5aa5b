// Writes docs/conformance.md anew: npm run conformance
import { writeFileSync } from 'node:fs';
import { ARCHIVE, cases, DOCUMENT } from './archive.js';
import { check, type Outcome } from './check.js';
import { report } from './report.js';

const outcomes: Outcome[] = [];
for await (const test of cases(ARCHIVE)) {
  const outcome = await check(test);
  outcomes.push(outcome);
  for (const fault of outcome.faults) console.error(`${outcome.name}: ${fault}`);
}
const { ours, runtime } = report(outcomes);
writeFileSync(
  DOCUMENT,
  `# Conformance

The ONNX project has a test for every operator: a small model, inputs, and the outputs that must come out. Espalier opens
each of them, saves it unpruned, and lets onnxruntime answer for both; and it infers the shapes, element types and (where
they speak of lengths) contents of the outputs by its own rules, and compares them with those recorded. Whatever is
inferred must be right: what is not known may stay unknown, which only means that nothing is pruned there.

\`npm run conformance\` writes this page; \`test/conformance\` fails where it does not hold.

${ours}
${runtime}`,
);
