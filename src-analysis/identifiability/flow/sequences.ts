/**
 * Softmax, slopes that are learned, tokens, recurrent layers and attention in the flow network. Every capacity is an upper bound by counting; that no
 * more is lost is verified less than for convolutions, so r is an estimate wherever one of these stands.
 */

import { sizeOf } from '../../model/geometry.ts';
import type { Activation, Layer, Op, RecurrentOp } from '../../model/graph.ts';
import { factsOfProduct } from './factors.ts';
import { slacks } from './slack.ts';
import {
  addNode,
  addSharedTap,
  addTap,
  type FlowState,
  freeDimensions,
  inputOf,
  isObserved,
  isShared,
  join,
  sharedKey,
  type Tensor,
} from './state.ts';
import { denseMaps } from './weighted.ts';
import { addWeighted } from './weighted-layer.ts';

export function isSoftmax({ name }: Activation): boolean {
  return name === 'softmax' || name === 'logSoftmax';
}

/** A softmax forgets a common offset of the entries that it normalises: the node in front of it holds one dimension less. */
export function beforeSoftmax(s: FlowState, layer: Layer, activation: Activation, output: Tensor): Tensor {
  s.unproven = true;
  const shape = layer.outputShapes[0]!;
  const entries = shape.at(activation.axis ?? -1) ?? 1;
  const dimensions = output.dimensions * (1 - 1 / entries);
  const before = addNode(s, dimensions, layer.id, 'weights', slacks.unproven);
  join(s, before, output);
  return before;
}

/** One to one at slopes other than 0; ∂L/∂α holds a row for every slope. */
export function addParametricRelu(s: FlowState, layer: Layer, output: Tensor, free: number): undefined {
  const edge = layer.inputs[0]!;
  s.unproven = true;
  s.patterned = true;
  s.assumptions.add('PReLU’s slopes are not 0');
  const input = inputOf(s, layer, `${edge.layer}.${edge.output}`, free);
  const slopes = isObserved(s, layer, () => true) ? (sizeOf(layer.weights[0]?.shape) ?? 0) : 0;
  const middle = addNode(s, output.dimensions, layer.id, 'weights', 0);
  // A slope that meets no negative entry has no gradient.
  const uses = slopes === 0 ? 0 : output.dimensions / slopes;
  const negative = 1 - s.options.activeShare ** uses;
  addTap(s, layer.id, middle, slopes * negative, slacks.pattern);
  join(s, middle, output);
  join(s, input, middle);
  return undefined;
}

/** The unknowns are the vectors of tokens; the table's gradient is δ there. */
export function addTokens(s: FlowState, layer: Layer, output: Tensor, free: number): string | undefined {
  if (!s.unknowns.embeddings.has(layer.id)) return `${layer.type} of computed numbers is not covered`;
  s.unproven = true;
  s.assumptions.add('the input is tokens, no two of them the same: r counts entries of their vectors, which name them');
  if (isObserved(s, layer, () => true)) addTap(s, layer.id, output, Math.min(output.dimensions, free), slacks.unproven);
  return undefined;
}

/** Kernels side by side in one, by cell. */
const gates: Readonly<Record<RecurrentOp['cell'], number>> = { simple: 1, gru: 3, lstm: 4, convLstm: 4 };

export function addRecurrent(
  s: FlowState,
  layer: Layer,
  op: RecurrentOp,
  output: Tensor,
  free: number,
): string | undefined {
  const [steps, features, ...more] = layer.inputShapes[0] ?? [];
  if (op.cell === 'convLstm' || !steps || !features || more.length > 0 || !op.units) {
    return `${layer.type} is not covered`;
  }
  s.unproven = true;
  s.assumptions.add('gates of recurrent layers are smooth');
  const size = { steps, features, units: op.units };
  return op.cell === 'simple' && !op.bidirectional && !isShared(s, layer)
    ? addSimpleCell(s, layer, size, output, free)
    : addGatedCell(s, layer, op, size, output, free);
}

interface CellSize {
  readonly steps: number;
  readonly features: number;
  readonly units: number;
}

/** W x + U h + b at every step: a dense layer on the steps, and U's gradient where states are not known. */
function addSimpleCell(
  s: FlowState,
  layer: Layer,
  { steps, features, units }: CellSize,
  output: Tensor,
  free: number,
): string | undefined {
  const positions = steps * s.options.batch;
  const states = addNode(s, positions * units, layer.id, 'weights', 0);
  join(s, states, output);
  if (isObserved(s, layer, role => role === 'recurrentKernel')) {
    addTap(s, layer.id, states, Math.min(units * units, freeDimensions(s, states) + free), slacks.unproven);
  }
  const bias = layer.weights.some(weight => weight.role === 'bias');
  const dense = { kind: 'dense', inFeatures: features, units, bias } as const;
  const maps = denseMaps(dense, units, positions, s.table);
  return addWeighted(s, layer, layer.activation, maps, states, free + freeDimensions(s, states), bias);
}

/** The gradient of a kernel is a sum over the steps; the states are what goes on. */
function addGatedCell(
  s: FlowState,
  layer: Layer,
  op: RecurrentOp,
  { features, units }: CellSize,
  output: Tensor,
  free: number,
): undefined {
  const edge = layer.inputs[0]!;
  const key = `${edge.layer}.${edge.output}`;
  const input = inputOf(s, layer, key, free + freeDimensions(s, output));
  const directions = op.bidirectional ? 2 : 1;
  const hasBias = layer.weights.some(weight => weight.role.endsWith('bias'));
  // Reset behind the product, the candidate has a second bias that does something of its own.
  const biases = hasBias ? gates[op.cell] + (op.resetAfter ? 1 : 0) : 0;
  const rows = directions * units * (gates[op.cell] * (features + units) + biases);
  const middle = addNode(s, input.dimensions, layer.id, 'weights', 0);
  const slack = slacks.unproven;
  if (isObserved(s, layer, () => true)) {
    if (isShared(s, layer)) addSharedTap(s, layer, sharedKey(layer, 'cell'), middle, { uses: rows, rows, slack });
    else addTap(s, layer.id, middle, rows, slack);
  }
  join(s, input, middle);
  join(s, middle, output);
  s.freeBehind.set(key, Math.max(s.freeBehind.get(key) ?? 0, free + freeDimensions(s, input)));
  return undefined;
}

/** Attention with the kernels of its queries, keys and values side by side in one. */
export function addAttention(
  s: FlowState,
  layer: Layer,
  op: Extract<Op, { kind: 'attention' }>,
  output: Tensor,
  free: number,
): string | undefined {
  const [steps, features] = layer.inputShapes[0] ?? [];
  const columns = layer.weights.find(weight => weight.role === 'kernel')?.shape.at(-1);
  if (!steps || !features || !columns || op.units === null) return `${layer.type} is not covered`;
  s.unproven = true;
  const positions = steps * s.options.batch;
  const projected = addNode(s, positions * columns, layer.id, 'weights', 0);
  join(s, projected, output);
  const curved = free + freeDimensions(s, projected);
  const bias = layer.weights.some(weight => weight.role === 'bias');
  const dense = { kind: 'dense', inFeatures: features, units: columns, bias } as const;
  const found = denseMaps(dense, columns, positions, s.table);
  const hasBias = bias && isObserved(s, layer, role => role === 'bias');
  const rows = attentionRows(op, features + (hasBias ? 1 : 0), features, columns, s.options.batch * (steps - 1));
  if (rows === undefined || 'reason' in found) return addWeighted(s, layer, undefined, found, projected, curved, bias);
  // The rows of the bias are counted with the layer's.
  const maps = found.maps.map(map => ({ ...map, rows: rows - (hasBias ? columns : 0) }));
  return addWeighted(s, layer, undefined, { maps }, projected, curved, bias);
}

/** Facts that the rows of all kernels and their bias hold: those of queries and keys together, and the rows of the values. */
function attentionRows(
  { heads, units }: Extract<Op, { kind: 'attention' }>,
  queryRows: number,
  keyRows: number,
  columns: number,
  rank: number,
): number | undefined {
  // Queries, keys and values of one width.
  if (!heads || !units || columns !== 3 * units || units % heads !== 0) return undefined;
  return heads * factsOfProduct({ queryRows, keyRows, depth: units / heads, sharing: 1, rank }) + queryRows * units;
}
