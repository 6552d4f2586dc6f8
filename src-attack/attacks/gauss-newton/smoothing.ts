import { softmax } from '../../ir/activation.ts';
import { add, div, mul, sigmoid, softplus } from '../../ir/elementwise.ts';
import { type Node, reachable } from '../../ir/graph.ts';
import { freshName } from '../objective.ts';

/** Whether gradients jump: behind ReLU and leaky ReLU, where a unit switches, and behind max-pooling, where a maximum moves. */
export function hasKinks(gradients: readonly Node[]): boolean {
  return reachable(gradients).some(node => isKink(node) || node.operation.kind === 'oneHotMax');
}

/** Gradients with the kinks of activations and maxima rounded off: exact for β → ∞. */
export interface SmoothedGradients {
  readonly gradients: readonly Node[];
  /** Scalar input β. */
  readonly beta: Node;
}

/**
 * Every ReLU and leaky ReLU as α·z + (1 − α)·softplus(β·z)/β, and what backpropagation has for its derivative as the
 * derivative of that; the choice of a maximum among z as softmax(β·z). Gauss–Newton needs a derivative that changes
 * slowly; the true one jumps.
 */
export function smoothGradients(gradients: readonly Node[]): SmoothedGradients {
  const order = reachable(gradients);
  const bent = new Set(order.filter(isKink).map(node => node.inputs[0]!));
  const { graph } = order[0]!;
  const beta = graph.input(freshName(graph, 'beta'), []);
  const smoothed = new Map<Node, Node>();
  for (const node of order) {
    const { operation } = node;
    const inputs = node.inputs.map(input => smoothed.get(input)!);
    const [z] = inputs;
    if (isKink(node) && operation.kind === 'leakyRelu') smoothed.set(node, rounded(z!, operation.alpha, beta));
    else if (operation.kind === 'gate' && bent.has(node.inputs[0]!))
      smoothed.set(node, slope(z!, operation.alpha, beta));
    else if (operation.kind === 'oneHotMax') smoothed.set(node, softmax(mul(z!, beta)));
    else if (inputs.every((input, i) => input === node.inputs[i])) smoothed.set(node, node);
    else smoothed.set(node, graph.node(operation, inputs, node.shape));
  }
  return { gradients: gradients.map(node => smoothed.get(node)!), beta };
}

function rounded(z: Node, alpha: number, beta: Node): Node {
  return add(mul(z, alpha), mul(div(softplus(mul(z, beta)), beta), 1 - alpha));
}

/** The derivative of `rounded`. */
function slope(z: Node, alpha: number, beta: Node): Node {
  return add(alpha, mul(sigmoid(mul(z, beta)), 1 - alpha));
}

/** ReLU or leaky ReLU, of which the identity is none. */
export function isKink({ operation }: Node): boolean {
  return operation.kind === 'leakyRelu' && operation.alpha !== 1;
}
