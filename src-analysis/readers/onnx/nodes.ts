import type { WeightRef } from '../../model/graph.ts';
import { throwIfCancelled } from '../reader.ts';
import { composedNodes } from './composed/composed.ts';
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
import { fittedToSamples } from './fitted-axes.ts';
import { addFunctionCall, withArguments } from './functions.ts';
import { mergedBias } from './merge-bias.ts';
import { functionKey, type OnnxNode } from './model.ts';
import { operatorOf } from './operators/table.ts';
import { describe } from './order.ts';
import {
  addLayer,
  capitalised,
  capturedValues,
  define,
  edgeOf,
  type GraphState,
  layerName,
  lookup,
  noteError,
  noteGap,
  noteGapOnce,
  settledOutput,
  shortened,
} from './state.ts';
import { addControlFlow, controlFlow } from './subgraphs.ts';
import { sampleShape, type Value } from './value.ts';

/** Takes in a graph's nodes, in an order of computation. */
export function addNodes(state: GraphState, nodes: readonly OnnxNode[]): void {
  for (const index of state.order.order ?? []) {
    throwIfCancelled(state.cancel);
    addNode(state, withArguments(nodes[index]!, state.arguments));
  }
}

function addNode(state: GraphState, node: OnnxNode): void {
  const inputs = node.inputs.map(name => (name === '' ? null : lookup(state, name)));
  const operator = operatorOf(node.domain, node.opType);
  const context: NodeContext = {
    node,
    opset: state.opsets.get(node.domain) ?? 1,
    inputs,
    batch: state.convention.batch,
    gap: reason => noteGap(state, `${capitalised(describe(node))}: ${reason}`, node),
    modelGap: reason => noteGapOnce(state, reason),
    batchMisplaced: () => {
      state.batch.misplaced = true;
    },
  };
  if (operator === undefined && followed(state, context)) return;
  if (isConstant(node, inputs)) {
    defineConstants(state, context, operator);
    return;
  }
  const parts = composed(context);
  if (parts) {
    for (const part of parts) addNode(state, part);
    return;
  }
  const biased = mergedBias(state, node, context);
  if (biased) define(state, node.outputs[0] ?? '', biased);
  else addNodeLayer(state, context, operator);
}

/** The nodes that a fused operator stands for. */
function composed(context: NodeContext): readonly OnnxNode[] | null {
  try {
    return composedNodes(context);
  } catch (error) {
    // Its rule says what is wrong with it.
    if (error instanceof NodeError) return null;
    throw error;
  }
}

/** A node that stands for others, in subgraphs or in a function of the model: these become layers. */
function followed(state: GraphState, context: NodeContext): boolean {
  try {
    return addControlFlow(state, context, addNodes) || addFunctionCall(state, context, addNodes);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    noteError(state, nodeError(context.node, error.message), context.node);
    return false;
  }
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
  const silent: NodeContext = {
    ...context,
    gap: () => undefined,
    modelGap: () => undefined,
    batchMisplaced: () => undefined,
  };
  const values =
    node.domain === '' && node.opType === 'Constant'
      ? [constantNodeValue(node, state.prefix + (node.outputs[0] ?? ''), problem)]
      : foldedValues(silent, operator, state.budget, problem);
  for (const [index, value] of values.entries()) {
    const name = node.outputs[index] ?? '';
    const shape = value.shape ?? state.recorded.get(name) ?? null;
    define(state, name, { ...value, shape: shape && shape.length > MAX_RANK ? null : shape });
  }
}

function addNodeLayer(state: GraphState, context: NodeContext, operator: Operator | undefined): void {
  const { node } = context;
  const outcome = inferred(state, context, operator);
  const outputs = node.outputs.map((_, index) => settledOutput(state, node, index, outcome.outputs[index]));
  const batch = outputs[0]?.batch ?? 'none';
  const taken = outcome.edges ?? context.inputs.filter(value => value?.kind === 'activation');
  const edges = [...taken, ...capturedValues(state, node)].map(value => edgeOf(state, value, batch));
  const outputShapes = outputs.map(output => sampleShape(output.shape, output.batch, state.convention.batch));
  const [rule] = outcome.outputs;
  const ruleShape = rule ? sampleShape(rule.shape, rule.batch, state.convention.batch) : null;
  const layer = addLayer(state, {
    name: layerName(state, node),
    type: node.opType,
    op: fittedToSamples(outcome.op, ruleShape, edges[0]?.shape ?? null, outputShapes[0] ?? null),
    inputs: edges.map(({ edge }) => edge),
    inputShapes: edges.map(({ shape }) => shape),
    outputShapes,
    weights: outcome.weights ?? [],
    ...(outcome.activation ? { activation: outcome.activation } : {}),
    ...(node.range ? { range: node.range } : {}),
    ...(node.fullRange ? { fullRange: node.fullRange } : {}),
  });
  state.ownLayers.add(layer.id);
  for (const [output, value] of outputs.entries()) {
    define(state, node.outputs[output] ?? '', { kind: 'activation', edge: { layer: layer.id, output }, ...value });
  }
  for (const name of node.between ?? []) {
    define(state, name, { kind: 'activation', edge: { layer: layer.id, output: 0 }, ...outputs[0]! });
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

function unknownOperatorReason({ functions }: GraphState, { domain, opType, overload }: OnnxNode): string {
  if (functions.has(functionKey(domain, opType, overload))) {
    return `${opType} is a function of the model that calls too many others to be followed.`;
  }
  if (domain !== '') return `${opType} is an operator of '${domain}', not of ONNX itself.`;
  if (controlFlow.has(opType)) return `${opType} has subgraphs that are too many or too unusual to be followed.`;
  return opType === '' ? 'The node names no operator.' : `The operator ${opType} is not covered.`;
}

function nodeError(node: OnnxNode, sentence: string): string {
  return `${capitalised(describe(node))}: ${sentence}. The model contradicts itself here: export it again or check it with onnx.checker.`;
}
