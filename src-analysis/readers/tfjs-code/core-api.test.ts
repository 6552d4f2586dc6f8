import { describe, expect, it } from 'vitest';
import { summarise } from './test-summary.ts';

const cases: readonly { readonly what: string; readonly code: string; readonly expected: readonly string[] }[] = [
  {
    what: 'methods of tensors on variables, reached by a function that nobody calls',
    code: `const w1 = tf.variable(tf.randomNormal([5, 5, 1, 8], 0, 0.1));
      const w2 = tf.variable(tf.zeros([14 * 14 * 8, 10])), bias = tf.variable(tf.zeros([10]));
      function net(xs) {
        const x = xs.as4D(-1, 28, 28, 1);
        const y = tf.tidy(() => x.conv2d(w1, 1, 'same').relu().maxPool([2, 2], 2, 0));
        return y.as2D(-1, w2.shape[0]).matMul(w2).add(bias);
      }`,
    expected: [
      '== net',
      'unknown ? (unknown: `xs` is a parameter of `net`, which is not called with known arguments here.)',
      'as4D ? -> [28,28,1]',
      'conv2d [28,28,1] -> [28,28,8]',
      'relu [28,28,8] -> [28,28,8]',
      'maxPool [28,28,8] -> [14,14,8]',
      'as2D [14,14,8] -> [1568]',
      'matMul [1568] -> [10]',
      'add [10] -> [10]',
      'gap: These layers are not seen to be part of a model of this file.',
    ],
  },
  {
    what: 'functions on tensors',
    code: `const k = tf.variable(tf.truncatedNormal([3, 3, 2, 4])), d = tf.tensor4d(values, [3, 3, 4, 2]), m = tf.ones([5, 8]);
      export const infer = image => {
        // leaklint-shape: [8, 8, 2]
        let x = tf.conv2d(image, k, [2, 2], 'valid');
        x = tf.add(tf.sigmoid(x), tf.tanh(x));
        x = tf.depthwiseConv2d(x, d, 1, 'same');
        x = tf.avgPool(x, 3, 1, 'valid');
        return tf.softmax(tf.matMul(tf.reshape(x, [-1, 8]), m, false, true).div(255));
      };`,
    expected: [
      '== infer',
      'unknown [8,8,2] (unknown: `image` is a parameter of `infer`, which is not called with known arguments here.)',
      'conv2d [8,8,2] -> [3,3,4]',
      'sigmoid [3,3,4] -> [3,3,4]',
      'tanh [3,3,4] -> [3,3,4]',
      'add [3,3,4] + [3,3,4] -> [3,3,4]',
      'depthwiseConv2d [3,3,4] -> [3,3,8]',
      'avgPool [3,3,8] -> [1,1,8]',
      'reshape [1,1,8] -> [8]',
      'matMul [8] -> [5]',
      'div [5] -> [5]',
      'softmax [5] -> [5]',
      'gap: These layers are not seen to be part of a model of this file.',
    ],
  },
  {
    what: 'nothing of computations without a weight, nor of what cannot be followed',
    code: `const a = tf.zeros([2, 3]), b = tf.tensor2d([[1, 2]]);
      function loss(x, y) { return x.sub(y).mul(2).mean(); }
      const input = tf.input({shape: [4]}), out = tf.layers.reLU().apply(input);
      function loss2() { return out.mul(out).relu(); }
      const c = a.matMul(b), e = tf.relu(b), f = [1, 2].add, g = unknownThing.add(3).relu();`,
    expected: [
      '== layers',
      'input [4]',
      'reLU [4] -> [4]',
      'gap: These layers are not seen to be part of a model of this file.',
    ],
  },
];

describe('models written with operations on tensors', () => {
  it.each(cases)('$what', ({ code, expected }) => {
    expect(summarise(code)).toEqual(expected);
  });
});
