import {
  type BinaryKind,
  broadcastShapes,
  type Graph,
  type Node,
  type Operand,
  sizeOf,
  type UnaryKind,
} from './graph.ts';

/*
 * Elementwise operations. Trivial cases (adding zero, multiplying by one, arithmetic on numbers) are simplified as they
 * are built: symbolic differentiation makes them by the dozen.
 */

export function add(a: Operand, b: Operand): Node {
  const [graph, p, q] = operands(a, b);
  const [u, v] = [scalarValue(p), scalarValue(q)];
  if (u !== undefined && v !== undefined) return graph.scalar(u + v);
  if (isZero(q) && fits(q, p)) return p;
  if (isZero(p) && fits(p, q)) return q;
  const [first, second] = [splitFactor(p), splitFactor(q)];
  if (first.factor === second.factor) return scale(binary('add', first.core, second.core), first.factor);
  if (isOwn(first.factor) && isOwn(second.factor)) {
    // One of the two factors goes to the sum, where it may meet another.
    return scale(add(scale(first.core, first.factor / second.factor), second.core), second.factor);
  }
  if (second.factor === -1) return binary('sub', p, second.core);
  if (first.factor === -1) return binary('sub', q, first.core);
  return binary('add', p, q);
}

export function sub(a: Operand, b: Operand): Node {
  const [graph, p, q] = operands(a, b);
  const [u, v] = [scalarValue(p), scalarValue(q)];
  if (u !== undefined && v !== undefined) return graph.scalar(u - v);
  if (isZero(q) && fits(q, p)) return p;
  if (isZero(p) && fits(p, q)) return neg(q);
  const [first, second] = [splitFactor(p), splitFactor(q)];
  if (first.factor === second.factor) return scale(binary('sub', first.core, second.core), first.factor);
  if (second.factor === -1) return binary('add', p, second.core);
  return binary('sub', p, q);
}

export function mul(a: Operand, b: Operand): Node {
  const [, p, q] = operands(a, b);
  const [u, v] = [scalarValue(p), scalarValue(q)];
  if (u !== undefined) return scale(q, u);
  if (v !== undefined) return scale(p, v);
  const size = sizeOf(broadcastShapes(p.shape, q.shape));
  const [first, second] = [takeFactor(p, size), takeFactor(q, size)];
  return scale(binary('mul', first.core, second.core), first.factor * second.factor);
}

export function div(a: Operand, b: Operand): Node {
  const [graph, p, q] = operands(a, b);
  const [u, v] = [scalarValue(p), scalarValue(q)];
  if (u !== undefined && v !== undefined) return graph.scalar(u / v);
  if (v !== undefined) return scale(p, 1 / v);
  const { core, factor } = takeFactor(p, sizeOf(broadcastShapes(p.shape, q.shape)));
  return scale(binary('div', core, q), factor);
}

/** A tensor as factor · core. */
export interface Scaled {
  readonly core: Node;
  readonly factor: number;
}

/**
 * Takes the number off a tensor that was multiplied by one. Linear operations do so and scale their result instead:
 * derivatives are full of constant factors, which then meet in one multiplication at the end.
 */
export function splitFactor(a: Node): Scaled {
  const [core, number] = a.inputs;
  if (a.operation.kind === 'neg') return { core: core!, factor: -1 };
  const factor = a.operation.kind === 'mul' ? scalarValue(number!) : undefined;
  // A scaled weight stays as it is: engines compute it once.
  return factor === undefined || core!.operation.kind === 'constant' ? { core: a, factor: 1 } : { core: core!, factor };
}

/** A factor other than a sign. */
function isOwn(factor: number): boolean {
  return factor !== 1 && factor !== -1;
}

/** As splitFactor, unless the result has more entries: then scaling the operand is cheaper. */
function takeFactor(a: Node, resultSize: number): Scaled {
  return sizeOf(a.shape) === resultSize ? splitFactor(a) : { core: a, factor: 1 };
}

/** factor · a. */
export function scale(a: Node, factor: number): Node {
  const value = scalarValue(a);
  if (value !== undefined) return a.graph.scalar(value * factor);
  const known = splitFactor(a);
  const total = known.factor * factor;
  if (total === 1) return known.core;
  if (total === 0 || isZero(a)) return zeros(a.graph, a.shape);
  if (total === -1) return unary('neg', known.core);
  return binary('mul', known.core, a.graph.scalar(total));
}

export function neg(a: Node): Node {
  return scale(a, -1);
}

export const tanh = (a: Node): Node => unary('tanh', a);
export const sigmoid = (a: Node): Node => unary('sigmoid', a);
/** log(1 + eˣ). */
export const softplus = (a: Node): Node => unary('softplus', a);
export const exp = (a: Node): Node => unary('exp', a);
export const log = (a: Node): Node => unary('log', a);
/** Its derivative is infinite at 0: keep arguments away from it where it is differentiated. */
export const sqrt = (a: Node): Node => unary('sqrt', a);
export const abs = (a: Node): Node => unary('abs', a);
export const sign = (a: Node): Node => unary('sign', a);
/** The error function. */
export const erf = (a: Node): Node => unary('erf', a);

export function square(a: Node): Node {
  return mul(a, a);
}

/** a to a fixed exponent. Non-integer exponents want a > 0. */
export function pow(a: Node, exponent: number): Node {
  switch (exponent) {
    case 0:
      return ones(a.graph, a.shape);
    case 1:
      return a;
    case 2:
      return square(a);
    case 0.5:
      return sqrt(a);
    case -1:
      return div(1, a);
    default:
      return a.graph.node({ kind: 'pow', exponent }, [a], a.shape);
  }
}

/** x for x > 0, α·x otherwise. */
export function leakyRelu(a: Node, alpha: number): Node {
  return a.graph.node({ kind: 'leakyRelu', alpha }, [a], a.shape);
}

export function relu(a: Node): Node {
  return leakyRelu(a, 0);
}

/** 1 for x > 0, α otherwise; flat, i.e. differentiated as zero. */
export function gate(a: Node, alpha: number): Node {
  return a.graph.node({ kind: 'gate', alpha }, [a], a.shape);
}

/** The larger of two, entry by entry; where they are equal, the derivative goes to b. */
export function maximum(a: Operand, b: Operand): Node {
  const [, p, q] = operands(a, b);
  const first = gate(sub(p, q), 0);
  return add(mul(first, p), mul(sub(1, first), q));
}

/** The smaller of two, entry by entry; where they are equal, the derivative goes to b. */
export function minimum(a: Operand, b: Operand): Node {
  const [, p, q] = operands(a, b);
  const first = gate(sub(q, p), 0);
  return add(mul(first, p), mul(sub(1, first), q));
}

export function zeros(graph: Graph, shape: readonly number[]): Node {
  return fill(graph, shape, 0);
}

export function ones(graph: Graph, shape: readonly number[]): Node {
  return fill(graph, shape, 1);
}

function fill(graph: Graph, shape: readonly number[], value: number): Node {
  const scalar = graph.scalar(value);
  return shape.length === 0 ? scalar : graph.node({ kind: 'expand' }, [scalar], shape);
}

/** The number that a scalar node holds. */
export function scalarValue(node: Node): number | undefined {
  return node.operation.kind === 'scalar' ? node.operation.value : undefined;
}

function isZero(node: Node): boolean {
  return scalarValue(node.operation.kind === 'expand' ? node.inputs[0]! : node) === 0;
}

/** Whether combining `small` with `large` leaves the shape of `large`. */
function fits(small: Node, large: Node): boolean {
  return (
    broadcastShapes(small.shape, large.shape).length === large.shape.length &&
    sizeOf(broadcastShapes(small.shape, large.shape)) === sizeOf(large.shape)
  );
}

function binary(kind: BinaryKind, a: Node, b: Node): Node {
  return a.graph.node({ kind }, [a, b], broadcastShapes(a.shape, b.shape));
}

function unary(kind: UnaryKind, a: Node): Node {
  return a.graph.node({ kind }, [a], a.shape);
}

function operands(a: Operand, b: Operand): [Graph, Node, Node] {
  const graph = typeof a !== 'number' ? a.graph : typeof b !== 'number' ? b.graph : undefined;
  if (!graph) throw new Error('An operation needs at least one node.');
  return [graph, typeof a === 'number' ? graph.scalar(a) : a, typeof b === 'number' ? graph.scalar(b) : b];
}
