import type { NodeRow } from '../../dist/types/findings/types.js';
import { type Module, modulesOf } from '../parts/modules.js';

/** A box of the drawn graph: one node, or many that are folded into one. */
export interface Fold {
  readonly id: string;
  readonly label: string;
  /** Positions of its nodes, ascending. */
  readonly nodes: readonly number[];
  /** What it unfolds into; none of a single node. */
  readonly children: readonly Fold[];
}

/** Boxes that one box unfolds into at most: of more, those that follow each other are folded again. */
const MOST_CHILDREN = 32;
/** Boxes that are seen at first, and at most. */
const FIRST = 40;
export const MOST_BOXES = 240;

/** All nodes as one box, which unfolds by the modules that their names spell. */
export function foldOf(nodes: readonly NodeRow[]): Fold {
  const all = nodes.map((_, index) => index);
  return inFew(
    folded(
      modulesOf(all, (index) => nodes[index]!.name),
      nodes,
    ),
  );
}

/** The boxes of a module, however many. */
function folded({ label, path, modules, items }: Module<number>, nodes: readonly NodeRow[]): Fold {
  const children = [
    ...modules
      .map((module) => folded(module, nodes))
      .flatMap((fold) => (isTogether(fold) ? fold : fold.children)),
    ...items.map(
      (index): Fold => ({ id: `#${index}`, label: nodes[index]!.name, nodes: [index], children: [] }),
    ),
  ].sort((a, b) => a.nodes[0]! - b.nodes[0]!);
  return { id: `${path}/`, label: withParent(label, path), nodes: nodesOf(children), children };
}

/** A module's name after that of the module around it, where it does not say that itself: `attention/self`, `layer1.0`. */
function withParent(label: string, path: string): string {
  const parent =
    path
      .slice(0, -label.length - 1)
      .split('/')
      .at(-1) ?? '';
  return parent === '' || label.includes('/') || label.startsWith(parent) ? label : `${parent}/${label}`;
}

/** The same with few boxes in each, and none that holds a single node alone. */
function inFew(fold: Fold): Fold {
  if (fold.children.length === 0) return fold;
  const children = inRuns(fold.children.map(inFew), fold.id);
  const [only] = children;
  return children.length === 1 && only!.children.length === 0 ? only! : { ...fold, children };
}

/** The share of the nodes between the first and the last of a module that are its own, so that the module can be drawn as one. */
const TOGETHER = 0.5;

/** Whether what names call a module lies together in the graph: some exporters name nodes by their operators alone. */
const isTogether = ({ nodes, children }: Fold): boolean =>
  children.length === 0 || nodes.length >= TOGETHER * (nodes.at(-1)! - nodes[0]! + 1);

const nodesOf = (folds: readonly Fold[]): number[] =>
  folds.flatMap(({ nodes }) => nodes).sort((a, b) => a - b);

/** Many boxes side by side as fewer, each of some that follow each other in the order of the graph. */
function inRuns(folds: readonly Fold[], path: string): readonly Fold[] {
  if (folds.length <= MOST_CHILDREN) return folds;
  const size = Math.max(2, Math.ceil(Math.sqrt(folds.length)));
  const runs: Fold[] = [];
  for (let from = 0; from < folds.length; from += size) {
    const own = folds.slice(from, from + size);
    const nodes = nodesOf(own);
    const isRun = nodes.at(-1)! - nodes[0]! === nodes.length - 1;
    const label = isRun ? `nodes ${nodes[0]! + 1} to ${nodes.at(-1)! + 1}` : `${own[0]!.label} and others`;
    runs.push(own.length === 1 ? own[0]! : { id: `${path}/${from}+${size}`, label, nodes, children: own });
  }
  return inRuns(runs, `${path}/`);
}

/** What is unfolded at first: the largest boxes, as long as not too many are seen. */
export function firstOpen(root: Fold): ReadonlySet<string> {
  const open = new Set([root.id]);
  const closed = root.children.filter(({ children }) => children.length > 0);
  let seen = root.children.length;
  for (;;) {
    closed.sort((a, b) => a.nodes.length - b.nodes.length);
    const largest = closed.pop();
    if (largest === undefined || seen - 1 + largest.children.length > FIRST) return open;
    open.add(largest.id);
    seen += largest.children.length - 1;
    closed.push(...largest.children.filter(({ children }) => children.length > 0));
  }
}

/** The boxes that are seen, in the order of the graph. */
export function seenOf(root: Fold, open: ReadonlySet<string>): readonly Fold[] {
  const found: Fold[] = [];
  const visit = (fold: Fold): void => {
    if (fold.children.length > 0 && open.has(fold.id)) for (const child of fold.children) visit(child);
    else found.push(fold);
  };
  visit(root);
  return found;
}

/** The boxes around one, from the outermost on, without the whole. */
export function around(root: Fold, node: number): readonly Fold[] {
  const path: Fold[] = [];
  let at: Fold | undefined = root;
  while (at !== undefined) {
    at = at.children.find(({ nodes }) => has(nodes, node));
    if (at !== undefined) path.push(at);
  }
  return path;
}

/** Whether ascending numbers hold one. */
function has(numbers: readonly number[], wanted: number): boolean {
  let [low, high] = [0, numbers.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = numbers[middle]!;
    if (found === wanted) return true;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}
