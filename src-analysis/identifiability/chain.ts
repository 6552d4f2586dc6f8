/** A model as the chain that the recursion walks, or the first thing in the way. */
import type { ConvGeometry } from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { Activation, ConvOp, DenseOp, Layer, ModelGraph } from '../model/graph.ts';
import { type ActivationClass, activationClass } from '../solubility/invertibility.ts';
import { layerGeometry, zeroPadBefore } from '../solubility/layer-geometry.ts';

export interface ConvStage {
  readonly layer: number;
  readonly geometry: ConvGeometry;
  /** All activations between this convolution and the next stage, taken together. */
  readonly activation: Exclude<ActivationClass, 'lossy'>;
  /** Whether a bias adds Σ_p δ[o, p] to the gradients. */
  readonly bias: boolean;
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

/** Why there is no identifiable dimension, in a clause, and the layer in the way. */
export interface ChainObstacle {
  readonly reason: string;
  readonly layer?: number;
}

export type ChainResult = { readonly chain: Chain } | ChainObstacle;

/** Layers that pass every entry on, in some order. */
const rearranged = new Set(['flatten', 'reshape', 'permute', 'squeeze', 'unsqueeze', 'reverse']);

/** What the walk from the input has seen so far. */
interface Walk {
  readonly graph: ModelGraph;
  readonly path: readonly Layer[];
  readonly unknowns: number;
  readonly stages: ConvStage[];
  /** A rearrangement since the last convolution, which a further convolution may not follow. */
  rearranging: Layer | undefined;
  readonly assumptions: Set<string>;
}

/** A clause that says why the walk cannot go past a layer; undefined where it can. */
type Obstacle = string | undefined;

/**
 * Input → convolutions with activations between them → dense layer: whatever follows that dense layer only has to pass a
 * gradient back, since its own weights' gradient gives its input already.
 */
export function readChain(graph: ModelGraph): ChainResult {
  if (graph.gaps.length > 0) return { reason: 'part of the model could not be followed' };
  const found = pathToInput(graph);
  if ('reason' in found) return found;
  const { path, unknowns } = found;
  const walk: Walk = { graph, path, unknowns, stages: [], rearranging: undefined, assumptions: new Set() };
  for (const layer of path) {
    const obstacle = layer.op.kind === 'dense' ? denseObstacle(layer, layer.op) : step(walk, layer);
    if (obstacle) return { reason: `${obstacle} ('${layer.name}')`, layer: layer.id };
    if (layer.op.kind === 'dense') return { chain: chainEndingAt(walk, layer, layer.op) };
  }
  return { reason: 'the model has no dense layer, whose gradient would give the features to start from' };
}

function chainEndingAt({ stages, unknowns, assumptions }: Walk, layer: Layer, op: DenseOp): Chain {
  if (!op.bias) assumptions.add('the loss fixes the factor that a dense layer without a bias leaves open');
  return { unknowns, stages, features: op.inFeatures ?? 0, dense: layer.id, assumptions: [...assumptions] };
}

function denseObstacle(layer: Layer, op: DenseOp): Obstacle {
  const oneVector = op.inFeatures !== null && sizeOf(layer.inputShapes[0]) === op.inFeatures;
  return weightsObstacle(layer) ?? (oneVector ? undefined : 'the input of the dense layer is not one known vector');
}

/** Takes in a layer before the first dense one. */
function step(walk: Walk, layer: Layer): Obstacle {
  const { op } = layer;
  switch (op.kind) {
    case 'input':
    case 'identity':
      return undefined;
    case 'dropout':
      walk.assumptions.add('dropout is off');
      return undefined;
    case 'activation':
      return activate(walk, op.activation);
    case 'conv':
      return convolve(walk, layer, op);
    case 'rearrange':
      if (rearranged.has(op.how)) walk.rearranging = layer;
      else if (op.how !== 'pad' || !isFolded(walk, layer)) return `${layer.type} is not covered`;
      return undefined;
    case 'pool':
      return 'pooling is not covered';
    case 'norm':
      return 'normalisation is not covered';
    case 'unknown':
      return 'the layer is not understood';
    default:
      return `${layer.type} is not covered`;
  }
}

function convolve(walk: Walk, layer: Layer, op: ConvOp): Obstacle {
  const last = walk.stages.at(-1);
  const untrained = weightsObstacle(layer);
  if (untrained) return untrained;
  if (last && walk.rearranging)
    return `rearranging entries between convolutions (${walk.rearranging.name}) is not covered`;
  if (last?.activation === 'linear') {
    return 'two convolutions without an activation between them are one linear map, which is not covered';
  }
  const found = layerGeometry(walk.graph, layer, op);
  if ('reason' in found) return found.reason;
  walk.rearranging = undefined;
  walk.stages.push({ layer: layer.id, geometry: found.geometry, activation: 'linear', bias: op.bias });
  return activate(walk, layer.activation);
}

/** Composes an activation with those since the last convolution; on the input itself it changes no rank. */
function activate({ stages }: Walk, activation: Activation | undefined): Obstacle {
  const kind = activationClass(activation);
  if (kind === 'lossy') return `the activation ${activation?.name} is not covered`;
  const last = stages.pop();
  if (last) stages.push({ ...last, activation: composed(last.activation, kind) });
  return undefined;
}

/** Any curvature on the way makes the composition smooth; one slope change makes it piecewise linear. */
function composed(
  a: Exclude<ActivationClass, 'lossy'>,
  b: Exclude<ActivationClass, 'lossy'>,
): Exclude<ActivationClass, 'lossy'> {
  if (a === 'smooth' || b === 'smooth') return 'smooth';
  return a === 'piecewise-linear' || b === 'piecewise-linear' ? 'piecewise-linear' : 'linear';
}

/** Whether the convolution behind counts this padding as its own. */
function isFolded({ graph, path }: Walk, pad: Layer): boolean {
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
): { path: readonly Layer[]; unknowns: number } | { reason: string; layer?: number } {
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
  return { path: [layer, ...backwards.reverse()], unknowns };
}

function weightsObstacle(layer: Layer): string | undefined {
  if (!layer.trainable || layer.weights.some(weight => !weight.trainable)) return 'frozen layers are not covered';
  if (layer.sharedWith !== undefined) return 'shared weights are not covered';
  return undefined;
}
