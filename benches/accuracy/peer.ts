import { readFileSync } from 'node:fs';

/** What another pruner makes of a model, in percent of right answers, for each share of multiply-adds removed. */
export interface Peer {
  /** The samples that belong to the model: `DATA.calib.npz` and `DATA.test.npz`. */
  readonly data: string;
  readonly original: number;
  readonly own: readonly number[];
  /** With statistics of BatchNorm measured anew. */
  readonly reestimated?: readonly number[];
}

interface Peers {
  readonly peer: string;
  readonly what: string;
  readonly source: string;
  /** Percent. */
  readonly removed: readonly number[];
  readonly models: Readonly<Record<string, Peer>>;
}

export const peers: Peers = JSON.parse(readFileSync(new URL('peer.json', import.meta.url), 'utf8'));

/** Whether BatchNorm is folded or not, a model is the same to the peer. */
export const peerOf = (model: string): Peer | undefined => peers.models[model.replace(/_(bn|folded)$/, '')];

/** Nothing where the peer was not measured. */
export const accuracyOf = (row: readonly number[] | undefined, removed: number): number | undefined =>
  row?.[peers.removed.indexOf(removed)];
