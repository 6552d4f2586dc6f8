/** Whether a graph keeps the contract of the model vocabulary, as far as the identifiable dimension rests on it. */
import type { Dim, Layer, ModelGraph, Op } from '../model/graph.ts';

export interface ContractProblem {
  /** A clause. */
  readonly reason: string;
  readonly layer: number;
}

/** The first thing in a graph that no reader should make: a dangling edge, a size that is none, axes that are not there. */
export function contractProblem(graph: ModelGraph): ContractProblem | undefined {
  const { layers } = graph;
  const has = ({ layer, output }: { layer: number; output: number }) =>
    layers[layer]?.outputShapes[output] !== undefined;
  const dangling = [...graph.inputs, ...graph.outputs].find(edge => !has(edge));
  if (dangling) return { reason: 'an input or output of the model is no tensor of it', layer: dangling.layer };
  for (const [id, layer] of layers.entries()) {
    const isInOrder = layer.id === id && layer.inputs.every(edge => edge.layer < id && has(edge));
    const problem = isInOrder ? problemOf(layer) : 'its place among the layers does not fit';
    if (problem) return { reason: `${problem} ('${layer.name}')`, layer: id };
    const first = layer.sharedWith === undefined ? layer : layers[layer.sharedWith];
    if (first === undefined || first.op.kind !== layer.op.kind) {
      return { reason: `the layer it shares its weights with is another one ('${layer.name}')`, layer: id };
    }
  }
  return undefined;
}

function problemOf(layer: Layer): string | undefined {
  const shapes = [...layer.outputShapes, ...layer.inputShapes].filter(shape => shape !== null);
  if (!shapes.flat().every(isSize)) return 'a size is no whole number';
  if (layer.inputShapes.length < layer.inputs.length) return 'the shape of an input is missing';
  if (!layer.weights.every(weight => weight.shape.every(isSize))) return 'a size of its weights is no whole number';
  return isConsistent(layer) ? undefined : 'its hyper-parameters do not fit together';
}

function isSize(dim: Dim): boolean {
  return dim === null || (Number.isSafeInteger(dim) && dim >= 0);
}

function isCount(dim: Dim | undefined): boolean {
  return dim === null || (dim !== undefined && Number.isSafeInteger(dim) && dim > 0);
}

function isConsistent(layer: Layer): boolean {
  const { op } = layer;
  const rank = layer.outputShapes[0]?.length ?? Number.POSITIVE_INFINITY;
  const isAxis = (axis: Dim | undefined) =>
    axis === undefined || axis === null || (Number.isInteger(axis) && axis >= -rank && axis < rank);
  switch (op.kind) {
    case 'conv':
    case 'convTranspose':
    case 'separableConv':
      return (
        [op.inChannels, op.filters].every(isCount) &&
        isCount('groups' in op ? op.groups : op.depthMultiplier) &&
        isWindow(op, op.kernelSize) &&
        hasWholeGroups(op)
      );
    case 'pool':
      return op.global || isWindow(op, op.window);
    case 'dense':
      return [op.inFeatures, op.units].every(isCount);
    case 'recurrent':
    case 'embedding':
      return isCount(op.units);
    case 'norm':
      return op.axes.every(isAxis) && isCount(op.groups ?? 1);
    case 'activation':
      return isAxis(op.activation.axis);
    case 'merge':
      return op.merge !== 'concat' || isAxis(op.axis);
    case 'reduce': {
      const before = layer.inputShapes[0]?.length ?? Number.POSITIVE_INFINITY;
      return op.axes.every(axis => Number.isInteger(axis) && axis >= -before && axis < before);
    }
    case 'rearrange':
      return isRearrangement(layer, op);
    default:
      return true;
  }
}

interface Windowed {
  readonly spatialRank: number;
  readonly strides: readonly Dim[];
  readonly dilations: readonly Dim[];
  readonly padding: { readonly mode: string; readonly before?: readonly number[]; readonly after?: readonly number[] };
}

/** Sizes of one window an axis; paddings are whole numbers. */
function isWindow({ spatialRank, strides, dilations, padding }: Windowed, kernel: readonly Dim[]): boolean {
  const lists = [kernel, strides, dilations];
  const paddings = [...(padding.before ?? []), ...(padding.after ?? [])];
  return (
    lists.every(list => list.length === spatialRank && list.every(isCount)) && paddings.every(Number.isSafeInteger)
  );
}

function hasWholeGroups(op: Extract<Op, { kind: 'conv' | 'convTranspose' | 'separableConv' }>): boolean {
  if (!('groups' in op) || op.groups === null) return true;
  return [op.inChannels, op.filters].every(count => count === null || count % op.groups! === 0);
}

function isRearrangement(layer: Layer, op: Extract<Op, { kind: 'rearrange' }>): boolean {
  const rank = layer.inputShapes[0]?.length;
  if (rank === undefined) return true;
  const { permutation, axis, before, after, steps } = op;
  const sizes = [...(before ?? []), ...(after ?? []), ...(steps ?? [])];
  const isPermutation =
    permutation === undefined || permutation.every(axis => Number.isInteger(axis) && axis >= 0 && axis < rank);
  const isAxis = axis === undefined || (Number.isInteger(axis) && axis >= -rank - 1 && axis <= rank);
  return isPermutation && isAxis && sizes.every(size => size === null || Number.isSafeInteger(size));
}
