/** A model as the chain that the recursion walks, or the first thing in the way. */
import type { ConvGeometry } from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { Layer, ModelGraph } from '../model/graph.ts';
import { type ActivationClass, activationClass } from '../solubility/invertibility.ts';
import { layerGeometry, zeroPadBefore } from '../solubility/layer-geometry.ts';

export interface ConvStage {
  readonly layer: number;
  readonly geometry: ConvGeometry;
  /** All activations between this convolution and the next stage, taken together. */
  readonly activation: Exclude<ActivationClass, 'lossy'>;
}

export interface Chain {
  /** Entries of the model's input. */
  readonly unknowns: number;
  /** Convolutions from the input on. */
  readonly stages: readonly ConvStage[];
  /** Entries of the input of the first dense layer, which its gradient gives exactly. */
  readonly features: number;
  /** Id of that dense layer. */
  readonly dense: number;
  /** What the chain was read under, in clauses. */
  readonly assumptions: readonly string[];
}

export type ChainResult = { readonly chain: Chain } | { readonly reason: string; readonly layer?: number };

/** Layers that pass every entry on, in some order. */
const rearranged = new Set(['flatten', 'reshape', 'permute', 'squeeze', 'unsqueeze', 'reverse']);

/**
 * Input → convolutions with activations between them → dense layer: whatever follows that dense layer only has to pass a
 * gradient back, since its own weights' gradient gives its input already.
 */
export function readChain(graph: ModelGraph): ChainResult {
  if (graph.gaps.length > 0) return { reason: 'part of the model could not be followed' };
  const path = pathToInput(graph);
  if ('reason' in path) return path;
  const assumptions = new Set<string>();
  const stages: ConvStage[] = [];
  let activation: Exclude<ActivationClass, 'lossy'> = 'linear';
  let pendingReshape: Layer | undefined;
  // The path runs from the input; stages are collected until the first dense layer.
  for (const layer of path.layers) {
    const { op } = layer;
    const blocked = (reason: string): ChainResult => ({ reason: `${reason} ('${layer.name}')`, layer: layer.id });
    const untrained = weightsObstacle(layer);
    if (op.kind === 'input' || op.kind === 'identity') continue;
    if (op.kind === 'dense') {
      if (untrained) return blocked(untrained);
      if (op.inFeatures === null || sizeOf(layer.inputShapes[0]) !== op.inFeatures) {
        return blocked('the dense layer’s input is not one known vector');
      }
      const withActivation = stages.length > 0 ? setActivation(stages, activation) : stages;
      if (!op.bias) assumptions.add('the loss fixes the factor that a dense layer without a bias leaves open');
      return {
        chain: {
          unknowns: path.unknowns,
          stages: withActivation,
          features: op.inFeatures,
          dense: layer.id,
          assumptions: [...assumptions],
        },
      };
    }
    if (op.kind === 'conv') {
      if (untrained) return blocked(untrained);
      if (pendingReshape && stages.length > 0) {
        return {
          reason: `rearranging entries between convolutions is not covered ('${pendingReshape.name}')`,
          layer: pendingReshape.id,
        };
      }
      const found = layerGeometry(graph, layer, op);
      if ('reason' in found) return blocked(found.reason);
      if (stages.length > 0 && activation === 'linear') {
        return blocked('two convolutions without an activation between them are one linear map, which is not covered');
      }
      if (stages.length > 0) stages.splice(0, stages.length, ...setActivation(stages, activation));
      const own = activationClass(layer.activation);
      if (own === 'lossy') return blocked(`the activation ${layer.activation?.name} is not covered`);
      activation = own;
      pendingReshape = undefined;
      stages.push({ layer: layer.id, geometry: found.geometry, activation });
      continue;
    }
    if (op.kind === 'dropout') {
      assumptions.add('dropout is off');
      continue;
    }
    if (op.kind === 'activation') {
      const next = activationClass(op.activation);
      if (next === 'lossy') return blocked(`the activation ${op.activation.name} is not covered`);
      if (stages.length > 0) activation = composed(activation, next);
      continue;
    }
    if (op.kind === 'rearrange' && rearranged.has(op.how)) {
      pendingReshape = layer;
      continue;
    }
    if (op.kind === 'rearrange' && op.how === 'pad' && isFolded(graph, path.layers, layer)) continue;
    return blocked(obstacle(layer));
  }
  return { reason: 'the model has no dense layer, whose gradient would give the features to start from' };
}

/** Any curvature on the way makes the composition smooth; one slope change makes it piecewise linear. */
function composed(
  a: Exclude<ActivationClass, 'lossy'>,
  b: Exclude<ActivationClass, 'lossy'>,
): Exclude<ActivationClass, 'lossy'> {
  if (a === 'smooth' || b === 'smooth') return 'smooth';
  return a === 'piecewise-linear' || b === 'piecewise-linear' ? 'piecewise-linear' : 'linear';
}

function setActivation(stages: readonly ConvStage[], activation: ConvStage['activation']): ConvStage[] {
  return stages.map((stage, i) => (i === stages.length - 1 ? { ...stage, activation } : stage));
}

/** Whether the convolution behind counts this padding as its own. */
function isFolded(graph: ModelGraph, path: readonly Layer[], pad: Layer): boolean {
  let next = path[path.indexOf(pad) + 1];
  while (next?.op.kind === 'rearrange' && next.op.how === 'pad') next = path[path.indexOf(next) + 1];
  if (next?.op.kind !== 'conv') return false;
  for (let folded = zeroPadBefore(graph, next, next.op); folded; folded = zeroPadBefore(graph, folded.layer, next.op)) {
    if (folded.layer === pad) return true;
  }
  return false;
}

function pathToInput(
  graph: ModelGraph,
): { layers: readonly Layer[]; unknowns: number } | { reason: string; layer?: number } {
  if (graph.inputs.length !== 1) return { reason: `models with ${graph.inputs.length || 'no'} inputs are not covered` };
  if (graph.outputs.length !== 1)
    return { reason: `models with ${graph.outputs.length || 'no'} outputs are not covered` };
  const backwards: Layer[] = [];
  let layer = graph.layers[graph.outputs[0]!.layer];
  while (layer && layer.op.kind !== 'input') {
    backwards.push(layer);
    if (layer.inputs.length !== 1) {
      return {
        reason: `branches are not covered ('${layer.name}' has ${layer.inputs.length} inputs)`,
        layer: layer.id,
      };
    }
    layer = graph.layers[layer.inputs[0]!.layer];
  }
  if (!layer) return { reason: 'the model’s output does not depend on its input' };
  // A layer beside the path would add equations of its own.
  const beside = graph.layers.find(other => other.weights.length > 0 && !backwards.includes(other));
  if (beside)
    return { reason: `a layer beside the path to the output is not covered ('${beside.name}')`, layer: beside.id };
  const unknowns = sizeOf(layer.outputShapes[0]);
  if (unknowns === null) return { reason: 'the shape of the model’s input is not known' };
  return { layers: [layer, ...backwards.reverse()], unknowns };
}

function weightsObstacle(layer: Layer): string | undefined {
  if (!layer.trainable || layer.weights.some(weight => !weight.trainable)) return 'frozen layers are not covered';
  if (layer.sharedWith !== undefined) return 'shared weights are not covered';
  return undefined;
}

function obstacle(layer: Layer): string {
  switch (layer.op.kind) {
    case 'pool':
      return 'pooling is not covered';
    case 'norm':
      return 'normalisation is not covered';
    case 'merge':
      return 'merging branches is not covered';
    case 'unknown':
      return 'the layer is not understood';
    default:
      return `${layer.type} is not covered`;
  }
}
