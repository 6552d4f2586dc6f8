import type { Edge, ModelFormat, ModelGraph, WeightRef } from '../../model/graph.ts';
import { type CancellationToken, type ReadError, throwIfCancelled } from '../reader.ts';
import { constantNodeValue, foldedValues } from './constants.ts';
import {
  constantInputs,
  MAX_RANK,
  type NodeContext,
  NodeError,
  notCovered,
  type Operator,
  type Outcome,
} from './context.ts';
import { batchConvention, recordedShape } from './convention.ts';
import type { Shape } from './dimension.ts';
import { foldBudget } from './fold.ts';
import { mergedBias } from './merge-bias.ts';
import { functionKey, type OnnxGraph, type OnnxModel, type OnnxNode } from './model.ts';
import { NEWEST_OPSET, operators } from './operators/table.ts';
import { describe, orderNodes } from './order.ts';
import { markSharedWeights } from './shared-weights.ts';
import { addInitializer, addInput, addMissingValue } from './sources.ts';
import {
  addLayer,
  edgeOf,
  type GraphState,
  newNotes,
  note,
  noteError,
  noteGap,
  settledOutput,
  shortened,
  uniqueName,
} from './state.ts';
import { sampleShape, type Value } from './value.ts';

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
  model: OnnxModel,
  identity: { readonly name: string; readonly format: ModelFormat },
  cancel: CancellationToken,
): BuiltGraph {
  const order = orderNodes(model.graph);
  const state = walk(model, order, true, cancel);
  if (!state.batchMisplaced) return finish(state, model, identity);
  const unbatched = walk(model, order, false, cancel);
  return finish(unbatched.batchMisplaced ? state : unbatched, model, identity);
}

function walk(model: OnnxModel, order: GraphState['order'], batched: boolean, cancel: CancellationToken): GraphState {
  const state = newState(model, order, batched);
  for (const tensor of model.graph.initializers) addInitializer(state, tensor);
  for (const input of model.graph.inputs) addInput(state, input);
  for (const name of order.missing) addMissingValue(state, name);
  for (const index of order.order ?? []) {
    throwIfCancelled(cancel);
    addNode(state, model.graph.nodes[index]!);
  }
  return state;
}

function newState(model: OnnxModel, order: GraphState['order'], batched: boolean): GraphState {
  const { graph, opsets, functions } = model;
  const convention = batchConvention(graph, batched);
  const recorded = new Map<string, Shape>();
  for (const { name, shape } of graph.valueInfo) recorded.set(name, recordedShape(shape, convention));
  for (const { name, shape } of graph.outputs) recorded.set(name, recordedShape(shape, convention));
  const state: GraphState = {
    convention,
    order,
    opsets,
    functions,
    layers: [],
    values: new Map(),
    uses: countUses(graph, order.captured),
    recorded,
    errors: newNotes(),
    gaps: newNotes(),
    budget: foldBudget(),
    names: new Map(),
    unnamed: new Map(),
    constantLayers: new Map(),
    batchMisplaced: false,
  };
  for (const problem of order.problems) note(state.errors, { ...problem, message: shortened(problem.message) });
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

function countUses(graph: OnnxGraph, captured: GraphState['order']['captured']): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const count = (name: string) => uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const names of captured.values()) names.forEach(count);
  for (const { name } of graph.outputs) count(name);
  return uses;
}

function addNode(state: GraphState, node: OnnxNode): void {
  const inputs = node.inputs.map(name => (name === '' ? null : (state.values.get(name) ?? null)));
  const operator = node.domain === '' ? operators.get(node.opType) : undefined;
  const context: NodeContext = {
    node,
    opset: state.opsets.get(node.domain) ?? 1,
    inputs,
    batch: state.convention.batch,
    gap: reason => noteGap(state, `${capitalised(describe(node))}: ${reason}`, node),
    batchMisplaced: () => {
      state.batchMisplaced = true;
    },
  };
  if (isConstant(node, inputs)) {
    defineConstants(state, context, operator);
    return;
  }
  const biased = mergedBias(state, node, context);
  if (biased) define(state, node.outputs[0] ?? '', biased);
  else addNodeLayer(state, context, operator);
}

/** The node gives the same for every input of the model. */
function isConstant(node: OnnxNode, inputs: readonly (Value | null)[]): boolean {
  if (node.domain === '' && (node.opType === 'Constant' || node.opType === 'Shape' || node.opType === 'Size'))
    return true;
  const given = inputs.filter(value => value !== null);
  if (given.length === 0 || given.some(value => value.kind === 'activation')) return false;
  // A subgraph may take activations from around it; random numbers are no constants.
  const attributes = [...node.attributes.values()];
  return !attributes.some(({ type }) => type === 'graphs') && !/^(Random|Multinomial|Bernoulli)/.test(node.opType);
}

function defineConstants(state: GraphState, context: NodeContext, operator: Operator | undefined): void {
  const { node } = context;
  const problem = (sentence: string) => noteError(state, nodeError(node, sentence), node);
  // What a rule notes about layers does not concern constants.
  const silent: NodeContext = { ...context, gap: () => undefined, batchMisplaced: () => undefined };
  const values =
    node.domain === '' && node.opType === 'Constant'
      ? [constantNodeValue(silent, problem)]
      : foldedValues(silent, operator, state.budget, problem);
  for (const value of values) {
    const shape = value.shape ?? state.recorded.get(value.name) ?? null;
    define(state, value.name, { ...value, shape: shape && shape.length > MAX_RANK ? null : shape });
  }
}

/** The first to make a value makes it; a second one is an error that the order has noted. */
function define(state: GraphState, name: string, value: Value): void {
  if (name !== '' && !state.values.has(name)) state.values.set(name, value);
}

function addNodeLayer(state: GraphState, context: NodeContext, operator: Operator | undefined): void {
  const { node } = context;
  const outcome = inferred(state, context, operator);
  const outputs = node.outputs.map((_, index) => settledOutput(state, node, index, outcome.outputs[index]));
  const batch = outputs[0]?.batch ?? 'none';
  const taken = outcome.edges ?? context.inputs.filter(value => value?.kind === 'activation');
  const edges = [...taken, ...capturedValues(state, node)].map(value => edgeOf(state, value, batch));
  const layer = addLayer(state, {
    name: layerName(state, node),
    type: node.opType,
    op: outcome.op,
    inputs: edges.map(({ edge }) => edge),
    inputShapes: edges.map(({ shape }) => shape),
    outputShapes: outputs.map(output => sampleShape(output.shape, output.batch, state.convention.batch)),
    weights: outcome.weights ?? [],
    ...(node.range ? { range: node.range } : {}),
    ...(node.fullRange ? { fullRange: node.fullRange } : {}),
  });
  for (const [output, value] of outputs.entries()) {
    define(state, node.outputs[output] ?? '', { kind: 'activation', edge: { layer: layer.id, output }, ...value });
  }
}

/** What the operator's rule says; a contradiction in the file is an error, and the layer is unknown. */
function inferred(state: GraphState, context: NodeContext, operator: Operator | undefined): Outcome {
  const { node } = context;
  if (!operator) return notCovered(unknownOperatorReason(state, node), [], constantInputs(context));
  try {
    const outcome = operator.infer(context);
    const strange = [...node.attributes.keys()].find(name => !operator.attributes?.includes(name));
    if (strange === undefined) return outcome;
    return notCovered(
      `Its attribute '${strange}' is not known for ${node.opType}.`,
      outcome.outputs,
      weightsOf(outcome),
    );
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    noteError(state, nodeError(node, error.message), node);
    return notCovered(shortened(`The file contradicts itself: ${error.message}.`), [], constantInputs(context));
  }
}

function weightsOf({ weights }: Outcome): readonly WeightRef[] {
  return weights ?? [];
}

function unknownOperatorReason({ functions }: GraphState, { domain, opType }: OnnxNode): string {
  if (functions.has(functionKey(domain, opType))) {
    return `${opType} is a function defined inside the model; functions are not expanded.`;
  }
  if (domain !== '') return `${opType} is an operator of '${domain}', not of ONNX itself.`;
  if (opType === 'If' || opType === 'Loop' || opType === 'Scan') {
    return `${opType} computes with subgraphs, which are not followed.`;
  }
  return opType === '' ? 'The node names no operator.' : `The operator ${opType} is not covered.`;
}

function capturedValues(state: GraphState, node: OnnxNode): readonly Value[] {
  const names = state.order.captured.get(node) ?? [];
  return names.map(name => state.values.get(name)).filter(value => value?.kind === 'activation');
}

/** The node's name as the exporter gave it, else its operator with a number. */
function layerName(state: GraphState, node: OnnxNode): string {
  if (node.name !== '') return uniqueName(state, node.name);
  const count = state.unnamed.get(node.opType) ?? 0;
  state.unnamed.set(node.opType, count + 1);
  return uniqueName(state, `${node.opType}_${count}`);
}

function nodeError(node: OnnxNode, sentence: string): string {
  return `${capitalised(describe(node))}: ${sentence}. The model contradicts itself here: export it again or check it with onnx.checker.`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
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
  const value = state.values.get(name);
  if (value) return [edgeOf(state, value, 'none').edge];
  if (state.order.order !== null) noteError(state, `Output '${name}' of the graph is made by nothing in it.`);
  return [];
}
