import type { NodeContext } from './context.ts';
import { type AddNodes, graphAttribute, withRecordedShape } from './functions.ts';
import { addLoop, addScan } from './loops.ts';
import type { OnnxGraph } from './model.ts';
import { addMissingValues, subgraphState } from './scope.ts';
import { define, type GraphState, layerName, lookup } from './state.ts';
import { addSubgraphLayer, eitherOf } from './subgraph-layer.ts';
import type { Value } from './value.ts';

/** Operators that compute with subgraphs. */
export const controlFlow: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan']);

/**
 * A node with subgraphs: the layers inside them become layers of the model, named after the node.
 *
 * @returns false for any other node, and where the subgraphs are not followed.
 */
export function addControlFlow(state: GraphState, context: NodeContext, addNodes: AddNodes): boolean {
  const { domain, opType } = context.node;
  if (domain !== '' || !controlFlow.has(opType)) return false;
  if (opType === 'If') return addIf(state, context, addNodes);
  return (opType === 'Loop' ? addLoop : addScan)(state, context, addNodes);
}

/** If: the one branch that runs where the condition is known, else both and a layer that chooses between them. */
function addIf(state: GraphState, context: NodeContext, addNodes: AddNodes): boolean {
  const { node, inputs } = context;
  const thenBranch = graphAttribute(node, 'then_branch');
  const elseBranch = graphAttribute(node, 'else_branch');
  if (!thenBranch || !elseBranch) return false;
  const condition = inputs[0] ?? null;
  const known = condition?.kind === 'constant' ? condition.elements()?.[0] : null;
  const name = layerName(state, node);
  if (typeof known === 'number') {
    const taken = walkBranch(state, known === 0 ? elseBranch : thenBranch, `${name}/`, addNodes);
    for (const [index, value] of (taken ?? []).entries()) {
      if (value) define(state, node.outputs[index] ?? '', withRecordedShape(state, node, index, value));
    }
    return taken !== null;
  }
  const ifTrue = walkBranch(state, thenBranch, `${name}/then/`, addNodes);
  const ifFalse = walkBranch(state, elseBranch, `${name}/else/`, addNodes);
  if (!ifTrue || !ifFalse) return false;
  const results = node.outputs.map((_, index) => eitherOf(ifTrue[index] ?? null, ifFalse[index] ?? null));
  const reason = 'Which of its two branches runs is not known before the model runs.';
  addSubgraphLayer(state, context, name, reason, results, [condition, ...ifTrue, ...ifFalse]);
  return true;
}

function walkBranch(
  state: GraphState,
  graph: OnnxGraph,
  prefix: string,
  addNodes: AddNodes,
): readonly (Value | null)[] | null {
  const inner = subgraphState(state, graph, prefix);
  if (!inner) return null;
  addMissingValues(inner);
  addNodes(inner, graph.nodes);
  return graph.outputs.map(({ name }) => lookup(inner, name));
}
