import { expand, reshape } from './arrange.ts';
import { pullBack, takesBroadcast } from './derivative-rules.ts';
import { add, mul, zeros } from './elementwise.ts';
import { broadcastShapes, type Node, reachable, sameShape, sizeOf } from './graph.ts';
import { addAll, dot, sum } from './reduce.ts';

/**
 * ∂loss/∂v for every v of `wrt`, as nodes of v's shape, by symbolic reverse mode. The loss is a scalar. Nodes that the
 * loss does not depend on get zeros. The result is a graph like any other: differentiate it again for the gradient of a
 * gradient distance.
 */
export function gradient(loss: Node, wrt: readonly Node[]): Node[] {
  if (loss.shape.length !== 0) throw new Error(`A loss is a scalar; this one is [${loss.shape.join(', ')}].`);
  return pullBackAll([loss], [loss.graph.scalar(1)], wrt);
}

/**
 * Vector–Jacobian product Jᵀu, J = ∂outputs/∂wrt: one cotangent for every output, of its shape; one node for every
 * node of `wrt`. The outputs may be gradients themselves.
 */
export function vjp(outputs: readonly Node[], wrt: readonly Node[], cotangents: readonly Node[]): Node[] {
  requireShapes(outputs, cotangents);
  return pullBackAll(outputs, cotangents, wrt);
}

/**
 * Jacobian–vector product Jt, J = ∂outputs/∂wrt: one tangent for every node of `wrt`, of its shape; one node for every
 * output. Made by differentiating Jᵀu, which is linear in u, with respect to u.
 */
export function jvp(outputs: readonly Node[], wrt: readonly Node[], tangents: readonly Node[]): Node[] {
  requireShapes(wrt, tangents);
  const [first] = outputs;
  if (!first) return [];
  const probes = outputs.map(output => first.graph.input(freshName(output), output.shape));
  const pulled = pullBackAll(outputs, probes, wrt);
  return gradient(addAll(pulled.map((node, i) => dot(node, tangents[i]!))), probes);
}

/** A name for an input that no result depends on. */
function freshName(node: Node): string {
  return `probe ${node.id} ${node.graph.nodes.length}`;
}

function pullBackAll(outputs: readonly Node[], seeds: readonly Node[], wrt: readonly Node[]): Node[] {
  const order = reachable(outputs);
  const wanted = dependents(order, wrt);
  const adjoints = new Map<Node, Node>();
  const accumulate = (node: Node, term: Node, fullShape: readonly number[]): void => {
    const reduced = unbroadcast(term, fullShape, node.shape);
    const known = adjoints.get(node);
    adjoints.set(node, known ? add(known, reduced) : reduced);
  };
  outputs.forEach((output, i) => {
    accumulate(output, seeds[i]!, output.shape);
  });
  for (const node of order.toReversed()) {
    const adjoint = adjoints.get(node);
    if (!adjoint || !wanted.has(node)) continue;
    const terms = pullBack(node, takesBroadcast(node) ? adjoint : full(adjoint, node));
    node.inputs.forEach((input, i) => {
      const term = terms[i];
      if (term && wanted.has(input)) accumulate(input, term(), fullShape(node, input));
    });
  }
  return wrt.map(node => expand(adjoints.get(node) ?? zeros(node.graph, []), node.shape));
}

/** The adjoint in the node's shape. One number for all entries stays a number through a change of shape. */
function full(adjoint: Node, node: Node): Node {
  const isNumber = node.operation.kind === 'reshape' && sizeOf(adjoint.shape) === 1;
  return isNumber ? adjoint : expand(adjoint, node.shape);
}

/** Nodes of the order through which a change of `wrt` passes. */
function dependents(order: readonly Node[], wrt: readonly Node[]): Set<Node> {
  const wanted = new Set<Node>(wrt);
  for (const node of order) if (node.inputs.some(input => wanted.has(input))) wanted.add(node);
  return wanted;
}

/** The shape that a term for `input` stands for, broadcast or not. */
function fullShape(node: Node, input: Node): readonly number[] {
  return node.operation.kind === 'sum' ? input.shape : broadcastsInputs(node) ? node.shape : input.shape;
}

function broadcastsInputs(node: Node): boolean {
  switch (node.operation.kind) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'expand':
      return true;
    default:
      return false;
  }
}

/**
 * The adjoint of broadcasting from `target` to `full`, for a term that itself broadcasts to `full`. The result
 * broadcasts to `target`: axes along which the term is constant stay short until an operation needs them.
 */
function unbroadcast(term: Node, full: readonly number[], target: readonly number[]): Node {
  if (sameShape(term.shape, target) && sameShape(full, target)) return term;
  const rank = full.length;
  const aligned = [...new Array<number>(rank - term.shape.length).fill(1), ...term.shape];
  const axes: number[] = [];
  let copies = 1;
  full.forEach((dim, axis) => {
    const kept = target[axis - rank + target.length] ?? 1;
    if (kept === dim) return;
    if (aligned[axis] === dim) axes.push(axis);
    else copies *= dim;
  });
  const summed = axes.length > 0 ? sum(reshape(term, aligned), axes) : term;
  const scaled = copies === 1 ? summed : mul(summed, copies);
  const extra = scaled.shape.length - target.length;
  return extra > 0 ? reshape(scaled, scaled.shape.slice(extra)) : scaled;
}

function requireShapes(nodes: readonly Node[], given: readonly Node[]): void {
  if (nodes.length !== given.length)
    throw new Error(`${nodes.length} tensors want as many vectors, not ${given.length}.`);
  nodes.forEach((node, i) => {
    const shape = broadcastShapes(node.shape, given[i]!.shape);
    if (!sameShape(shape, node.shape)) {
      throw new Error(`A vector of shape [${given[i]!.shape.join(', ')}] does not fit [${node.shape.join(', ')}].`);
    }
  });
}
