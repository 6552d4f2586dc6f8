import type { Edge, Gap, Layer } from '../../model/graph.ts';
import type { CancellationToken, ReadError } from '../reader.ts';
import { MAX_RANK, type OutputValue, shapeText, weightRef } from './context.ts';
import { type BatchConvention, reconcile, recordedBatch } from './convention.ts';
import { checkedDim, plainShape, type Shape } from './dimension.ts';
import type { FoldBudget } from './fold.ts';
import type { Attribute, OnnxFunction, OnnxNode } from './model.ts';
import type { NodeOrder } from './order.ts';
import { type Batch, type ConstantValue, sampleShape, settledBatch, type Value } from './value.ts';

/**
 * What is known while a graph is walked through, node by node. Subgraphs and functions have a state of their own, which
 * shares {@link ModelState} with the others.
 */
export interface GraphState extends ModelState {
  readonly order: NodeOrder;
  readonly opsets: ReadonlyMap<string, number>;
  /** Values of this graph by their names. */
  readonly values: Map<string, Value>;
  /** The graph around a subgraph, whose values it sees. */
  readonly outer: GraphState | null;
  /** Subgraphs and functions around this graph. */
  readonly depth: number;
  /** What the names of layers inside a subgraph or function begin with. */
  readonly prefix: string;
  /** Attributes that the function is called with, for nodes that refer to them. */
  readonly arguments: ReadonlyMap<string, Attribute>;
  /** Ids of the layers that this graph's own nodes made. */
  readonly ownLayers: Set<number>;
  /** How often a value is taken, by nodes and as an output of the graph. */
  readonly uses: ReadonlyMap<string, number>;
  /** Shapes that the file states for values inside the graph. */
  readonly recorded: ReadonlyMap<string, Shape>;
}

/** What is known of the whole model. */
export interface ModelState {
  readonly convention: BatchConvention;
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  readonly layers: Layer[];
  readonly errors: Notes<ReadError>;
  readonly gaps: Notes<Gap>;
  readonly budget: FoldBudget;
  /** What may still be followed of subgraphs and functions: calls of calls multiply. */
  readonly expansion: { remaining: number };
  readonly cancel: CancellationToken;
  /** Layer names given so far, with the number of layers that wanted them. */
  readonly names: Map<string, number>;
  /** Nodes without a name so far, by operator. */
  readonly unnamed: Map<string, number>;
  readonly constantLayers: Map<ConstantValue, Edge>;
  /** An image operator got its batch on another axis than the first. */
  readonly batch: { misplaced: boolean };
}

/** The value of that name, of this graph or of one around it. */
export function lookup(state: GraphState, name: string): Value | null {
  for (let graph: GraphState | null = state; graph; graph = graph.outer) {
    const value = graph.values.get(name);
    if (value) return value;
  }
  return null;
}

/** The first to make a value makes it; a second one is an error that the order has noted. */
export function define(state: GraphState, name: string, value: Value): void {
  if (name !== '' && !state.values.has(name)) state.values.set(name, value);
}

/** Messages, of which a hostile file may cause millions: the first are kept, the rest counted. */
export interface Notes<T> {
  readonly kept: T[];
  dropped: number;
}

const MAX_NOTES = 100;
const MAX_MESSAGE_LENGTH = 500;

export function newNotes<T>(): Notes<T> {
  return { kept: [], dropped: 0 };
}

export function note<T>(notes: Notes<T>, entry: T): void {
  if (notes.kept.length < MAX_NOTES) notes.kept.push(entry);
  else notes.dropped++;
}

export function shortened(text: string): string {
  return text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)} …` : text;
}

export function noteError(state: GraphState, message: string, node?: OnnxNode): void {
  note(state.errors, { message: shortened(message), ...(node?.range ? { range: node.range } : {}) });
}

export function noteGap(state: GraphState, reason: string, node?: OnnxNode): void {
  note(state.gaps, { reason: shortened(reason), ...(node?.range ? { range: node.range } : {}) });
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Activations that the subgraphs of a node take from around it. */
export function capturedValues(state: GraphState, node: OnnxNode): readonly Value[] {
  const names = state.order.captured.get(node) ?? [];
  return names.map(name => lookup(state, name)).filter(value => value?.kind === 'activation');
}

/** The node's name as the exporter gave it, else its operator with a number. */
export function layerName(state: GraphState, node: OnnxNode): string {
  if (node.name !== '') return uniqueName(state, state.prefix + node.name);
  const wanted = state.prefix + node.opType;
  const count = state.unnamed.get(wanted) ?? 0;
  state.unnamed.set(wanted, count + 1);
  return uniqueName(state, `${wanted}_${count}`);
}

export function noteGapOnce(state: GraphState, reason: string): void {
  if (!state.gaps.kept.some(gap => gap.reason === reason)) noteGap(state, reason);
}

/** The name itself, or with a number where another layer has it already. */
export function uniqueName(state: GraphState, wanted: string): string {
  const taken = state.names.get(wanted) ?? 0;
  state.names.set(wanted, taken + 1);
  if (taken === 0) return wanted;
  return uniqueName(state, `${wanted}_${taken + 1}`);
}

/** A layer as the rest of Leaklint knows it: expressions in its shapes become unknown lengths. */
export type NewLayer = Omit<Layer, 'id' | 'trainable' | 'inputShapes' | 'outputShapes'> & {
  readonly inputShapes: readonly Shape[];
  readonly outputShapes: readonly Shape[];
};

export function addLayer(state: GraphState, layer: NewLayer): Layer {
  const added = {
    ...layer,
    id: state.layers.length,
    trainable: true,
    inputShapes: layer.inputShapes.map(plainShape),
    outputShapes: layer.outputShapes.map(plainShape),
  };
  state.layers.push(added);
  return added;
}

/** Shape and batch axis of a node's output, from its rule and from what the file records. */
export function settledOutput(
  state: GraphState,
  node: OnnxNode,
  index: number,
  output: OutputValue | undefined,
): OutputValue {
  const name = node.outputs[index] ?? '';
  const { batch: size } = state.convention;
  const tooLong = output?.shape && output.shape.length > MAX_RANK;
  if (tooLong)
    noteError(state, `Value '${name}' would have ${output.shape?.length} axes; at most ${MAX_RANK} are read.`);
  const inferred = tooLong ? null : (output?.shape?.map(checkedDim) ?? null);
  const recorded = state.recorded.get(name) ?? null;
  const { shape, agrees } = reconcile(inferred, recorded);
  if (!agrees) {
    noteGap(
      state,
      `The file records shape ${shapeText(recorded)} for '${name}', but ${node.opType} gives ${shapeText(inferred)}, which is used.`,
      node,
    );
  }
  const batch: Batch = inferred === null ? recordedBatch(shape, state.convention) : (output?.batch ?? 'lost');
  return { shape, batch: settledBatch(shape, batch, size) };
}

/** The edge of a value. A constant becomes a layer where it meets activations, as a class token does in a Concat. */
export function edgeOf(state: GraphState, value: Value, batch: Batch): { readonly edge: Edge; readonly shape: Shape } {
  const { batch: size } = state.convention;
  if (value.kind === 'activation') return { edge: value.edge, shape: sampleShape(value.shape, value.batch, size) };
  const shape = sampleShape(value.shape, typeof batch === 'number' ? batch : 'none', size);
  let edge = state.constantLayers.get(value);
  if (edge === undefined) {
    edge = { layer: addConstantLayer(state, value, shape).id, output: 0 };
    state.constantLayers.set(value, edge);
  }
  return { edge, shape };
}

function addConstantLayer(state: GraphState, value: ConstantValue, shape: Shape): Layer {
  return addLayer(state, {
    name: uniqueName(state, state.prefix + value.name),
    type: 'Constant',
    op: { kind: 'constant' },
    inputs: [],
    inputShapes: [],
    outputShapes: [shape],
    weights: [weightRef(value, 'constant', value.origin?.initializer ?? false)],
  });
}
