import { type Node, reachable } from '../../ir/graph.ts';
import type { Victim } from '../../victim/victim.ts';
import { NotApplicable } from '../attack.ts';

/** One operation on the path from the input to the logits; `data` is the index of the input it takes from the path. */
export interface Link {
  readonly node: Node;
  readonly data: number;
}

/** Nodes whose value depends on the model's input. */
export function dependentsOf(victim: Victim, source: Node): ReadonlySet<Node> {
  const dependents = new Set<Node>([source]);
  for (const node of reachable([victim.loss, ...victim.gradients])) {
    if (node.inputs.some(input => dependents.has(input))) dependents.add(node);
  }
  return dependents;
}

/**
 * The operations from the model's input (exclusive) to the logits, in order.
 * @throws {NotApplicable} where the path forks: R-GAP goes backwards one layer at a time.
 */
export function chainOf(victim: Victim): Link[] {
  const dependents = dependentsOf(victim, victim.x);
  const links: Link[] = [];
  for (let node = victim.logits; node !== victim.x; ) {
    const data = node.inputs.flatMap((input, i) => (dependents.has(input) ? [i] : []));
    if (data.length !== 1) {
      throw new NotApplicable(
        'Solving layer by layer goes backwards through a plain chain of layers, and this model has a branch (a residual or merging layer, normalisation by batch statistics, attention); use gauss-newton.',
      );
    }
    links.unshift({ node, data: data[0]! });
    node = node.inputs[data[0]!]!;
  }
  return links;
}

/** Describes an operation that cannot be inverted, for a message. */
export function describe(node: Node): string {
  const { operation } = node;
  if (operation.kind === 'gate' || operation.kind === 'oneHotMax') return 'a selection (max-pooling or the like)';
  return `the operation "${operation.kind}"`;
}
