import { reshape, transpose } from './arrange.ts';
import { scale, splitFactor } from './elementwise.ts';
import { type Node, sameShape } from './graph.ts';

/** Product of two matrices, or of stacks of them with equal leading axes; the last two axes transposed as told. */
export function matmul(a: Node, b: Node, transposeA = false, transposeB = false): Node {
  const rank = a.shape.length;
  const leading = a.shape.slice(0, -2);
  if (rank < 2 || b.shape.length !== rank || !sameShape(leading, b.shape.slice(0, -2))) {
    throw new Error(`[${a.shape.join(', ')}] and [${b.shape.join(', ')}] are no stacks of matrices of one kind.`);
  }
  const [rows, inner] = lastTwo(a, transposeA);
  const [innerB, columns] = lastTwo(b, transposeB);
  if (inner !== innerB) throw new Error(`Matrices of ${inner} columns and ${innerB} rows do not multiply.`);
  const [first, second] = [splitFactor(a), splitFactor(b)];
  const shape = [...leading, rows, columns];
  const product = a.graph.node({ kind: 'matmul', transposeA, transposeB }, [first.core, second.core], shape);
  return scale(product, first.factor * second.factor);
}

/** x [.., features] times w, applied to the last axis: w is [units, features] where `transposed`, else [features, units]. */
export function dense(x: Node, w: Node, transposed = false): Node {
  const features = x.shape.at(-1)!;
  const units = w.shape[transposed ? 0 : 1]!;
  const product = matmul(reshape(x, [-1, features]), w, false, transposed);
  return reshape(product, [...x.shape.slice(0, -1), units]);
}

/** Swaps the last two axes. */
export function transposeMatrix(a: Node): Node {
  const axes = a.shape.map((_, axis) => axis);
  const last = axes.length - 1;
  return transpose(a, [...axes.slice(0, -2), last, last - 1]);
}

function lastTwo(a: Node, transposed: boolean): [number, number] {
  const [rows, columns] = a.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}
