/** What the analyses of layers share. */
import type { LayerAnalysis } from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { Layer } from '../model/graph.ts';

/** What every statement on a layer's system rests on. */
export const systemAssumptions: readonly string[] = [
  'one example a gradient',
  'weights and gradients in general position',
];

/** Whether a layer's tensor of this role has a gradient; layers whose weights the reader did not list are trusted. */
export function isTrained(layer: Layer, role: string): boolean {
  const weight = layer.weights.find(candidate => candidate.role === role);
  return layer.trainable && (weight?.trainable ?? true);
}

/** Why a layer's gradient rows are not counted, in a clause; undefined where they are. */
export function gradientObstacle(layer: Layer): string | undefined {
  const frozen = !layer.trainable || layer.weights.some(weight => isKernel(weight.role) && !weight.trainable);
  if (frozen) return 'the layer is frozen and shares no gradient of its own, so that only its weight rows count';
  if (layer.sharedWith !== undefined) {
    return 'its weights are shared with another layer, whose gradient is added to its own, so that only its weight rows count';
  }
  return undefined;
}

function isKernel(role: string): boolean {
  return role === 'kernel' || role === 'depthwiseKernel';
}

export function notCovered(layer: Layer, reason: string, weight: number | null): LayerAnalysis {
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
