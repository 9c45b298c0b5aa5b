/** How far a call has come. */
export interface Progress {
  /** 'open', 'calibrate', 'score', 'tree', 'weigh', 'reconstruct', 'guard', 'measure', 'write', 'hash', 'verify'. */
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}
