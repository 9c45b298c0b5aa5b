// What a page does: prunes a model that it has fetched.
import { openModel } from 'espalier';

const model = await openModel('model.onnx');
const pruned = await model.prune({ macs: 0.5 });
document.title = `${pruned.after.macs}`;
