import type { NodeContext } from './context.ts';
import { type Attribute, functionKey, type OnnxGraph, type OnnxNode } from './model.ts';
import { addMissingValues, functionState } from './scope.ts';
import { define, type GraphState, layerName, lookup, settledOutput } from './state.ts';
import type { Value } from './value.ts';

/** Takes in a graph's nodes. */
export type AddNodes = (state: GraphState, nodes: readonly OnnxNode[]) => void;

/**
 * A call of a function that the model itself defines: its nodes become layers where it is called, named after the call.
 *
 * @returns false where there is no such function, or it cannot be followed any further.
 */
export function addFunctionCall(state: GraphState, { node }: NodeContext, addNodes: AddNodes): boolean {
  const called = state.functions.get(functionKey(node.domain, node.opType, node.overload));
  if (!called) return false;
  const given = new Map([...called.defaults, ...node.attributes]);
  const inner = functionState(state, called, `${layerName(state, node)}/`, given);
  if (!inner) return false;
  for (const [index, name] of called.inputs.entries()) {
    const value = lookup(state, node.inputs[index] ?? '');
    if (value) define(inner, name, value);
  }
  addMissingValues(inner);
  addNodes(inner, called.nodes);
  for (const [index, name] of called.outputs.entries()) {
    const value = inner.values.get(name);
    if (value) define(state, node.outputs[index] ?? '', withRecordedShape(state, node, index, value));
  }
  return true;
}

/** A value under another name, with what the file records for it. */
export function withRecordedShape(state: GraphState, node: OnnxNode, index: number, value: Value): Value {
  if (value.kind === 'constant') return value;
  return { ...value, ...settledOutput(state, node, index, value) };
}

/** A node of a function's body, with the attributes that the function was called with. */
export function withArguments(node: OnnxNode, given: ReadonlyMap<string, Attribute>): OnnxNode {
  if (![...node.attributes.values()].some(({ type }) => type === 'reference')) return node;
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    const value = attribute.type === 'reference' ? given.get(attribute.name) : attribute;
    // An argument that is left out leaves the attribute out.
    if (value) attributes.set(name, value);
  }
  return { ...node, attributes };
}

/** The graphs of a node's attribute. */
export function graphAttribute({ attributes }: OnnxNode, name: string): OnnxGraph | null {
  const attribute = attributes.get(name);
  return attribute?.type === 'graphs' ? (attribute.value[0] ?? null) : null;
}
