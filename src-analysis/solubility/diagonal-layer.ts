/**
 * Layers that treat entries one by one: normalisation, learned slopes, learned scales and offsets. Their input follows from their
 * output entry by entry, so that as much of the one is known as of the other. The gradients of their weights (∂γ_c = Σ_p δ·x̂ and
 * the like) are sums over known entries of terms that are known: they add nothing.
 */
import type { LayerAnalysis } from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { Layer } from '../model/graph.ts';
import { type Knowledge, shareOf, whole } from './knowledge.ts';
import type { LayerContext } from './layer-analysis.ts';
import { notCovered, systemAssumptions } from './layer-figures.ts';
import { expectedActiveShare } from './partial-system.ts';
import { seenThrough } from './seen-through.ts';

/** Undefined for layers none of whose weights is trained: they add no equation. */
export function diagonalLayer({ graph, knowledge }: LayerContext, layer: Layer): LayerAnalysis | undefined {
  const trained = layer.weights.filter(weight => weight.trainable);
  if (trained.length === 0) return undefined;
  const unknowns = sizeOf(layer.inputShapes[0]);
  if (unknowns === null || unknowns < 1)
    return notCovered(layer, 'No verdict: the shape of its input is not known.', null);
  const nothing = new Map<number, ReadonlySet<number>>();
  const k = seenThrough({ graph, outputsRead: nothing }, layer, layer, knowledge.get(layer.id) ?? whole);
  if (k.unknown !== undefined) return { ...notCovered(layer, `No verdict: ${k.unknown}.`, null), unknowns };
  const gradients = trained.reduce((sum, weight) => sum + (sizeOf(weight.shape) ?? 0), 0);
  const weights = knownEntries(unknowns, k, expectedActiveShare);
  const most = knownEntries(unknowns, { ...k, rectified: false }, 1);
  const limited = k.rectified || k.summands !== undefined;
  return {
    layer: layer.id,
    unknowns,
    touched: unknowns,
    rows: { weights: Math.round(unknowns * shareOf(k, expectedActiveShare).equations), gradients },
    rank: { weights, gradients: Math.min(gradients, weights), system: weights },
    deficiency: weights - unknowns,
    metricWeight: null,
    verdict: weights === unknowns ? 'soluble' : 'deficient',
    basis: 'law',
    ...(limited ? { rankRange: { least: 0, most } } : {}),
    assumptions: [
      ...systemAssumptions,
      ...(k.rectified
        ? ['half of the units that a rectifier behind it passes on are active, and which ones is known']
        : []),
      ...(k.summands ? [`what else '${k.summands.merge}' adds is not known from elsewhere`] : []),
      ...k.assumptions,
    ],
  };
}

function knownEntries(unknowns: number, k: Knowledge, activeShare: number): number {
  if (k.summands) return 0;
  const { count = 0, centred = false } = k.statistics ?? {};
  const { equations } = shareOf(k, activeShare);
  const sums = k.averages ? equations / k.averages.reduce((product, w) => product * w.stride, 1) : equations;
  return Math.max(0, Math.round(unknowns * sums) - count * (centred ? 2 : 1));
}
