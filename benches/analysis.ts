// How the time to find labels and groups grows with a model: nodes and lanes a second must stay the same.
//
//   npm run bench:analysis -- [--quick]
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { analyse } from '../src/coupling/analysis.js';
import { registry } from '../src/ops/registry.js';
import { graphOf } from '../test/support/graph.js';
import { convnet, transformer } from './models.js';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const sizes = values.quick ? [10] : [50, 100, 200, 400, 800, 1600];

const table = new Table({
  head: ['model', 'blocks', 'nodes', 'lanes', 'groups', 'ms', 'µs a node', 'ns a lane'],
  style: { head: [], border: [] },
});
for (const [name, build] of Object.entries({ convnet, transformer })) {
  for (const blocks of sizes) {
    const { graph, read } = graphOf(build(blocks, 64));
    analyse(graph, registry, read); // compiles what is hot
    const start = performance.now();
    const { groups, equations } = analyse(graph, registry, read);
    const ms = performance.now() - start;
    const count = equations.lanes;
    table.push([
      name,
      blocks,
      graph.nodes.length,
      count,
      groups.length,
      ms.toFixed(0),
      ((1e3 * ms) / graph.nodes.length).toFixed(1),
      ((1e6 * ms) / count).toFixed(0),
    ]);
  }
}
console.log(`${cpus()[0]!.model}, Node ${process.version}`);
console.log(table.toString());
