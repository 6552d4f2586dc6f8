import { type Node, reachable } from '../../ir/graph.ts';
import type { Victim } from '../../victim/victim.ts';
import { NotApplicable } from '../attack.ts';

/** One operation on the path from the input to the logits; `data` is the index of the input it takes from the path. */
export interface Link {
  readonly node: Node;
  readonly data: number;
}

/** Of the nodes that some outputs are computed from, those whose value depends on a source. */
export function dependentsOf(outputs: readonly Node[], source: Node): ReadonlySet<Node> {
  const dependents = new Set<Node>([source]);
  for (const node of reachable(outputs)) {
    if (node.inputs.some(input => dependents.has(input))) dependents.add(node);
  }
  return dependents;
}

/**
 * The operations from the model's input (exclusive) to the logits, in order.
 * @throws {NotApplicable} where the path forks: R-GAP goes backwards one layer at a time.
 */
export function chainOf(victim: Victim): Link[] {
  return chainBackTo(victim, ({ node, data }) => node.inputs[data] === victim.x);
}

/**
 * The operations from one that is wanted to the logits, in order.
 * @param isFirst whether it is that one
 * @throws {NotApplicable} where the path forks on the way back to it, or reaches the model's input first.
 */
export function chainBackTo(victim: Victim, isFirst: (link: Link) => boolean): Link[] {
  const dependents = dependentsOf([victim.loss, ...victim.gradients], victim.x);
  const links: Link[] = [];
  for (let node = victim.logits; ; ) {
    const data = node.inputs.flatMap((input, i) => (dependents.has(input) ? [i] : []));
    if (data.length !== 1) {
      throw new NotApplicable(
        'Solving layer by layer goes backwards through a plain chain of layers, and this model has a branch (a residual or merging layer, normalisation by batch statistics, attention); use gauss-newton.',
      );
    }
    const link = { node, data: data[0]! };
    links.unshift(link);
    if (isFirst(link)) return links;
    node = node.inputs[data[0]!]!;
  }
}

/** Describes an operation that cannot be inverted, for a message. */
export function describe(node: Node): string {
  const { operation } = node;
  if (operation.kind === 'gate' || operation.kind === 'oneHotMax') return 'a selection (max-pooling or the like)';
  return `the operation "${operation.kind}"`;
}
