import { softmax } from '../../ir/activation.ts';
import { add, div, mul, sigmoid, softplus } from '../../ir/elementwise.ts';
import { type Node, reachable } from '../../ir/graph.ts';
import { substituteWith } from '../../ir/rewrite.ts';
import { freshName } from '../objective.ts';

/** Whether gradients jump: behind ReLU and leaky ReLU, where a unit switches, and behind max-pooling, where a maximum moves. */
export function hasKinks(gradients: readonly Node[]): boolean {
  return kinkInputs(gradients).size > 0;
}

/** What goes into the kinks of some gradients: into ReLUs, leaky ReLUs and choices of a maximum. */
export function kinkInputs(gradients: readonly Node[]): ReadonlySet<Node> {
  const kinks = reachable(gradients).filter(node => isKink(node) || node.operation.kind === 'oneHotMax');
  return new Set(kinks.map(node => node.inputs[0]!));
}

/** Gradients with the kinks of activations and maxima rounded off: exact for β → ∞. */
export interface SmoothedGradients {
  readonly gradients: readonly Node[];
  /** Scalar input β. */
  readonly beta: Node;
}

/**
 * Every ReLU and leaky ReLU as α·z + (1 − α)·softplus(b·z)/b, and what backpropagation has for its derivative as the
 * derivative of that; the choice of a maximum among z as softmax(b·z). Gauss–Newton needs a derivative that changes
 * slowly; the true one jumps. b = β/s with the scale s of that kink's input: one b for all would leave nothing but
 * log 2/b of layers whose values are small, and hardly smooth those whose values are large.
 * @param scales of every one of {@link kinkInputs}
 */
export function smoothGradients(gradients: readonly Node[], scales: ReadonlyMap<Node, number>): SmoothedGradients {
  const order = reachable(gradients);
  const bent = new Set(order.filter(isKink).map(node => node.inputs[0]!));
  const { graph } = order[0]!;
  const beta = graph.input(freshName(graph, 'beta'), []);
  const smoothed = substituteWith(gradients, (node, [z]) => {
    const { operation } = node;
    const sharpness = () => div(beta, scales.get(node.inputs[0]!)!);
    if (isKink(node) && operation.kind === 'leakyRelu') return rounded(z!, operation.alpha, sharpness());
    if (operation.kind === 'gate' && bent.has(node.inputs[0]!)) return slope(z!, operation.alpha, sharpness());
    return operation.kind === 'oneHotMax' ? softmax(mul(z!, sharpness())) : undefined;
  });
  return { gradients: smoothed, beta };
}

function rounded(z: Node, alpha: number, sharpness: Node): Node {
  return add(mul(z, alpha), mul(div(softplus(mul(z, sharpness)), sharpness), 1 - alpha));
}

/** The derivative of `rounded`. */
function slope(z: Node, alpha: number, sharpness: Node): Node {
  return add(alpha, mul(sigmoid(mul(z, sharpness)), 1 - alpha));
}

/** ReLU or leaky ReLU, of which the identity is none. */
export function isKink({ operation }: Node): boolean {
  return operation.kind === 'leakyRelu' && operation.alpha !== 1;
}
