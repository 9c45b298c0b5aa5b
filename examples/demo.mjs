// Prunes a small trained network to half of its multiply-adds, and measures what that did to it.
//
//   node examples/demo.mjs [OUT.onnx]
//
// lenet5_mnist.onnx recognises handwritten digits; mnist-digits.npz holds 500 of MNIST's test digits with their labels.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModel, verify } from '../dist/index.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const original = here('lenet5_mnist.onnx');
const out = process.argv[2] ?? join(await mkdtemp(join(tmpdir(), 'espalier-')), 'lenet5_half.onnx');

const model = await openModel(original);
const pruned = await model.prune({ macs: 0.5 });
const { bytes } = await pruned.save(out, { force: true });
model.dispose();

const { accuracy, latency, outputs, data, warnings, faults } = await verify(original, out, {
  data: here('mnist-digits.npz'),
  labels: 'label',
});

const { before, after } = pruned;
const [logits] = outputs;
const number = (value) => Math.round(value).toLocaleString('en-US');
const percent = (share) => `${(share * 100).toFixed(1)} %`;
const ms = (value) => `${value.toFixed(3)} ms`;
const rows = [
  ['', 'before', 'after', 'left'],
  ['parameters', number(before.params), number(after.params), percent(after.params / before.params)],
  ['multiply-adds', number(before.macs), number(after.macs), percent(after.macs / before.macs)],
  ['bytes', number(before.bytes), number(bytes), percent(bytes / before.bytes)],
  ['latency', ms(latency.originalMs), ms(latency.prunedMs), percent(latency.ratio)],
  ['accuracy', percent(accuracy.original), percent(accuracy.pruned), ''],
];
for (const [name, ...cells] of rows)
  console.log(name.padEnd(14) + cells.map((cell) => cell.padStart(14)).join(''));

console.log(`
answers        cosine ${logits.cosine.toFixed(5)}, relative error ${logits.relativeError.toFixed(4)}, same digit for ${percent(logits.top1Agreement)}
measured on    ${data.samples} digits; latency: median of ${latency.runs} runs each, one digit at a time
written        ${out}`);
for (const { text } of [...faults, ...warnings]) console.log(`note           ${text}`);
if (faults.length > 0) process.exitCode = 1;
