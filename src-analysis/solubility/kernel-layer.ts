/** Convolutions of every kind and dense layers: the system of their kernel under what is known of their output. */
import type { LayerAnalysis } from '../model/analysis.ts';
import type { Layer } from '../model/graph.ts';
import { attentionLayer } from './attention.ts';
import { everything, isEverything } from './grid-rank.ts';
import type { KernelCase } from './kernel-cases.ts';
import { type Knowledge, shareOf, whole } from './knowledge.ts';
import type { GenericRanks } from './law.ts';
import type { LayerContext } from './layer-analysis.ts';
import { gradientObstacle, isTrained, notCovered, systemAssumptions } from './layer-figures.ts';
import { layerGeometry } from './layer-geometry.ts';
import { type LayerMap, layerMap, mapRanks, mapRows, mapUnknowns } from './layer-maps.ts';
import { expectedActiveShare } from './partial-system.ts';
import { summandOf } from './summand.ts';

export function kernelLayer(context: LayerContext, layer: Layer, weight: number | null): LayerAnalysis {
  const found = layerMap(context.graph, layer);
  if (!found || 'reason' in found) return notCovered(layer, `No verdict: ${found?.reason}.`, weight);
  const { map } = found;
  const base = { layer: layer.id, unknowns: mapUnknowns(map), rows: mapRows(map), metricWeight: weight };
  const obstacle = gradientObstacle(layer);
  const k = context.knowledge.get(layer.id) ?? whole;
  if (layer.op.kind === 'dense' && !obstacle) {
    if (isOneVector(map)) return oneVector(layer, base);
    const tokens = attentionLayer(context, layer, map);
    if (tokens) return { ...base, ...tokens };
  }
  if (k.unknown !== undefined)
    return { ...notCovered(layer, `No verdict: ${k.unknown}.`, weight), ...withoutRanks(base, map) };
  if (isPlain(k) && !obstacle && layer.op.kind === 'conv' && layer.op.spatialRank < 3) {
    return plainConvolution(context, layer, map, k, base);
  }
  const summand = k.summands ? summandOf(context.graph, layer, map, k) : null;
  const figures = context.cases.of(map, k, summand?.ranks ?? null, obstacle !== undefined);
  if (!figures) {
    const reason = 'No verdict: no pooling window behind it fits its output.';
    return { ...notCovered(layer, reason, weight), ...withoutRanks(base, map) };
  }
  const assumptions = [
    ...systemAssumptions,
    ...(k.rectified ? [activeUnits] : []),
    ...(summand ? [summand.assumption] : []),
    ...(k.curved === undefined ? [] : [`gradient rows count as independent equations, an upper bound: ${k.curved}`]),
    ...(obstacle ? [obstacle] : []),
    ...k.assumptions,
  ];
  return verdictOf({ ...base, rows: figures.system.rows }, figures, k.curved, assumptions);
}

const activeUnits = 'half of the units that a rectifier behind it passes on are active, and which ones is known';

type Base = Pick<LayerAnalysis, 'layer' | 'unknowns' | 'rows' | 'metricWeight'>;

function withoutRanks(base: Base, map: LayerMap): Partial<LayerAnalysis> {
  return { ...base, touched: mapRanks(map, everything)?.touched ?? null };
}

function isOneVector(map: LayerMap): boolean {
  return map.kind === 'conv' && map.grid.axes.every(axis => axis.input === 1);
}

/** Everything is known of the output, entry by entry. */
export function isPlain(k: Knowledge): boolean {
  const open = k.summands ?? k.statistics ?? k.averages ?? k.sums ?? k.curved;
  return open === undefined && isEverything(shareOf(k, expectedActiveShare));
}

/** The system of the paper, with exact ranks where they are known. */
function plainConvolution(
  { graph, table, cases }: LayerContext,
  layer: Layer,
  map: LayerMap,
  k: Knowledge,
  base: Base,
): LayerAnalysis {
  const found = layer.op.kind === 'conv' ? layerGeometry(graph, layer, layer.op) : { reason: 'no convolution' };
  if ('reason' in found) return notCovered(layer, `No verdict: ${found.reason}.`, base.metricWeight);
  const { law, ranks, basis, outOfReach } = table.of(found.geometry);
  const doubt = basis === 'law' ? doubtOf(law, outOfReach) : undefined;
  // Entries that no window reaches are no part of the system: the layer is soluble if all others follow from it.
  const isSoluble = ranks.system === ranks.touched;
  const batchLimit = isSoluble ? cases.batchLimit(map, everything) : undefined;
  return {
    ...base,
    touched: ranks.touched,
    ...(law.nearCritical ? { nearCritical: true } : {}),
    ...(law.outsideDomain ? { outsideDomain: true } : {}),
    rank: { weights: ranks.weights, gradients: ranks.gradients, system: ranks.system },
    deficiency: ranks.system - (base.unknowns ?? 0),
    verdict: isSoluble ? 'soluble' : 'deficient',
    basis,
    ...(doubt ? { reason: doubt } : {}),
    ...(batchLimit === undefined ? {} : { batchLimit }),
    assumptions: [...systemAssumptions, ...k.assumptions],
  };
}

function doubtOf(law: Pick<GenericRanks, 'nearCritical' | 'outsideDomain'>, outOfReach: boolean): string | undefined {
  if (!law.nearCritical && !law.outsideDomain) return undefined;
  const where = law.outsideDomain
    ? 'this geometry is outside the domain that the rank law was verified on'
    : 'this geometry is near the critical one, where the rank law errs now and then';
  return outOfReach ? `${where}, and exact elimination is out of reach` : where;
}

const closeCounts =
  'equations and unknowns are close in number, or beyond what the law was verified on: which entries are known decides';

function verdictOf(
  base: Base,
  figures: KernelCase,
  curved: string | undefined,
  assumptions: readonly string[],
): LayerAnalysis {
  const { system, range, solubleFrom, batchLimit } = figures;
  const { ranks, bound } = system;
  const isFull = ranks.system === ranks.touched;
  const unknowns = base.unknowns ?? 0;
  const { touched } = ranks;
  if (bound && isFull) {
    const reason = `No verdict: the equations would suffice by number, but not all are linear: ${curved}.`;
    const figuresLeft = { touched, rank: null, deficiency: null, verdict: 'unknown', basis: 'not-covered' } as const;
    return { ...base, ...figuresLeft, reason, ...(range ? { rankRange: range } : {}), assumptions };
  }
  const doubt = ranks.nearCritical || ranks.outsideDomain ? closeCounts : undefined;
  return {
    ...base,
    touched,
    rank: { weights: ranks.weights, gradients: ranks.gradients, system: ranks.system },
    deficiency: ranks.system - unknowns,
    verdict: isFull ? 'soluble' : 'deficient',
    basis: 'law',
    ...(ranks.nearCritical ? { nearCritical: true } : {}),
    ...(ranks.outsideDomain ? { outsideDomain: true } : {}),
    ...(doubt ? { reason: doubt } : {}),
    ...(range ? { rankRange: range } : {}),
    ...(solubleFrom === null ? {} : { solubleFrom }),
    ...(batchLimit === undefined ? {} : { batchLimit }),
    assumptions,
  };
}

/**
 * A dense layer on one vector: ∂L/∂W = δxᵀ and ∂L/∂b = δ give x = ∂L/∂W_r / ∂L/∂b_r for any unit r with ∂L/∂b_r ≠ 0 (Geiping et
 * al. 2020, Proposition 3.1), whatever is behind. Without a bias the rank-one gradient gives x up to one factor (R-GAP).
 */
function oneVector(layer: Layer, base: Base): LayerAnalysis {
  const inputs = base.unknowns ?? 0;
  const units = base.rows?.weights ?? 0;
  const hasBias = layer.op.kind === 'dense' && layer.op.bias && isTrained(layer, 'bias');
  return {
    ...base,
    touched: inputs,
    rank: { weights: Math.min(units, inputs), gradients: inputs, system: inputs },
    deficiency: 0,
    verdict: 'soluble',
    basis: 'law',
    assumptions: hasBias
      ? [...systemAssumptions, 'some ∂L/∂b is not 0']
      : [...systemAssumptions, 'without a bias the gradient gives the input up to one factor, which the loss fixes'],
  };
}
