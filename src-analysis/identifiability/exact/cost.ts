/** How long the exact rank of a model would take, before anything is unrolled. */
import { sizeOf } from '../../model/geometry.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { unknownsOf } from '../unknowns.ts';

/** Multiplications that the exact rank takes, roughly; null where a shape is not known. Some 10⁹ of them take a second or two. */
export function exactRankWork(graph: ModelGraph, batch = 1): number | null {
  const sought = unknownsOf(graph);
  if ('reason' in sought) return null;
  let products = 0;
  let rows = 0;
  let unknowns = 0;
  for (const { layer, output } of sought.edges) {
    unknowns += (sizeOf(graph.layers[layer]?.outputShapes[output]) ?? Number.POSITIVE_INFINITY) * batch;
  }
  for (const layer of graph.layers) {
    const size = sizeOf(layer.outputShapes[0]);
    if (size === null) return null;
    const fan = fanOf(layer);
    products += size * fan * batch;
    rows += gradientRows(layer, size, fan, batch);
  }
  // Forwards, backwards and the gradients with two products each; then elimination.
  return unknowns * (6 * products + rows * Math.min(rows, unknowns));
}

/** Products that one output entry takes. */
function fanOf(layer: Layer): number {
  const { op } = layer;
  switch (op.kind) {
    case 'conv':
    case 'convTranspose':
    case 'separableConv': {
      const taps = op.kernelSize.reduce<number>((product, k) => product * (k ?? 1), 1);
      return (taps * (op.inChannels ?? 1)) / (('groups' in op && op.groups) || 1);
    }
    case 'dense':
      return op.inFeatures ?? 1;
    case 'pool':
      return op.window.reduce<number>((product, k) => product * (k ?? 1), 1);
    case 'norm':
    case 'activation':
      return 4;
    case 'merge':
      // The last axis of the first factor is summed over.
      return op.merge === 'matmul' || op.merge === 'dot' ? (layer.inputShapes[0]?.at(-1) ?? 1) : layer.inputs.length;
    case 'recurrent': {
      // Every gate of every step, whether or not only the last state is passed on.
      const [steps, features] = [layer.inputShapes[0]?.[0] ?? 1, layer.inputShapes[0]?.at(-1) ?? 1];
      return 4 * ((op.units ?? 1) + features + 4) * (op.returnSequences ? 1 : steps);
    }
    default:
      return 1;
  }
}

function gradientRows(layer: Layer, size: number, fan: number, batch: number): number {
  const { op } = layer;
  if (op.kind === 'embedding') return size;
  const weights = layer.weights.reduce((sum, weight) => sum + (sizeOf(weight.shape) ?? 0), 0);
  // Of a dense layer used once, one row and one column of the gradient say everything.
  return op.kind === 'dense' && batch === 1 && size === op.units ? size + fan : weights;
}
