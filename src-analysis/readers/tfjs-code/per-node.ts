import type ts from 'typescript';

/** Keeps what a function of a syntax node says, as long as the node lives: trees do not change. */
export function perNode<Node extends ts.Node, T>(compute: (node: Node) => T): (node: Node) => T {
  const known = new WeakMap<Node, { readonly value: T }>();
  return node => {
    const found = known.get(node) ?? { value: compute(node) };
    known.set(node, found);
    return found.value;
  };
}
