/** Systems of one model's kernels, each computed once. */
import type { Summand } from './combined-rank.ts';
import { pointwiseAxis } from './grid-geometry.ts';
import { gridRanks, type KnownShare } from './grid-rank.ts';
import { type Knowledge, shareOf } from './knowledge.ts';
import type { LayerMap } from './layer-maps.ts';
import { expectedActiveShare, type PartialSystem, partialSystem, rankRange, solubleFrom } from './partial-system.ts';

export interface KernelCase {
  readonly system: PartialSystem;
  /** rank(U) at its least and its most; null where nothing about it is assumed. */
  readonly range: { readonly least: number; readonly most: number } | null;
  readonly solubleFrom: number | null;
  /** Undefined where the layer is not soluble, or no batch was looked at. */
  readonly batchLimit: number | null | undefined;
}

export interface KernelCases {
  /** Null where no pooling window fits the output. */
  of(map: LayerMap, k: Knowledge, summand: Summand | null, frozen: boolean): KernelCase | null;
  batchLimit(map: LayerMap, known: KnownShare): number | null | undefined;
}

export function kernelCases(): KernelCases {
  const cases = new Map<string, KernelCase | null>();
  const limits = new Map<string, number | null | undefined>();
  const batchLimitOf = (map: LayerMap, known: KnownShare) =>
    once(limits, JSON.stringify([map, known]), () => batchLimit(map, known));
  return {
    of: (map, { assumptions: _, ...k }, summand, frozen) =>
      once(cases, JSON.stringify([map, k, summand, frozen]), () =>
        kernelCase(map, { ...k, assumptions: [] }, summand, frozen, batchLimitOf),
      ),
    batchLimit: batchLimitOf,
  };
}

function once<T>(known: Map<string, T>, key: string, compute: () => T): T {
  if (!known.has(key)) known.set(key, compute());
  return known.get(key) as T;
}

function kernelCase(
  map: LayerMap,
  k: Knowledge,
  summand: Summand | null,
  frozen: boolean,
  batchLimitOf: (map: LayerMap, known: KnownShare) => number | null | undefined,
): KernelCase | null {
  const system = partialSystem(map, k, summand, expectedActiveShare, frozen);
  if (!system) return null;
  const isSoluble = !system.bound && system.ranks.system === system.ranks.touched;
  const isSimple = !summand && !k.statistics && !k.averages && !frozen;
  return {
    system,
    range: rankRange(map, k, summand, frozen),
    solubleFrom: solubleFrom(map, k, summand, frozen),
    batchLimit: isSoluble && isSimple ? batchLimitOf(map, shareOf(k, expectedActiveShare)) : undefined,
  };
}

/** Larger batches are not looked at: then any batch will do as far as was looked. */
const largestBatch = 4096;

/**
 * Largest batch whose system is soluble, for each example's δ known: a batch is one more axis with a kernel of one entry.
 * rank K grows with the examples only up to its rows, so that it is W that has to carry large batches.
 */
function batchLimit(map: LayerMap, known: KnownShare): number | null | undefined {
  if (map.kind !== 'conv') return undefined;
  const { grid } = map;
  const isSoluble = (examples: number) => {
    const ranks = gridRanks({ ...grid, axes: [pointwiseAxis(examples), ...grid.axes] }, known);
    return ranks.system === ranks.touched;
  };
  if (isSoluble(largestBatch)) return null;
  let [at, above] = [1, 2];
  while (isSoluble(above)) [at, above] = [above, above * 2];
  while (above - at > 1) {
    const middle = Math.floor((at + above) / 2);
    if (isSoluble(middle)) at = middle;
    else above = middle;
  }
  return at;
}
