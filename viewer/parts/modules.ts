/** A module of a model, as names spell it: `layer1.0.conv1.weight`, `/encoder/layer.3/attn/MatMul`. */
export interface Module<T> {
  /** What tells it from its siblings; where modules hold nothing but one other module, the names of all of these. */
  readonly label: string;
  /** From the model down; unique. */
  readonly path: string;
  readonly modules: readonly Module<T>[];
  /** What lies in it and in no module of it. */
  readonly items: readonly T[];
  /** All that lies in it. */
  readonly count: number;
}

/** The parts of a name. */
export function partsOf(name: string): readonly string[] {
  const parts = (name.includes('/') ? name.split('/') : name.split('.')).filter((part) => part !== '');
  return parts.length > 12 ? [...parts.slice(0, 11), parts.slice(11).join('/')] : parts;
}

interface Growing<T> {
  readonly label: string;
  readonly path: string;
  readonly modules: Map<string, Growing<T>>;
  readonly items: T[];
}

/** The modules that names spell. The last part of a name is that of the item itself. */
export function modulesOf<T>(items: readonly T[], nameOf: (item: T) => string): Module<T> {
  const top: Growing<T> = { label: '', path: '', modules: new Map(), items: [] };
  for (const item of items) {
    let at = top;
    for (const label of partsOf(nameOf(item)).slice(0, -1)) {
      let next = at.modules.get(label);
      if (next === undefined) {
        next = { label, path: `${at.path}/${label}`, modules: new Map(), items: [] };
        at.modules.set(label, next);
      }
      at = next;
    }
    at.items.push(item);
  }
  return settled(top);
}

function settled<T>({ label, path, modules, items }: Growing<T>): Module<T> {
  const own = [...modules.values()].map(settled);
  const [only] = own;
  // A module that holds nothing but another one is one with it.
  if (own.length === 1 && items.length === 0 && path !== '')
    return { ...only!, label: `${label}/${only!.label}` };
  const count = items.length + own.reduce((sum, module) => sum + module.count, 0);
  return { label, path, modules: own, items, count };
}
