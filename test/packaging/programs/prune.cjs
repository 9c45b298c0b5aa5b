// The same by `require`.
const { createHash } = require('node:crypto');
const { EspalierError, openModel } = require('espalier');

(async () => {
  const model = await openModel(process.argv[2]);
  const pruned = await model.prune({ macs: 0.5 });
  console.log(
    createHash('sha256')
      .update(await pruned.toBytes())
      .digest('hex'),
  );
  model.dispose();
  const refused = await openModel('missing.onnx').catch((error) => error);
  console.log(refused instanceof EspalierError, refused.code);
})();
