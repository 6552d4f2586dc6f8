import { createGraph, type Graph, type Node, reachable } from './graph.ts';

/**
 * Copies the graph of some outputs into `target`, node by node in topological order. `map` may return another node for
 * an original and its copied inputs; where it returns undefined the node is copied as it is. Outputs keep their order.
 */
export function rewrite(
  outputs: readonly Node[],
  map: (node: Node, inputs: readonly Node[], target: Graph) => Node | undefined,
  target: Graph = createGraph(),
): Node[] {
  const copies = new Map<Node, Node>();
  for (const node of reachable(outputs)) {
    const inputs = node.inputs.map(input => copies.get(input)!);
    copies.set(node, map(node, inputs, target) ?? copyNode(node, inputs, target));
  }
  return outputs.map(output => copies.get(output)!);
}

/**
 * The outputs with some nodes replaced by others of the same graph and shape: an activation by a free input, say. Only what
 * depends on a replaced node is made anew.
 */
export function substitute(outputs: readonly Node[], replacements: ReadonlyMap<Node, Node>): Node[] {
  return substituteWith(outputs, node => replacements.get(node));
}

/** The same with replacements made of what a node's inputs have become: a ReLU by a smooth function of what goes into it. */
export function substituteWith(
  outputs: readonly Node[],
  replacementOf: (node: Node, inputs: readonly Node[]) => Node | undefined,
): Node[] {
  const results = new Map<Node, Node>();
  for (const node of reachable(outputs)) {
    const inputs = node.inputs.map(input => results.get(input)!);
    const unchanged = inputs.every((input, i) => input === node.inputs[i]);
    const kept = () => (unchanged ? node : node.graph.node(node.operation, inputs, node.shape));
    results.set(node, replacementOf(node, inputs) ?? kept());
  }
  return outputs.map(output => results.get(output)!);
}

function copyNode(node: Node, inputs: readonly Node[], target: Graph): Node {
  const { operation, shape } = node;
  if (operation.kind === 'input') return target.input(operation.name, shape);
  if (operation.kind === 'constant') return target.constant(operation.name, shape, operation.data);
  return target.node(operation, inputs, shape);
}
