// Prunes with samples, which a runtime in a thread of its own reads, and verifies what came of it.
import { openModel, verify } from 'espalier';

const [, , file, data, out] = process.argv;
const model = await openModel(file);
const pruned = await model.prune({ macs: 0.5, data });
await pruned.save(out, { force: true });
model.dispose();
const { accuracy } = await verify(file, out, { data, labels: 'label' });
console.log(pruned.after.macs < 0.51 * pruned.before.macs, accuracy.pruned > 0.99);
