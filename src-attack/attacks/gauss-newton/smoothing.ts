import { add, div, mul, softplus } from '../../ir/elementwise.ts';
import { type Node, reachable } from '../../ir/graph.ts';
import type { Victim } from '../../victim/victim.ts';
import { freshName } from '../objective.ts';

/** The victim's loss with its kinks rounded off: x for β → ∞. */
export interface SmoothedLoss {
  readonly loss: Node;
  /** Scalar input β. */
  readonly beta: Node;
}

/**
 * Every ReLU and leaky ReLU of the loss as α·z + (1 − α)·softplus(β·z)/β. Gauss–Newton needs a derivative that changes
 * slowly; the true one jumps. Null where the loss has no such kink.
 */
export function smoothLoss(victim: Victim): SmoothedLoss | null {
  const order = reachable([victim.loss]);
  if (!order.some(isKink)) return null;
  const { graph } = victim;
  const beta = graph.input(freshName(graph, 'beta'), []);
  const smoothed = new Map<Node, Node>();
  for (const node of order) {
    const inputs = node.inputs.map(input => smoothed.get(input)!);
    if (isKink(node)) smoothed.set(node, rounded(inputs[0]!, alphaOf(node), beta));
    else if (inputs.every((input, i) => input === node.inputs[i])) smoothed.set(node, node);
    else smoothed.set(node, graph.node(node.operation, inputs, node.shape));
  }
  return { loss: smoothed.get(victim.loss)!, beta };
}

function rounded(z: Node, alpha: number, beta: Node): Node {
  return add(mul(z, alpha), mul(div(softplus(mul(z, beta)), beta), 1 - alpha));
}

function isKink({ operation }: Node): boolean {
  return operation.kind === 'leakyRelu' && operation.alpha !== 1;
}

function alphaOf({ operation }: Node): number {
  return operation.kind === 'leakyRelu' ? operation.alpha : 1;
}
