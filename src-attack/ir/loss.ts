import { logSoftmax } from './activation.ts';
import { mul, neg, softplus, square, sub } from './elementwise.ts';
import { type Node, sameShape, sizeOf } from './graph.ts';
import { sumAll } from './reduce.ts';

/* Losses as a model is trained with: means over the batch, as in PyTorch and Keras. */

/** −Σ y·log softmax(logits) over the last axis, averaged over everything before it; y are probabilities (one-hot). */
export function crossEntropy(logits: Node, y: Node): Node {
  check(logits, y);
  const samples = sizeOf(logits.shape) / logits.shape.at(-1)!;
  return mul(neg(sumAll(mul(y, logSoftmax(logits)))), 1 / samples);
}

/** Binary cross-entropy of sigmoid(logits) with y, averaged over all entries: softplus(z) − y·z. */
export function binaryCrossEntropy(logits: Node, y: Node): Node {
  check(logits, y);
  return mul(sumAll(sub(softplus(logits), mul(y, logits))), 1 / sizeOf(logits.shape));
}

/** Mean of (output − y)² over all entries. */
export function meanSquaredError(output: Node, y: Node): Node {
  check(output, y);
  return mul(sumAll(square(sub(output, y))), 1 / sizeOf(output.shape));
}

function check(output: Node, y: Node): void {
  if (!sameShape(output.shape, y.shape)) {
    throw new Error(`The output is [${output.shape.join(', ')}], the target [${y.shape.join(', ')}].`);
  }
}
