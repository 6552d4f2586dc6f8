/** How long the exact rank of a model would take, before anything is unrolled. */
import { sizeOf } from '../../model/geometry.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { unknownsOf } from '../unknowns.ts';

/** Most multiplications of one draw that a host's worker is asked for: some seconds. */
const mostWork = 3e9;
/** Most memory for the derivatives of all entries, bytes. */
const mostBytes = 3e8;

/** Whether the exact rank takes at most so many multiplications. */
export function isWithin(graph: ModelGraph, batch: number | undefined, work: number): boolean {
  return (exactRankWork(graph, batch) ?? Number.POSITIVE_INFINITY) <= work;
}

/** Whether the exact rank of one example is worth a worker's time. */
export function isEliminable(graph: ModelGraph): boolean {
  const counts = exactRankCounts(graph, 1);
  // Values and ∂L/∂value of every entry, 4 bytes for each derivative.
  return counts !== null && workOf(counts) <= mostWork && 8 * counts.entries * counts.unknowns <= mostBytes;
}

/** Multiplications that the exact rank takes, roughly; null where a shape is not known. Some 10⁹ of them take a few seconds. */
export function exactRankWork(graph: ModelGraph, batch = 1): number | null {
  const counts = exactRankCounts(graph, batch);
  return counts && workOf(counts);
}

interface Counts {
  readonly unknowns: number;
  /** Entries of all tensors, over all examples. */
  readonly entries: number;
  /** Products on the way forwards. */
  readonly products: number;
  readonly rows: number;
}

/** Forwards, backwards and the gradients with two products each; then elimination. */
function workOf({ unknowns, products, rows }: Counts): number {
  return unknowns * (6 * products + rows * Math.min(rows, unknowns));
}

function exactRankCounts(graph: ModelGraph, batch: number): Counts | null {
  const sought = unknownsOf(graph);
  if ('reason' in sought) return null;
  let [unknowns, entries, products, rows] = [0, 0, 0, 0];
  for (const { layer, output } of sought.edges) {
    unknowns += (sizeOf(graph.layers[layer]?.outputShapes[output]) ?? Number.POSITIVE_INFINITY) * batch;
  }
  for (const layer of graph.layers) {
    const size = sizeOf(layer.outputShapes[0]);
    if (size === null) return null;
    const fan = fanOf(layer);
    entries += size * batch * (layer.op.kind === 'recurrent' ? fan : layer.activation ? 2 : 1);
    products += size * fan * batch;
    rows += gradientRows(layer, size, fan, batch);
  }
  return { unknowns, entries, products, rows };
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
