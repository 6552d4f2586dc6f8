/**
 * The law of the identifiable dimension for a whole model: facts about the input flow through the layers, and every observed
 * gradient taps some of them off. r is the largest flow from the input to the taps.
 *
 * Why a flow: cut the model anywhere, so that every edge goes from the front part S to the back. The gradients behind the cut
 * depend on the input through the tensors at the cut alone, so r ≤ (dimensions of the tensors at the cut) + (gradient rows of
 * the layers in S). The smallest such bound is the smallest cut of the network, which is its largest flow.
 */
import { sizeOf } from '../../model/geometry.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { type CancellationToken, throwIfCancelled } from '../../readers/reader.ts';
import type { RankTable } from '../../solubility/layer-analysis.ts';
import { unknownsOf } from '../unknowns.ts';
import { addLayer } from './layers.ts';
import { entriesOf, shapeOf } from './region.ts';
import { contract, expand, type FlowOptions, type FlowState, newState, tensorOf } from './state.ts';

export interface ModelFlow {
  readonly state: FlowState;
  /** Entries of the input, over all examples. */
  readonly unknowns: number;
}

export interface FlowObstacle {
  readonly reason: string;
  readonly layer?: number;
}

/** A network is asked for its flow at every layer; deeper models than any in use would take seconds. */
const mostLayers = 1500;

/** The network of a model, from the output to the input, or the first thing in the way. Throws `Cancelled` when asked to. */
export function modelFlow(
  graph: ModelGraph,
  table: RankTable,
  cancel: CancellationToken,
  options: FlowOptions,
): ModelFlow | FlowObstacle {
  const obstacle = firstObstacle(graph);
  if (obstacle) return obstacle;
  const unknowns = unknownsOf(graph);
  if ('reason' in unknowns) return unknowns;
  const state = newState(graph, unknowns, table, options);
  noteGaps(state);
  const { end } = state;
  const logits = `${end.layer.id}.${end.output}`;
  const outputs = entriesOf(state.regions.get(logits)!) * options.batch;
  const last = shapeOf(end.layer, end.output).at(end.axis) ?? 1;
  tensorOf(state, logits);
  state.open.add(logits);
  state.freeBehind.set(logits, end.softmax ? outputs - outputs / last : outputs);
  for (const layer of graph.layers.toReversed()) {
    const isReached = layer.outputShapes.some((_, part) => state.tensors.has(`${layer.id}.${part}`));
    if (!isReached || end.skipped.has(layer.id)) continue;
    throwIfCancelled(cancel);
    const reason = addLayer(state, layer);
    contract(state);
    if (reason) return { reason: `${reason} ('${layer.name}')`, layer: layer.id };
  }
  const sought = unknowns.edges.map(({ layer, output }) => ({
    size: sizeOf(graph.layers[layer]!.outputShapes[output])! * options.batch,
    tensor: state.tensors.get(`${layer}.${output}`),
  }));
  if (sought.every(({ tensor }) => !tensor)) return { reason: 'the model’s output does not depend on its input' };
  if (sought.length > 1) state.assumptions.add(`all ${sought.length} inputs are unknown to the observer`);
  expand(state);
  for (const { tensor, size } of sought) if (tensor) state.network.addEdge(state.source, tensor.node.in, size);
  return { state, unknowns: sought.reduce((sum, { size }) => sum + size, 0) };
}

function noteGaps({ graph: { gaps }, assumptions }: FlowState): void {
  const [first, ...more] = gaps;
  if (!first) return;
  const others = more.length > 0 ? ` (and ${more.length} more like this)` : '';
  assumptions.add(`read in part: ${first.reason.replace(/\.$/, '')}${others}`);
}

function firstObstacle(graph: ModelGraph): FlowObstacle | undefined {
  if (graph.layers.length > mostLayers) return { reason: `models of more than ${mostLayers} layers are not covered` };
  // A file lists all of a model's layers; of code, a part that was not followed may hold more of them.
  if (graph.gaps.length > 0 && graph.format === 'tfjs-code')
    return { reason: 'part of the model could not be followed' };
  if (graph.outputs.length !== 1)
    return { reason: `models with ${graph.outputs.length || 'no'} outputs are not covered` };
  const [{ layer, output }] = graph.outputs as readonly [ModelGraph['outputs'][number]];
  if (!graph.layers[layer]?.outputShapes[output]) return { reason: 'the model’s output is not known' };
  const open = graph.layers.find(layer => layer.outputShapes.some(shape => (sizeOf(shape) ?? 0) < 1));
  if (open) return { reason: `the shape of '${open.name}' is not known`, layer: open.id };
  const odd = graph.layers.find(layer => !fits(graph, layer));
  return odd && { reason: `the shapes around '${odd.name}' do not fit together`, layer: odd.id };
}

/** Inputs are there, and maps have as many axes as their windows. */
function fits(graph: ModelGraph, { op, inputs, outputShapes }: Layer): boolean {
  const shapes = inputs.map(edge => graph.layers[edge.layer]?.outputShapes[edge.output]);
  if (shapes.includes(undefined) || (op.kind !== 'input' && op.kind !== 'constant' && shapes.length === 0))
    return false;
  if (!('spatialRank' in op) || ('global' in op && op.global)) return true;
  return [shapes[0], outputShapes[0]].every(shape => shape?.length === op.spatialRank + 1);
}
