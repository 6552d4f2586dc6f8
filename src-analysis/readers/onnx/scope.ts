import { type BatchConvention, recordedShape } from './convention.ts';
import type { Shape } from './dimension.ts';
import type { Attribute, OnnxFunction, OnnxGraph } from './model.ts';
import { type NodeOrder, orderNodes } from './order.ts';
import { addInitializer, addMissingValue } from './sources.ts';
import { type GraphState, lookup, note, shortened } from './state.ts';

/** Names, nodes and attributes of subgraphs and functions that are followed, each as often as it is walked. */
export const MAX_EXPANSION = 400_000;

/** Graphs inside graphs and calls inside calls that are followed. */
const MAX_NESTING = 40;

const MAX_PREFIX_LENGTH = 200;

type GraphScope = Pick<GraphState, 'order' | 'values' | 'uses' | 'recorded' | 'ownLayers'>;

/** What a walk through one graph needs that is not shared with the graphs around it. */
export function graphScope(
  graph: Pick<OnnxGraph, 'nodes' | 'outputs' | 'valueInfo'>,
  order: NodeOrder,
  convention: BatchConvention,
): GraphScope {
  const recorded = new Map<string, Shape>();
  for (const { name, shape } of [...graph.valueInfo, ...graph.outputs]) {
    recorded.set(name, recordedShape(shape, convention));
  }
  return { order, values: new Map(), uses: countUses(graph, order.captured), recorded, ownLayers: new Set() };
}

/** How often a value is taken: by nodes, by their subgraphs and as an output. */
export function countUses(
  graph: Pick<OnnxGraph, 'nodes' | 'outputs'>,
  captured: NodeOrder['captured'],
): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const count = (name: string) => uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const names of captured.values()) names.forEach(count);
  for (const { name } of graph.outputs) count(name);
  return uses;
}

/**
 * The state in which a subgraph of a node is walked: it sees the values around it.
 *
 * @returns null where the nesting or the number of nodes goes beyond what is followed.
 */
export function subgraphState(state: GraphState, graph: OnnxGraph, prefix: string): GraphState | null {
  if (!mayExpand(state, sizeOf(graph))) return null;
  const order = orderNodes(graph, name => lookup(state, name) !== null);
  const captured = [...order.captured.values()].reduce((count, names) => count + names.length, 0);
  if (!mayExpand(state, captured)) return null;
  const inner: GraphState = {
    ...state,
    ...graphScope(graph, order, state.convention),
    outer: state,
    depth: state.depth + 1,
    prefix: shortPrefix(prefix),
  };
  noteProblems(inner);
  for (const tensor of graph.initializers) addInitializer(inner, tensor);
  return inner;
}

/** The state in which the body of a function is walked: it sees its parameters only. Null as for subgraphs. */
export function functionState(
  state: GraphState,
  called: OnnxFunction,
  prefix: string,
  given: ReadonlyMap<string, Attribute>,
): GraphState | null {
  if (!mayExpand(state, sizeOf(called))) return null;
  const { nodes, inputs, outputs, valueInfo, opsets } = called;
  const named = (name: string) => ({ name, shape: null });
  const graph = {
    name: '',
    nodes,
    initializers: [],
    inputs: inputs.map(named),
    outputs: outputs.map(named),
    valueInfo,
  };
  const order = orderNodes(graph);
  const inner: GraphState = {
    ...state,
    ...graphScope(graph, order, state.convention),
    opsets: new Map([...state.opsets, ...opsets]),
    outer: null,
    depth: state.depth + 1,
    prefix: shortPrefix(prefix),
    arguments: given,
  };
  noteProblems(inner);
  return inner;
}

function mayExpand({ depth, expansion }: GraphState, size: number): boolean {
  if (depth >= MAX_NESTING || size > expansion.remaining) return false;
  expansion.remaining -= size;
  return true;
}

type Body = Pick<OnnxGraph, 'nodes' | 'valueInfo'> & {
  readonly inputs: readonly unknown[];
  readonly outputs: readonly unknown[];
  readonly initializers?: readonly unknown[];
};

const sizes = new WeakMap<Body, number>();

/** What one walk through a graph costs, without the graphs inside it. */
function sizeOf(graph: Body): number {
  const known = sizes.get(graph);
  if (known !== undefined) return known;
  const { nodes, inputs, outputs, valueInfo, initializers = [] } = graph;
  let size = 1 + inputs.length + outputs.length + valueInfo.length + initializers.length;
  for (const node of nodes) size += 1 + node.inputs.length + node.outputs.length + node.attributes.size;
  sizes.set(graph, size);
  return size;
}

function shortPrefix(prefix: string): string {
  return prefix.length > MAX_PREFIX_LENGTH ? `${prefix.slice(0, MAX_PREFIX_LENGTH)}…/` : prefix;
}

/** What is wrong with the graph's names, and layers for values that nothing makes. */
export function noteProblems(state: GraphState): void {
  for (const problem of state.order.problems) {
    note(state.errors, { ...problem, message: shortened(problem.message) });
  }
}

/** Once a subgraph's or function's parameters have values. */
export function addMissingValues(state: GraphState): void {
  for (const name of state.order.missing) if (!state.values.has(name)) addMissingValue(state, name);
}
