/** What a name means where it is read. */
export interface Scope {
  readonly names: Map<string, string>;
  readonly outer?: Scope;
}

/** What a name stands for: of the nearest scope that defines it. Undefined where none does. */
export const lookUp = (scope: Scope, name: string): string | undefined => {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const found = at.names.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
};
