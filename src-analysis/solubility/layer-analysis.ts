import {
  type ConvGeometry,
  type ConvRanks,
  type ExactRanks,
  geometryKey,
  type LayerAnalysis,
} from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { ConvOp, DenseOp, Layer, ModelGraph } from '../model/graph.ts';
import { rowsOf, unknownsOf } from './conv-geometry.ts';
import { isWithinReach } from './finite-field.ts';
import { type Consumers, outputUnknownBecause } from './invertibility.ts';
import { type GenericRanks, genericRanks } from './law.ts';
import { layerGeometry } from './layer-geometry.ts';
import { metricWeight } from './metric.ts';

/** Ranks of geometries, each computed once: models repeat their layers. */
export interface RankTable {
  of(geometry: ConvGeometry): RankEntry;
  /** Geometries whose law is in doubt, for which no exact result is known and elimination is within reach. */
  pending(): readonly ConvGeometry[];
}

export interface RankEntry {
  readonly law: GenericRanks;
  /** Exact ranks where they are known, else the law's. */
  readonly ranks: ConvRanks;
  readonly basis: 'law' | 'finite-field';
  /** The law is in doubt, and elimination would take too long or was given up. */
  readonly outOfReach: boolean;
}

export function rankTable(exact: ExactRanks): RankTable {
  const known = new Map<string, RankEntry>();
  const doubtful = new Map<string, ConvGeometry>();
  return {
    of(geometry) {
      const key = geometryKey(geometry);
      const entry = known.get(key) ?? entryOf(geometry, exact.get(key));
      known.set(key, entry);
      if (isDoubtful(entry.law) && !exact.has(key) && !entry.outOfReach) doubtful.set(key, geometry);
      return entry;
    },
    pending: () => [...doubtful.values()],
  };
}

function entryOf(geometry: ConvGeometry, exact: ConvRanks | null | undefined): RankEntry {
  const law = genericRanks(geometry);
  return {
    law,
    ranks: exact ?? law,
    basis: exact ? 'finite-field' : 'law',
    outOfReach: exact === null || (exact === undefined && isDoubtful(law) && !isWithinReach(geometry)),
  };
}

function isDoubtful(law: GenericRanks): boolean {
  return law.nearCritical || law.outsideDomain;
}

/** What a convolution's or dense layer's statement rests on; the same for every layer. */
export const systemAssumptions: readonly string[] = [
  'one example a gradient',
  'weights and gradients in general position',
];

/** Place of a convolution in the model: number `index` of `count`, from the input. */
export interface ConvolutionPlace {
  readonly index: number;
  readonly count: number;
}

/** The linear system of one layer, by its kind; undefined for layers that have none. */
export function analyseLayer(
  graph: ModelGraph,
  layer: Layer,
  consumers: Consumers,
  table: RankTable,
  place: ConvolutionPlace | undefined,
): LayerAnalysis | undefined {
  const weight = place ? metricWeight(place.index, place.count) : null;
  const { op } = layer;
  if (op.kind === 'conv') return convolution(graph, layer, op, consumers, table, weight);
  if (op.kind === 'dense') return dense(layer, op);
  if (op.kind === 'unknown') return notCovered(layer, op.reason, weight);
  if (layer.weights.length === 0) return undefined;
  return notCovered(layer, uncoveredReason(layer), weight);
}

function convolution(
  graph: ModelGraph,
  layer: Layer,
  op: ConvOp,
  consumers: Consumers,
  table: RankTable,
  weight: number | null,
): LayerAnalysis {
  const found = layerGeometry(graph, layer, op);
  if ('reason' in found) return notCovered(layer, `No verdict: ${found.reason}.`, weight);
  const { geometry } = found;
  const unknowns = unknownsOf(geometry);
  const { law, ranks, basis, outOfReach } = table.of(geometry);
  const figures = {
    layer: layer.id,
    unknowns,
    touched: law.touched,
    rows: rowsOf(geometry),
    metricWeight: weight,
    ...(law.nearCritical ? { nearCritical: true } : {}),
    ...(law.outsideDomain ? { outsideDomain: true } : {}),
  };
  const obstacle = gradientObstacle(layer) ?? outputUnknownBecause(graph, layer, consumers);
  if (obstacle) {
    return {
      ...figures,
      rank: null,
      deficiency: null,
      verdict: 'unknown',
      basis: 'not-covered',
      reason: `No verdict: ${obstacle}.`,
      assumptions: [],
    };
  }
  const deficiency = ranks.system - unknowns;
  const doubt = basis === 'law' ? doubtOf(law, outOfReach) : undefined;
  return {
    ...figures,
    touched: ranks.touched,
    rank: { weights: ranks.weights, gradients: ranks.gradients, system: ranks.system },
    deficiency,
    // Entries that no window reaches are no part of the system: the layer is soluble if all others follow from it.
    verdict: ranks.system === ranks.touched ? 'soluble' : 'deficient',
    basis,
    ...(doubt ? { reason: doubt } : {}),
    assumptions: systemAssumptions,
  };
}

function doubtOf(law: GenericRanks, outOfReach: boolean): string | undefined {
  if (!isDoubtful(law)) return undefined;
  const where = law.outsideDomain
    ? 'this geometry is outside the domain that the rank law was verified on'
    : 'this geometry is near the critical one, where the rank law errs now and then';
  return outOfReach ? `${where}, and exact elimination is out of reach` : where;
}

/**
 * A dense layer: ∂L/∂W = δxᵀ and ∂L/∂b = δ give x = ∂L/∂W_r / ∂L/∂b_r for any unit r with ∂L/∂b_r ≠ 0 (Geiping et al. 2020,
 * Proposition 3.1). Without a bias δ follows from the layers behind, or from the loss, as in R-GAP.
 */
function dense(layer: Layer, op: DenseOp): LayerAnalysis {
  const { inFeatures, units } = op;
  const input = layer.inputShapes[0] ?? null;
  if (inFeatures === null || units === null || !input) {
    return notCovered(layer, 'No verdict: its input shape or its number of units is not known.', null);
  }
  if (sizeOf(input) !== inFeatures) {
    return notCovered(layer, 'No verdict: a dense layer on several positions at once is not covered.', null);
  }
  const obstacle = gradientObstacle(layer);
  if (obstacle) return notCovered(layer, `No verdict: ${obstacle}.`, null);
  return {
    layer: layer.id,
    unknowns: inFeatures,
    touched: inFeatures,
    rows: { weights: units, gradients: units * inFeatures },
    rank: { weights: Math.min(units, inFeatures), gradients: inFeatures, system: inFeatures },
    deficiency: 0,
    metricWeight: null,
    verdict: 'soluble',
    basis: 'law',
    assumptions: op.bias
      ? [...systemAssumptions, 'some ∂L/∂b is not 0']
      : [...systemAssumptions, 'without a bias the gradient gives the input up to one factor, which the loss fixes'],
  };
}

/** Without a gradient of its kernel a layer's system lacks its rows K. */
function gradientObstacle(layer: Layer): string | undefined {
  const frozen = !layer.trainable || layer.weights.some(weight => weight.role === 'kernel' && !weight.trainable);
  if (frozen) return 'the layer is frozen, so that it shares no gradient of its own';
  if (layer.sharedWith !== undefined)
    return 'its weights are shared with another layer, whose gradient is added to its own';
  return undefined;
}

const reasons: Readonly<Partial<Record<Layer['op']['kind'], string>>> = {
  convTranspose: 'transposed convolutions are not covered',
  separableConv: 'separable convolutions, two convolutions in one layer, are not covered',
  norm: 'the gradients of a normalisation layer are equations that are not covered',
  embedding: 'embeddings are not covered; the rows of its gradient that are not 0 name the tokens',
  attention: 'attention is not covered',
  recurrent: 'recurrent layers are not covered',
};

function uncoveredReason(layer: Layer): string {
  return `No verdict: ${reasons[layer.op.kind] ?? `layers of the kind '${layer.type}' are not covered`}.`;
}

function notCovered(layer: Layer, reason: string, weight: number | null): LayerAnalysis {
  return {
    layer: layer.id,
    unknowns: sizeOf(layer.inputShapes[0]),
    touched: null,
    rows: null,
    rank: null,
    deficiency: null,
    metricWeight: weight,
    verdict: 'unknown',
    basis: 'not-covered',
    reason,
    assumptions: [],
  };
}
