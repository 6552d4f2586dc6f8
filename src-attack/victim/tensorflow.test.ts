import { beforeAll, describe, expect, it } from 'vitest';
import { compared, differences, ready, type TfjsCase } from './testing/tfjs-model.ts';

/*
 * Models of TensorFlow.js, read from code, against TensorFlow.js's own loss and first derivatives (those it gets right):
 * every gradient has to come out in the layout of the weight itself.
 */

const classifier = ['tf.layers.flatten()', "tf.layers.dense({ units: 4, activation: 'softmax' })"];

const cases: readonly TfjsCase[] = [
  {
    name: 'convolutions, strides, same padding, bias',
    input: [9, 8, 3],
    layers: [
      "tf.layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: 2, padding: 'same', activation: 'tanh' })",
      "tf.layers.conv2d({ filters: 4, kernelSize: 2, useBias: false, activation: 'sigmoid' })",
      ...classifier,
    ],
  },
  {
    name: 'dilated convolution, upsampling, average of partly covered windows',
    input: [9, 9, 2],
    layers: [
      "tf.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })",
      "tf.layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same', activation: 'elu' })",
      'tf.layers.upSampling2d({ size: [2, 1] })',
      ...classifier,
    ],
    lossOnly:
      'It has none for dilated convolution; on its cpu backend, those of resizing and of padded average pooling are wrong.',
  },
  {
    name: 'layers at each step of time',
    input: [4, 9, 2],
    layers: [
      "tf.layers.timeDistributed({ layer: tf.layers.conv1d({ filters: 3, kernelSize: 3, strides: 2, activation: 'sigmoid' }) })",
      'tf.layers.timeDistributed({ layer: tf.layers.globalAveragePooling1d() })',
      ...classifier,
    ],
  },
  {
    name: 'pooling',
    input: [11, 11, 2],
    layers: [
      "tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'elu' })",
      "tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })",
      'tf.layers.averagePooling2d({ poolSize: 2, strides: 1 })',
      ...classifier,
    ],
  },
  {
    name: 'depthwise and separable convolution',
    input: [8, 8, 3],
    layers: [
      "tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: 'softplus' })",
      "tf.layers.separableConv2d({ filters: 4, kernelSize: 3, padding: 'same', depthMultiplier: 2, activation: 'selu' })",
      'tf.layers.globalAveragePooling2d({})',
      'tf.layers.dense({ units: 4 })',
    ],
  },
  {
    name: 'transposed convolution, padding, cropping',
    input: [4, 5, 2],
    layers: [
      "tf.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'tanh' })",
      'tf.layers.zeroPadding2d({ padding: [[1, 2], [0, 1]] })',
      'tf.layers.cropping2D({ cropping: [[1, 0], [1, 1]] })',
      "tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, activation: 'relu' })",
      ...classifier,
    ],
  },
  {
    name: 'batch-norm with stored statistics, dropout, leaky ReLU',
    input: [6, 6, 2],
    layers: [
      'tf.layers.conv2d({ filters: 3, kernelSize: 3 })',
      'tf.layers.batchNormalization({})',
      'tf.layers.leakyReLU({ alpha: 0.2 })',
      'tf.layers.dropout({ rate: 0.5 })',
      'tf.layers.prelu({ sharedAxes: [1, 2] })',
      ...classifier,
    ],
  },
  {
    name: 'batch-norm with the statistics of the batch',
    input: [6, 6, 2],
    layers: [
      'tf.layers.conv2d({ filters: 3, kernelSize: 3 })',
      'tf.layers.batchNormalization({})',
      "tf.layers.activation({ activation: 'tanh' })",
      ...classifier,
    ],
    options: { normMode: 'train' },
  },
  {
    name: 'sequence: 1-D convolution and pooling, layer-norm',
    input: [12, 3],
    layers: [
      "tf.layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' })",
      'tf.layers.layerNormalization({})',
      'tf.layers.maxPooling1d({ poolSize: 2 })',
      'tf.layers.averagePooling1d({ poolSize: 2 })',
      "tf.layers.dense({ units: 3, activation: 'tanh' })",
      'tf.layers.globalMaxPooling1d({})',
      'tf.layers.dense({ units: 4 })',
    ],
  },
  {
    name: 'vectors: reshape, permute, repeat, mean squared error',
    input: [12],
    layers: [
      "tf.layers.dense({ units: 12, activation: 'softsign' })",
      'tf.layers.reshape({ targetShape: [3, 4] })',
      'tf.layers.permute({ dims: [2, 1] })',
      'tf.layers.flatten()',
      'tf.layers.repeatVector({ n: 2 })',
      "tf.layers.dense({ units: 2, activation: 'hardSigmoid' })",
    ],
    options: { loss: 'mse' },
  },
  {
    name: 'binary cross-entropy after a sigmoid',
    input: [6],
    layers: [
      "tf.layers.dense({ units: 5, activation: 'relu6' })",
      "tf.layers.dense({ units: 1, activation: 'sigmoid' })",
    ],
    options: { loss: 'bce' },
  },
  {
    name: 'channels first',
    input: [2, 6, 6],
    layers: [
      "tf.layers.zeroPadding2d({ padding: 1, dataFormat: 'channelsFirst' })",
      "tf.layers.flatten({ dataFormat: 'channelsFirst' })",
      "tf.layers.dense({ units: 4, activation: 'softmax' })",
    ],
  },
];

beforeAll(ready);

describe('loss and gradients of TensorFlow.js', () => {
  it.each(cases)('$name', async tested => {
    const { actual, expected } = await compared(tested);
    if (!tested.lossOnly) expect(Object.keys(actual).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, gap] of differences(actual, expected)) expect(gap, name).toBeLessThan(1e-4);
  });
});
