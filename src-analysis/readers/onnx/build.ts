import type { Edge, ModelFormat, ModelGraph } from '../../model/graph.ts';
import type { CancellationToken, ReadError } from '../reader.ts';
import { batchConvention } from './convention.ts';
import { foldBudget } from './fold.ts';
import type { OnnxModel } from './model.ts';
import { addNodes } from './nodes.ts';
import { NEWEST_OPSET } from './operators/table.ts';
import { orderNodes } from './order.ts';
import { graphScope, MAX_EXPANSION, noteProblems } from './scope.ts';
import { markSharedWeights } from './shared-weights.ts';
import { addInitializer, addInput, addMissingValue } from './sources.ts';
import { withActivations } from './spelled-activations.ts';
import { edgeOf, type GraphState, lookup, newNotes, noteError, noteGap } from './state.ts';
import type { Value } from './value.ts';

export interface BuiltGraph {
  /** Null where the graph is cyclic. */
  readonly graph: ModelGraph | null;
  readonly errors: readonly ReadError[];
  /** Every value of the ONNX graph by its name, with all its axes. */
  readonly values: ReadonlyMap<string, Value>;
}

/**
 * An ONNX model → the layers it consists of, with inferred shapes.
 *
 * Nodes that compute with constants only (weights in another form, shape arithmetic) are evaluated and are no layers.
 * Shapes are inferred with all axes and given without the batch axis (see {@link batchConvention}). If an image
 * operator then finds its batch elsewhere than first, the graph was exported for a single unbatched example, and is
 * read again without a batch.
 */
export function buildGraph(
  read: OnnxModel,
  identity: { readonly name: string; readonly format: ModelFormat },
  cancel: CancellationToken,
): BuiltGraph {
  const model = { ...read, graph: withActivations(read.graph) };
  const order = orderNodes(model.graph);
  const state = walk(model, order, true, cancel);
  if (!state.batch.misplaced) return finish(state, model, identity);
  const unbatched = walk(model, order, false, cancel);
  return finish(unbatched.batch.misplaced ? state : unbatched, model, identity);
}

function walk(model: OnnxModel, order: GraphState['order'], batched: boolean, cancel: CancellationToken): GraphState {
  const state = newState(model, order, batched, cancel);
  for (const tensor of model.graph.initializers) addInitializer(state, tensor);
  for (const input of model.graph.inputs) addInput(state, input);
  for (const name of order.missing) addMissingValue(state, name);
  addNodes(state, model.graph.nodes);
  return state;
}

function newState(
  model: OnnxModel,
  order: GraphState['order'],
  batched: boolean,
  cancel: CancellationToken,
): GraphState {
  const { graph, opsets, functions } = model;
  const convention = batchConvention(graph, batched, opsets.get('') ?? 1);
  const state: GraphState = {
    convention,
    functions,
    layers: [],
    errors: newNotes(),
    gaps: newNotes(),
    budget: foldBudget(),
    expansion: { remaining: MAX_EXPANSION },
    cancel,
    names: new Map(),
    unnamed: new Map(),
    constantLayers: new Map(),
    batch: { misplaced: false },
    ...graphScope(graph, order, convention),
    opsets,
    outer: null,
    depth: 0,
    prefix: '',
    arguments: new Map(),
  };
  noteProblems(state);
  noteVersions(state, model);
  return state;
}

function noteVersions(state: GraphState, { opsets, graph, hasTrainingInfo }: OnnxModel): void {
  const version = opsets.get('');
  if (version === undefined && graph.nodes.some(({ domain }) => domain === '')) {
    noteGap(state, 'The file does not say which version of the ONNX operators it uses; version 1 is assumed.');
  }
  if (version !== undefined && version > NEWEST_OPSET) {
    noteGap(
      state,
      `The file uses version ${version} of the ONNX operators; they are read as of version ${NEWEST_OPSET}.`,
    );
  }
  if (hasTrainingInfo) noteGap(state, 'The file also holds a training graph, which is not read.');
}

function finish(
  state: GraphState,
  { graph }: OnnxModel,
  { name, format }: { readonly name: string; readonly format: ModelFormat },
): BuiltGraph {
  const outputs = graph.outputs.flatMap(({ name: output }) => outputEdge(state, output));
  const errors = [...state.errors.kept];
  if (state.errors.dropped > 0) errors.push({ message: `There are ${state.errors.dropped} more errors like these.` });
  if (state.order.order === null) return { graph: null, errors, values: state.values };
  const { layers, partial } = markSharedWeights(state.layers);
  for (const reason of partial) noteGap(state, reason);
  const gaps = [...state.gaps.kept];
  if (state.gaps.dropped > 0) gaps.push({ reason: `There are ${state.gaps.dropped} more gaps like these.` });
  const inputs = layers.filter(({ op }) => op.kind === 'input').map(({ id }) => ({ layer: id, output: 0 }));
  return { graph: { name, format, layers, inputs, outputs, gaps }, errors, values: state.values };
}

function outputEdge(state: GraphState, name: string): readonly Edge[] {
  const value = lookup(state, name);
  if (value) return [edgeOf(state, value, 'none').edge];
  if (state.order.order !== null) noteError(state, `Output '${name}' of the graph is made by nothing in it.`);
  return [];
}
