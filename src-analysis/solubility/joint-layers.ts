/** Convolutions that read one tensor, and what they know of it together. */
import type { JointSystem, LayerAnalysis } from '../model/analysis.ts';
import type { Layer } from '../model/graph.ts';
import { jointRanks } from './joint-rank.ts';
import { isPlain } from './kernel-layer.ts';
import { whole } from './knowledge.ts';
import type { LayerContext } from './layer-analysis.ts';
import { gradientObstacle } from './layer-figures.ts';
import { layerGeometry } from './layer-geometry.ts';

/**
 * The layers' figures with the joint system added where several convolutions of one tensor have a system of the plain kind each:
 * their outputs wholly known, one group, kernels trained and not shared. Figures of single layers, and so c(M), stay.
 */
export function withJointSystems(context: LayerContext, layers: readonly LayerAnalysis[]): readonly LayerAnalysis[] {
  const joint = new Map<number, JointSystem>();
  for (const readers of readersOfOneTensor(context)) {
    const geometries = readers.flatMap(layer => geometryOf(context, layer) ?? []);
    const { touched, weights, gradients, system, nearCritical } = jointRanks(geometries);
    const isFull = system === touched;
    const verdict = nearCritical ? 'unknown' : isFull ? 'soluble' : 'deficient';
    const found = {
      layers: readers.map(layer => layer.id),
      touched,
      rank: { weights, gradients, system },
      verdict,
    } as const;
    for (const layer of readers) joint.set(layer.id, found);
  }
  return layers.map(figures => {
    const found = joint.get(figures.layer);
    return found ? { ...figures, joint: found } : figures;
  });
}

function readersOfOneTensor(context: LayerContext): readonly (readonly Layer[])[] {
  const byTensor = new Map<string, Layer[]>();
  for (const layer of context.graph.layers) {
    const [edge] = layer.inputs;
    if (!edge || !geometryOf(context, layer)) continue;
    const key = `${edge.layer}.${edge.output}`;
    byTensor.set(key, [...(byTensor.get(key) ?? []), layer]);
  }
  return [...byTensor.values()].filter(readers => readers.length > 1);
}

function geometryOf({ graph, knowledge }: LayerContext, layer: Layer) {
  const known = knowledge.get(layer.id) ?? whole;
  if (layer.op.kind !== 'conv' || layer.op.spatialRank === 3 || layer.op.groups !== 1) return undefined;
  if (layer.sharedWith !== undefined || known.unknown !== undefined || !isPlain(known) || gradientObstacle(layer))
    return undefined;
  const found = layerGeometry(graph, layer, layer.op);
  return 'reason' in found ? undefined : found.geometry;
}
