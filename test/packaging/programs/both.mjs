// Both module systems in one process have the same classes, and the same registered extensions.
import { createRequire } from 'node:module';
import * as imported from 'espalier';

const required = createRequire(import.meta.url)('espalier');
console.log(imported.EspalierError === required.EspalierError, imported.VERSION === required.VERSION);
imported.registerCriterion({ name: 'of-import', summary: 'any', score: () => [] });
console.log(required.criteria().some(({ name }) => name === 'of-import'));
console.log(
  Object.keys(required).sort().join() ===
    Object.keys(imported)
      .filter((name) => name !== 'default' && name !== 'module.exports')
      .sort()
      .join(),
);
