import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Node } from '../../ir/graph.ts';

/** The TensorFlow.js module, whichever package it came from. */
export type Tfjs = typeof import('@tensorflow/tfjs');

/**
 * Computes one node of a lowered graph (see lowering.ts) from its inputs' tensors, by forward operations only:
 * TensorFlow.js's own derivatives are wrong beyond the first for every operation that saves its output.
 */
export function evaluateWithTfjs(tf: Tfjs, node: Node, inputs: readonly Tensor[]): Tensor {
  const [a, b] = inputs as [Tensor, Tensor];
  const { operation, shape } = node;
  const target = [...shape];
  switch (operation.kind) {
    case 'input':
    case 'convWeightGrad':
      throw new Error(`A node of kind ${operation.kind} is not computed.`);
    case 'constant':
      return tf.tensor(Float32Array.from(operation.data), target);
    case 'scalar':
      return tf.scalar(operation.value);
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return tf[operation.kind](a, b);
    case 'neg':
    case 'tanh':
    case 'sigmoid':
    case 'exp':
    case 'log':
    case 'sqrt':
    case 'abs':
    case 'sign':
    case 'erf':
      return tf[operation.kind](a);
    case 'softplus':
      // Some backends' own kernel is cut off at a threshold.
      return tf.add(tf.relu(a), tf.log1p(tf.exp(tf.neg(tf.abs(a)))));
    case 'pow':
      return tf.pow(a, tf.scalar(operation.exponent));
    case 'leakyRelu':
      return operation.alpha === 0 ? tf.relu(a) : tf.leakyRelu(a, operation.alpha);
    case 'gate':
      return tf.step(a, operation.alpha);
    case 'softmax':
      return tf.softmax(a);
    case 'logSoftmax':
      return tf.logSoftmax(a);
    case 'oneHotMax':
      return tf.cast(tf.oneHot(tf.argMax(a, -1).toInt(), target.at(-1)!), 'float32').reshape(target);
    case 'reshape':
      return tf.reshape(a, target);
    case 'expand':
      return tf.broadcastTo(a, target);
    case 'transpose':
      return tf.transpose(a, [...operation.permutation]);
    case 'slice':
      return sliceTensor(tf, a, operation.starts, operation.steps, target);
    case 'pad':
      return padTensor(tf, a, operation.before, operation.after, operation.value).reshape(target);
    case 'concat':
      return tf.concat([...inputs], operation.axis);
    case 'sum':
      return tf.sum(a, [...operation.axes], true);
    case 'matmul':
      return tf.matMul(a, b, operation.transposeA, operation.transposeB);
    case 'conv':
      return tf.conv2d(
        a as Tensor4D,
        b as Tensor4D,
        pair(operation.geometry.strides),
        'valid',
        'NHWC',
        pair(operation.geometry.dilations),
      );
    case 'convInputGrad': {
      const [n, height, width, channels] = target as [number, number, number, number];
      return tf.conv2dTranspose(
        a as Tensor4D,
        b as Tensor4D,
        [n, height, width, channels],
        pair(operation.geometry.strides),
        'valid',
      );
    }
  }
}

function sliceTensor(
  tf: Tfjs,
  a: Tensor,
  starts: readonly number[],
  steps: readonly number[],
  target: number[],
): Tensor {
  if (steps.every(step => step === 1)) return tf.slice(a, [...starts], target);
  const ends = starts.map((start, axis) => start + (target[axis]! - 1) * steps[axis]! + 1);
  return tf.stridedSlice(a, [...starts], ends, [...steps]);
}

/** Neighbouring axes without padding are joined first: some backends pad no more than four axes. */
function padTensor(tf: Tfjs, a: Tensor, before: readonly number[], after: readonly number[], value: number): Tensor {
  const shape: number[] = [];
  const amounts: [number, number][] = [];
  a.shape.forEach((dim, axis) => {
    const amount: [number, number] = [before[axis]!, after[axis]!];
    const plain = amount[0] === 0 && amount[1] === 0;
    const last = amounts.at(-1);
    if (plain && last && last[0] === 0 && last[1] === 0) shape[shape.length - 1]! *= dim;
    else {
      shape.push(dim);
      amounts.push(amount);
    }
  });
  return tf.pad(tf.reshape(a, shape), amounts, value);
}

function pair([rows, columns]: readonly [number, number]): [number, number] {
  return [rows, columns];
}
