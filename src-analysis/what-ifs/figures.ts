import type { AnalysedModel } from '../check.ts';
import { sizeOf } from '../model/geometry.ts';
import type { Layer, ModelGraph } from '../model/graph.ts';

/** What two versions of a model are compared by. */
export interface Figures {
  /** Identifiable dimension r of n; null where unknown. */
  readonly rank: number | null;
  readonly unknowns: number | null;
  /** r is an estimate: the law may be off here. */
  readonly estimate: boolean;
  /** Exact elimination may still replace r or c(M): it is within reach and was not done yet. */
  readonly pending: boolean;
  /** c(M) as the paper prints it; null where unknown or only partly known. */
  readonly c: number | null;
  /** Trainable parameters: what a frozen layer holds is lost to training. null where a shape is unknown. */
  readonly parameters: number | null;
}

export function figuresOf({ graph, analysis }: AnalysedModel): Figures {
  const { identifiable, metric, pending, pendingRank } = analysis;
  return {
    rank: identifiable.rank,
    unknowns: identifiable.unknowns,
    estimate: identifiable.certainty === 'estimate',
    pending: pending.length > 0 || pendingRank !== undefined,
    c: metric.coverage === 'complete' ? metric.cRounded : null,
    parameters: trainableParameters(graph),
  };
}

/** Whether there is anything to compare changes by. */
export function isComparable({ rank, unknowns, c }: Figures): boolean {
  return unknowns !== null && unknowns > 0 && (rank !== null || c !== null);
}

/** Entries of all weights that training changes; weights that several layers share count once. */
export function trainableParameters(graph: ModelGraph): number | null {
  let sum = 0;
  for (const layer of graph.layers) {
    const size = layer.trainable && layer.sharedWith === undefined ? sizeOfWeights(layer) : 0;
    if (size === null) return null;
    sum += size;
  }
  return sum;
}

function sizeOfWeights(layer: Layer): number | null {
  let sum = 0;
  for (const weight of layer.weights) {
    const size = weight.trainable ? sizeOf(weight.shape) : 0;
    if (size === null) return null;
    sum += size;
  }
  return sum;
}
