import type { Changes, InterfaceChanges } from '../data/interfaceChanges.js';
import type { Warning } from '../options/types.js';
import type { Session, ValueInfo } from '../runtime/runtime.js';

/**
 * What differs between the inputs and outputs that two models declare, in plain words. Lengths that the pruned model's metadata
 * declare shorter are no difference, where they are what it has.
 */
export function compareInterfaces(
  original: Session,
  pruned: Session,
  { inputs, outputs }: InterfaceChanges = { inputs: {}, outputs: {} },
): readonly Warning[] {
  return [
    ...compareValues('input', shortened(original.inputs, inputs), pruned.inputs),
    ...compareValues('output', shortened(original.outputs, outputs), pruned.outputs),
  ];
}

const shortened = (values: readonly ValueInfo[], changes: Changes): readonly ValueInfo[] =>
  values.map((value) => {
    const axes = Object.hasOwn(changes, value.name) ? changes[value.name]! : {};
    const shape = value.shape.map((length, axis) => {
      const change = axes[axis];
      return change !== undefined && length === change.length ? change.kept.length : length;
    });
    return { ...value, shape };
  });

function compareValues(
  kind: 'input' | 'output',
  original: readonly ValueInfo[],
  pruned: readonly ValueInfo[],
): readonly Warning[] {
  const faults: string[] = [];
  for (const { name } of pruned)
    if (!original.some((value) => value.name === name)) faults.push(`the ${kind} "${name}" is new`);
  for (const a of original) {
    const b = pruned.find(({ name }) => name === a.name);
    if (b === undefined) faults.push(`the ${kind} "${a.name}" is gone`);
    else if (a.dtype !== b.dtype) faults.push(`the ${kind} "${a.name}" was ${a.dtype} and is ${b.dtype}`);
    else if (!sameShape(a.shape, b.shape))
      faults.push(`the ${kind} "${a.name}" was ${shapeText(a.shape)} and is ${shapeText(b.shape)}`);
  }
  const order = (values: readonly ValueInfo[]) => values.map(({ name }) => name).join(', ');
  if (faults.length === 0 && order(original) !== order(pruned))
    faults.push(`the ${kind}s were in the order ${order(original)} and are in the order ${order(pruned)}`);
  return faults.map((text) => ({ code: 'INTERFACE_CHANGED', text }));
}

/** Open lengths may have other names, but must be as open as they were. */
function sameShape(a: ValueInfo['shape'], b: ValueInfo['shape']): boolean {
  return (
    a.length === b.length &&
    a.every((dim, axis) => (typeof dim === 'number' ? dim === b[axis] : typeof b[axis] === 'string'))
  );
}

const shapeText = (shape: readonly (number | string)[]): string =>
  `[${shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;
