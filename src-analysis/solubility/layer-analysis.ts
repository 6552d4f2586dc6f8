import {
  type ConvGeometry,
  type ConvRanks,
  type ExactRanks,
  geometryKey,
  type LayerAnalysis,
} from '../model/analysis.ts';
import type { Layer, ModelGraph } from '../model/graph.ts';
import { diagonalLayer } from './diagonal-layer.ts';
import { isWithinReach } from './finite-field.ts';
import type { Consumers } from './invertibility.ts';
import type { KernelCases } from './kernel-cases.ts';
import { kernelLayer } from './kernel-layer.ts';
import { type GenericRanks, genericRanks } from './law.ts';
import { notCovered } from './layer-figures.ts';
import { metricWeight } from './metric.ts';
import type { OutputKnowledge } from './output-knowledge.ts';
import { embeddingLayer, recurrentLayer } from './sequence-layers.ts';

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
      const entry = known.get(key) ?? entryOf(geometry, exact.get(key) as ConvRanks | null | undefined);
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

/** Place of a convolution in the model: number `index` of `count`, from the input. */
export interface ConvolutionPlace {
  readonly index: number;
  readonly count: number;
}

/** What every layer of one model is analysed with. */
export interface LayerContext {
  readonly graph: ModelGraph;
  readonly consumers: Consumers;
  readonly knowledge: OutputKnowledge;
  readonly table: RankTable;
  /** Systems already computed: models repeat their layers. */
  readonly cases: KernelCases;
}

/** The linear system of one layer, by its kind; undefined for layers that have none. */
export function analyseLayer(
  context: LayerContext,
  layer: Layer,
  place: ConvolutionPlace | undefined,
): LayerAnalysis | undefined {
  const weight = place ? metricWeight(place.index, place.count) : null;
  const { op } = layer;
  switch (op.kind) {
    case 'conv':
    case 'convTranspose':
    case 'separableConv':
    case 'dense':
      return kernelLayer(context, layer, weight);
    case 'unknown':
      return notCovered(layer, op.reason, weight);
    case 'constant':
      // A class token, learned or not: it has no input that could be told.
      return undefined;
    case 'embedding':
      return embeddingLayer(context, layer);
    case 'recurrent':
      return recurrentLayer(context, layer, op);
    case 'norm':
    case 'activation':
    case 'elementwise':
      return diagonalLayer(context, layer);
    default:
      if (layer.weights.length === 0) return undefined;
      return notCovered(layer, `No verdict: layers of the kind '${layer.type}' are not covered.`, weight);
  }
}
