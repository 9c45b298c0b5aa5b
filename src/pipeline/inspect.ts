import { CostModel, isWeight } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import { type Reason, sinceText } from '../coupling/reason.js';
import { KEPT } from '../coupling/settledEquations.js';
import { Removal } from '../coupling/survivors.js';
import type { ValueDocument } from '../model/document.js';
import { INNER } from '../model/subgraphs.js';
import type { FrozenReport, GroupReport, Inspection, ValueReport, Warning } from '../options/types.js';

/** What is in a model: its cost, its groups of lanes, and what is frozen and why. */
export function inspect(analysis: Analysis): Inspection {
  const { graph } = analysis;
  const { document } = graph;
  const costs = new CostModel(analysis);
  const { params, macs } = costs.of();
  return {
    file: graph.file,
    producer: document.producer,
    irVersion: document.irVersion,
    opsets: document.opsets,
    nodes: graph.nodes.length,
    size: { params, macs, bytes: document.bytes + document.externalBytes },
    assumed: costs.assumed,
    lengths: costs.lengths,
    inputs: graph.inputs.map(valueReport),
    outputs: graph.outputs.map(valueReport),
    groups: groupReports(analysis, costs),
    frozen: frozenReports(analysis),
    shares: shares(analysis, params),
    ...(analysis.groups.length > 0 && { halved: halved(analysis, costs) }),
    warnings: warnings(analysis),
  };
}

/** The first half of the lanes of each group gone, and of groups that form one axis of the first one only: which of them would leave is not asked here. */
function halved({ groups, equations }: Analysis, costs: CostModel): { params: number; macs: number } {
  const cut = new Set<number>();
  const done = new Set<number>();
  for (const [index, group] of groups.entries()) {
    if (done.has(index)) continue;
    for (const other of group.factors.keys()) done.add(other);
    for (const lane of group.lanes.slice(0, Math.floor(group.lanes.length / 2))) cut.add(lane);
  }
  const { params, macs } = costs.of(new Removal(equations, cut));
  return { params, macs };
}

const valueReport = (value: ValueDocument): ValueReport => ({
  name: value.name,
  dtype: value.dtype ?? 'unknown',
  shape: value.shape?.map((length) => length ?? '?') ?? [],
});

function groupReports(analysis: Analysis, costs: CostModel): GroupReport[] {
  const { groups, graph, equations } = analysis;
  const whole = costs.of().params;
  return groups.map((group) => ({
    id: group.id,
    lanes: group.lanes.length,
    exact: group.exact,
    ...(group.inexact !== undefined && { inexact: { node: group.inexact.node, text: group.inexact.text } }),
    axes: group.axes
      .filter(({ parameterAxis }) => parameterAxis.use === undefined)
      .map(({ parameterAxis }) => ({
        tensor: graph.nameOf(parameterAxis.tensor),
        axis: parameterAxis.axis,
        length: parameterAxis.labels.length,
      })),
    params: whole - costs.of(new Removal(equations, new Set(group.lanes))).params,
    factors: [...group.factors.keys()].map((index) => groups[index]!.id),
  }));
}

function frozenReports({ parameterAxes, graph, equations }: Analysis): FrozenReport[] {
  return parameterAxes.flatMap((parameterAxis) => {
    if (parameterAxis.use !== undefined) return [];
    const reasons = new Map<string, Reason>();
    let indices = 0;
    for (const label of parameterAxis.labels) {
      if (equations.atom(label) !== KEPT) continue;
      indices += 1;
      const reason = equations.frozenBecause(label);
      if (reason !== undefined) reasons.set(`${reason.why}/${reason.node}`, reason);
    }
    if (indices === 0) return [];
    return [
      {
        tensor: graph.nameOf(parameterAxis.tensor),
        axis: parameterAxis.axis,
        length: parameterAxis.labels.length,
        indices,
        reasons: [...reasons.values()],
      },
    ];
  });
}

function shares({ groups, graph }: Analysis, params: number): Inspection['shares'] {
  const exact = new Set<number>();
  const prunable = new Set<number>();
  for (const group of groups) {
    for (const { parameterAxis } of group.axes) {
      prunable.add(parameterAxis.tensor);
      if (group.exact) exact.add(parameterAxis.tensor);
    }
  }
  const share = (tensors: ReadonlySet<number>): number => {
    if (params === 0) return 0;
    let sum = 0;
    for (const tensor of graph.document.tensors) {
      if (isWeight(tensor) && tensors.has(tensor.id))
        sum += tensor.dims.reduce((product, length) => product * length, 1);
    }
    return sum / params;
  };
  const all = share(prunable);
  return { prunable: all, exact: share(exact), inexact: all - share(exact), frozen: 1 - all };
}

/** Nodes that gave up, and how many only followed them, by what first lost the rank of what feeds those. */
function warnings({ frozenNodes, choices }: Analysis): Warning[] {
  const roots = new Map<string, { count: number; readonly node: string; readonly text: string }>();
  const followers = new Map<string, number>();
  for (const [node, { why, text, since }] of frozenNodes) {
    // The node at the beginning of a loop's body is none of the file: the Loop or Scan itself is reported.
    if (node.domain === INNER) continue;
    if (why === 'unknown-rank') {
      const cause = since === undefined ? '' : sinceText(since);
      followers.set(cause, (followers.get(cause) ?? 0) + 1);
      continue;
    }
    const key = why === 'no-rule' ? node.op : `${node.op}: ${why}`;
    const known = roots.get(key);
    if (known === undefined) roots.set(key, { count: 1, node: node.name, text });
    else known.count += 1;
  }
  const found = [...roots.values()].map(({ count, node, text }) => ({
    code: 'FROZEN_NODE',
    text: `${count === 1 ? `node ${node}` : `${count} nodes, first ${node}`}: ${text}; what they touch stays whole`,
  }));
  const followed = [...followers].map(([cause, count]) => ({
    code: 'FROZEN_NODE',
    text: `${count} more node${count === 1 ? '' : 's'} cannot be followed: the rank of what feeds them is not known${cause}`,
  }));
  return [...branches(choices), ...found, ...followed];
}

/** Ifs that are followed through one branch only. */
const branches = (choices: Analysis['choices']): Warning[] =>
  [...choices]
    .filter(([, branch]) => branch >= 0)
    .map(([node, branch]) => ({
      code: 'BRANCH_CHOSEN',
      text: `node ${node}: its branches end in values of different ranks; it is followed through its ${branch === 0 ? 'then' : 'else'} branch, which fits what reads it. Where data takes the other one, compare pruned models on such samples`,
    }));
