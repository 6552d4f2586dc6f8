/** Normalisation layers in the flow network. */
import type { Layer } from '../../model/graph.ts';
import { shapeOf } from './region.ts';
import { slacks } from './slack.ts';
import { addNode, addTap, type FlowState, freeDimensions, inputOf, isObserved, join, type Tensor } from './state.ts';

/** Stored statistics are an affine map of every channel; those of the example take away its scale, and its mean. */
export function addNormalisation(s: FlowState, layer: Layer, output: Tensor, free: number): string | undefined {
  const { op } = layer;
  if (op.kind !== 'norm' || op.norm === 'lrn') return `${layer.type} is not covered`;
  const edge = layer.inputs[0]!;
  const key = `${edge.layer}.${edge.output}`;
  const shape = shapeOf(layer, 0);
  const axes = op.axes.map(axis => (axis < 0 ? axis + shape.length : axis));
  const channels = axes.reduce((product, axis) => product * shape[axis]!, 1);
  const stored = op.norm === 'batch' && !op.batchStatistics;
  const has = (role: string) => layer.weights.some(w => w.role === role) && isObserved(s, layer, r => r === role);
  const before = s.graph.layers[edge.layer]!;
  const follows = stored && isAffineBefore(s, before);
  const gamma = has('gamma') ? channels : 0;
  const beta = has('beta') && !(follows && hasObservedBias(s, before)) ? channels : 0;
  let curved = free;
  if (op.norm === 'batch')
    s.assumptions.add(`batch normalisation by ${stored ? 'stored' : 'the batch’s own'} statistics`);
  if (!stored) {
    curved += freeDimensions(s, output);
    s.unproven = true;
    s.assumptions.add('the scale that normalisation takes away is lost');
  }
  const input = inputOf(s, layer, key, curved);
  const slack = stored ? 0 : slacks.unproven;
  const dimensions = stored ? output.dimensions : normalisedDimensions(s, layer, output);
  const middle = addNode(s, dimensions, layer.id, 'weights', slack);
  const conserved = gamma > 0 ? s.conservation.of(layer, layer.activation, channels).relations : 0;
  const tap = Math.max(0, Math.min(gamma + beta, gamma + curved) - conserved);
  addTap(s, layer.id, middle, tap, slack);
  join(s, middle, output);
  join(s, input, middle);
  return undefined;
}

/** A convolution or dense layer whose scale and offset a normalisation behind it repeats. */
function isAffineBefore(s: FlowState, layer: Layer): boolean {
  const direct = (s.consumers.get(layer.id) ?? []).length === 1 && !layer.activation;
  return direct && ['conv', 'convTranspose', 'separableConv', 'dense'].includes(layer.op.kind);
}

function hasObservedBias(s: FlowState, layer: Layer): boolean {
  return 'bias' in layer.op && layer.op.bias && isObserved(s, layer, role => role === 'bias');
}

function normalisedDimensions(s: FlowState, layer: Layer, output: Tensor): number {
  const { op } = layer;
  if (op.kind !== 'norm') return output.dimensions;
  const shape = shapeOf(layer, 0);
  const axes = op.axes.map(axis => (axis < 0 ? axis + shape.length : axis));
  const along = axes.reduce((product, axis) => product * shape[axis]!, 1);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const { batch } = s.options;
  const groups =
    op.norm === 'batch'
      ? along
      : op.norm === 'layer' || op.norm === 'rms'
        ? (size / along) * batch
        : (op.norm === 'group' ? (op.groups ?? 1) : along) * batch;
  return Math.max(0, output.dimensions - (op.norm === 'rms' ? 1 : 2) * groups);
}
