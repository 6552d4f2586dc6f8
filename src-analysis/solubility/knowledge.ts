/** What the layers behind tell of one tensor, as data; output-knowledge.ts finds it, layer systems use it. */
import type { Edge } from '../model/graph.ts';
import type { WindowAxis } from './averaged.ts';
import type { StatisticSets } from './combined-rank.ts';
import type { KnownShare } from './grid-rank.ts';

/**
 * Knowledge of a tensor under the recursion's premise that the input of every layer with weights behind is solved for. Told from
 * the tensor towards what is known: first `averages`, then what keeps only some entries, then `sums` of what was kept.
 */
export interface Knowledge {
  /** Set where nothing of the tensor is known linearly: why, in a clause. */
  readonly unknown?: string;
  /** Sums over windows of the tensor itself. */
  readonly averages?: readonly WindowAxis[];
  /** Some rectifier passes on active units only. */
  readonly rectified: boolean;
  /** Share of entries that selections other than rectifiers and maxima keep (crops, dropout). */
  readonly kept: number;
  /** Known maxima, as a share of entries, and entries a window. */
  readonly maxima: { readonly share: number; readonly window: number };
  /** Known sums of what the above kept, as a share of entries, and entries a sum. */
  readonly sums?: { readonly share: number; readonly window: number };
  /** The tensor is known up to scales and offsets. */
  readonly statistics?: StatisticSets;
  /** Only the sum with these other tensors is known. */
  readonly summands?: { readonly merge: string; readonly others: readonly Edge[] };
  /** δ depends on values that are not known, so that gradient rows are no linear equations. */
  readonly curved?: string;
  readonly assumptions: readonly string[];
}

export const whole: Knowledge = { rectified: false, kept: 1, maxima: { share: 1, window: 1 }, assumptions: [] };

/** Nothing of the tensor is known, for this reason. */
export function unknown(behind: Knowledge, reason: string): Knowledge {
  return { ...behind, unknown: reason };
}

/** The same under one more assumption, said once. */
export function assuming(k: Knowledge, assumption: string): Knowledge {
  return k.assumptions.includes(assumption) ? k : { ...k, assumptions: [...k.assumptions, assumption] };
}

/** Shares of entries at which δ ≠ 0 and of known equations, if each rectified unit is active with this probability. */
export function shareOf(k: Knowledge, activeShare: number): KnownShare {
  if (k.unknown !== undefined) return { support: 0, equations: 0 };
  const active = k.rectified ? activeShare : 1;
  const support = k.kept * k.maxima.share * oneOf(active, k.maxima.window);
  const equations = k.sums ? Math.min(support, k.kept * k.sums.share * oneOf(active, k.sums.window)) : support;
  return { support, equations };
}

/** Probability that one of so many entries is active. */
function oneOf(active: number, entries: number): number {
  return 1 - (1 - active) ** entries;
}

/** How much a piece of knowledge gives, to choose between several consumers of one tensor. */
export function worth(k: Knowledge): number {
  if (k.unknown !== undefined) return -1;
  const { equations } = shareOf(k, 0.5);
  return equations * (k.summands ? 0.1 : 1) * (k.statistics ? 0.9 : 1) * (k.curved ? 0.5 : 1);
}
