/** The system of a layer with a kernel under what is known of its output: ranks, best and worst case. */

import { type Summand, withStatistics, withSummand } from './combined-rank.ts';
import type { SystemRanks } from './grid-rank.ts';
import { type Knowledge, shareOf } from './knowledge.ts';
import type { LayerMap } from './layer-maps.ts';
import { mapRanks, mapRows, statisticsLayer } from './layer-maps.ts';
import { sumsOf } from './pooling-effect.ts';

/** Expected share of a rectifier's units that are active: half, as at initialisation with weights symmetric about 0. */
export const expectedActiveShare = 0.5;

export interface PartialSystem {
  readonly ranks: SystemRanks;
  /** Weight rows and gradient rows that are known, in expectation. */
  readonly rows: { readonly weights: number; readonly gradients: number };
  /** Gradient rows are counted, but are no linear equations: the ranks are upper bounds. */
  readonly bound: boolean;
}

/**
 * Ranks of the layer's system [B·W; K] with δ = Bᵀδ′.
 * @param summand what else is known of the other branches of a sum
 * @param frozen the layer shares no gradient: K is left out
 */
export function partialSystem(
  map: LayerMap,
  k: Knowledge,
  summand: Summand | null,
  activeShare: number,
  frozen = false,
): PartialSystem | null {
  const full = mapRows(map);
  const { known, windows } = plannedShare(map, k, activeShare);
  const found = mapRanks(map, known, windows);
  if (!found) return null;
  const ranks = frozen ? { ...found, gradients: 0, relations: 0, system: found.weights } : found;
  const weights = Math.round(full.weights * (windows ? sumsOf(windows).share : 1) * known.equations);
  const rows = { weights, gradients: known.support > 0 && !frozen ? full.gradients : 0 };
  if (k.curved !== undefined) return curvedSystem(ranks, rows, map, k, summand);
  const inSum = summand ? withSummand(ranks, weights, summand) : ranks;
  return {
    ranks: k.statistics ? withStatistics(inSum, statisticsLayer(map), k.statistics) : inSum,
    rows,
    bound: false,
  };
}

/** Sums over windows of the output itself have a law of their own for convolutions; else they count as sums. */
function plannedShare(map: LayerMap, k: Knowledge, activeShare: number) {
  const { averages, ...rest } = k;
  if (!averages) return { known: shareOf(k, activeShare), windows: undefined };
  if (map.kind === 'conv') return { known: shareOf(rest, activeShare), windows: averages };
  return { known: shareOf({ ...rest, sums: sumsOf(averages) }, activeShare), windows: undefined };
}

/** Gradient rows with an unknown δ: at most as many further equations as there are of them. */
function curvedSystem(
  ranks: SystemRanks,
  rows: PartialSystem['rows'],
  map: LayerMap,
  { statistics }: Knowledge,
  summand: Summand | null,
): PartialSystem {
  const sets = statistics?.perChannel ? statisticsLayer(map).filters : (statistics?.count ?? 0);
  const lost = sets * (statistics?.centred ? 2 : 1) + (summand?.weights ?? 0);
  const weights = Math.max(0, Math.min(ranks.weights, rows.weights - lost));
  const gradients = Math.min(ranks.touched, rows.gradients);
  const system = Math.min(Math.round(ranks.covered), weights + gradients);
  return { ranks: { ...ranks, weights, gradients, system }, rows, bound: true };
}

/** rank U with no unit of any rectifier active, and with all of them active and all else of the sum known. */
export function rankRange(
  map: LayerMap,
  k: Knowledge,
  summand: Summand | null,
  frozen: boolean,
): { least: number; most: number } | null {
  if (!k.rectified && !summand) return null;
  const { summands: _, curved: __, ...rest } = k;
  const most = partialSystem(map, rest, null, 1, frozen)?.ranks.system;
  const least = k.rectified || k.curved !== undefined ? 0 : partialSystem(map, k, summand, 1, frozen)?.ranks.system;
  return most === undefined || least === undefined ? null : { least: Math.min(least, most), most };
}

/** The smallest share of active units with which the layer is soluble, in whole percent; null if there is none. */
export function solubleFrom(map: LayerMap, k: Knowledge, summand: Summand | null, frozen: boolean): number | null {
  const isSoluble = (percent: number) => {
    const system = partialSystem(map, k, summand, percent / 100, frozen);
    return system !== null && !system.bound && system.ranks.system === system.ranks.touched;
  };
  if (!k.rectified || !isSoluble(100)) return null;
  let [below, at] = [0, 100];
  while (at - below > 1) {
    const middle = Math.floor((below + at) / 2);
    if (isSoluble(middle)) at = middle;
    else below = middle;
  }
  return at / 100;
}
