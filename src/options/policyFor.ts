/** What a plan is asked to leave, or to remove. */
interface Amounts {
  readonly ratio?: number;
  readonly macs?: number;
  readonly params?: number;
  readonly bytes?: number;
  readonly latency?: number;
  readonly data?: unknown;
}

/** The policy that the given amounts speak of. */
export const policyFor = ({ ratio, macs, params, bytes, latency, data }: Amounts): string => {
  if (ratio !== undefined || (macs ?? params ?? bytes ?? latency) === undefined) return 'uniform';
  return data === undefined ? 'global' : 'allocate';
};
