/** The amounts that a plan may be asked for: a ratio to remove, or a budget of what stays. */
interface Amounts {
  readonly ratio?: number;
  readonly macs?: number;
  readonly params?: number;
  readonly bytes?: number;
  readonly latency?: number;
  readonly data?: unknown;
}

/** The policy that is taken for the given amounts where none is named. */
export const policyFor = ({ ratio, macs, params, bytes, latency, data }: Amounts): string => {
  if (ratio !== undefined || (macs ?? params ?? bytes ?? latency) === undefined) return 'uniform';
  return data === undefined ? 'global' : 'allocate';
};
