import { pad, reshape } from './arrange.ts';
import { add, mul, scale, splitFactor, square } from './elementwise.ts';
import { type Node, sizeOf } from './graph.ts';

/** Sums of more terms are taken in two stages: one pass over millions of float32 terms is off by 4e-5, two by 1e-7. */
const termsInOnePass = 2048;

/** Sum over the given axes, which stay with length 1. */
export function sum(a: Node, axes: readonly number[]): Node {
  const chosen = [...axes].sort((p, q) => p - q).filter(axis => a.shape[axis] !== 1);
  if (chosen.length === 0) return a;
  const terms = chosen.reduce((count, axis) => count * a.shape[axis]!, 1);
  if (terms > termsInOnePass && chosen.length > 1) {
    return sum(sum(a, chosen.slice(-1)), chosen.slice(0, -1));
  }
  const shape = a.shape.map((dim, axis) => (chosen.includes(axis) ? 1 : dim));
  const { core, factor } = splitFactor(a);
  return scale(a.graph.node({ kind: 'sum', axes: chosen }, [core], shape), factor);
}

/** Sum of every entry, as a scalar; about √n terms a stage. */
export function sumAll(a: Node): Node {
  return reshape(sumTable(asTable(a)), []);
}

/** Sum of a table, rows first. */
function sumTable(table: Node): Node {
  return sum(sum(table, [1]), [0]);
}

/** The entries, and zeros where they do not fill it, in rows of at most about √n entries where there are many. */
function asTable(a: Node): Node {
  const size = sizeOf(a.shape);
  if (size <= termsInOnePass) return reshape(a, [1, size]);
  const columns = nearestDivisor(size);
  const rows = Math.ceil(size / columns);
  return reshape(pad(reshape(a, [size]), [0], [rows * columns - size]), [rows, columns]);
}

/** A divisor of size near its square root, or the root rounded up where there is none (a prime, say). */
function nearestDivisor(size: number): number {
  const root = Math.ceil(Math.sqrt(size));
  for (let divisor = root; divisor * 8 > root; divisor--) if (size % divisor === 0) return divisor;
  return root;
}

/** Mean over the given axes, which stay with length 1. */
export function mean(a: Node, axes: readonly number[]): Node {
  return mul(sum(a, axes), 1 / axes.reduce((count, axis) => count * a.shape[axis]!, 1));
}

export function meanAll(a: Node): Node {
  return mul(sumAll(a), 1 / sizeOf(a.shape));
}

/** Σ a·b over every entry, as a scalar. */
export function dot(a: Node, b: Node): Node {
  // The table is made first: engines then see a sum of squares for what it is.
  if (a === b) return reshape(sumTable(square(asTable(a))), []);
  return sumAll(mul(a, b));
}

/** ‖a‖², as a scalar. */
export function squaredNorm(a: Node): Node {
  return dot(a, a);
}

/** Sum of scalars, or of tensors of one shape. */
export function addAll(terms: readonly Node[]): Node {
  const [first, ...rest] = terms;
  if (!first) throw new Error('There is nothing to add.');
  return rest.reduce((total, term) => add(total, term), first);
}
