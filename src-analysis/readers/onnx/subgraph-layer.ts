import { batchOf, type NodeContext, type OutputValue } from './context.ts';
import { addLayer, define, edgeOf, type GraphState, settledOutput } from './state.ts';
import { sampleShape, type Value } from './value.ts';

/**
 * The layer of a node with subgraphs, after the layers inside them: it takes what they make and gives the node's
 * outputs, in a way that is not covered.
 */
export function addSubgraphLayer(
  state: GraphState,
  context: NodeContext,
  name: string,
  reason: string,
  results: readonly OutputValue[],
  taken: readonly (Value | null)[],
): void {
  const { node } = context;
  const outputs = node.outputs.map((_, index) => settledOutput(state, node, index, results[index]));
  const batch = outputs[0]?.batch ?? 'none';
  const distinct = new Set(taken.filter(value => value?.kind === 'activation'));
  const edges = [...distinct].map(value => edgeOf(state, value, batch));
  const layer = addLayer(state, {
    name,
    type: node.opType,
    op: { kind: 'unknown', reason },
    inputs: edges.map(({ edge }) => edge),
    inputShapes: edges.map(({ shape }) => shape),
    outputShapes: outputs.map(output => sampleShape(output.shape, output.batch, state.convention.batch)),
    // What it computes with is listed with the layers inside.
    weights: [],
    ...(node.range ? { range: node.range } : {}),
    ...(node.fullRange ? { fullRange: node.fullRange } : {}),
  });
  for (const [output, value] of outputs.entries()) {
    define(state, node.outputs[output] ?? '', { kind: 'activation', edge: { layer: layer.id, output }, ...value });
  }
}

/** What is known of a value that is one of two. */
export function eitherOf(a: Value | null, b: Value | null): OutputValue {
  if (!a?.shape || !b?.shape || a.shape.length !== b.shape.length) return { shape: null, batch: 'lost' };
  const other = b.shape;
  const shape = a.shape.map((dim, axis) => (dim === other[axis] ? dim : null));
  const [first, second] = [batchOf(a), batchOf(b)];
  if (first === second || second === 'none') return { shape, batch: first };
  return { shape, batch: first === 'none' ? second : 'lost' };
}
