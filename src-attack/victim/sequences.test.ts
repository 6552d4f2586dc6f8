import { beforeAll, describe, expect, it } from 'vitest';
import { compared, differences, ready, type TfjsCase } from './testing/tfjs-model.ts';

/* Recurrent layers and embeddings as TensorFlow.js runs them: its own loss and gradients. */

const head = "tf.layers.dense({ units: 4, activation: 'softmax' })";
const over = (layer: string, mergeMode: string) =>
  `tf.layers.bidirectional({ layer: ${layer}, mergeMode: ${mergeMode} })`;

const cases: readonly TfjsCase[] = [
  {
    name: 'simple cells: one after the other, backwards, linear',
    input: [5, 3],
    layers: [
      'tf.layers.simpleRNN({ units: 4, returnSequences: true })',
      "tf.layers.simpleRNN({ units: 3, returnSequences: true, goBackwards: true, activation: 'sigmoid' })",
      "tf.layers.simpleRNN({ units: 2, activation: 'linear', useBias: false })",
      head,
    ],
  },
  {
    name: 'GRU with its hard sigmoid, with others, and as a cell',
    input: [4, 3],
    layers: [
      'tf.layers.gru({ units: 4, returnSequences: true })',
      "tf.layers.gru({ units: 3, returnSequences: true, recurrentActivation: 'sigmoid', activation: 'softsign' })",
      "tf.layers.rnn({ cell: tf.layers.gruCell({ units: 2, recurrentActivation: 'sigmoid', useBias: false }) })",
      head,
    ],
  },
  {
    name: 'LSTM: all states, the last one, backwards',
    input: [4, 3],
    layers: [
      'tf.layers.lstm({ units: 3, returnSequences: true, unitForgetBias: true })',
      "tf.layers.lstm({ units: 4, returnSequences: true, goBackwards: true, recurrentActivation: 'sigmoid' })",
      "tf.layers.lstm({ units: 2, activation: 'elu', recurrentActivation: 'sigmoid', useBias: false })",
      head,
    ],
  },
  {
    name: 'both directions, side by side and added',
    input: [4, 3],
    layers: [
      over("tf.layers.lstm({ units: 2, returnSequences: true, recurrentActivation: 'sigmoid' })", "'concat'"),
      over("tf.layers.gru({ units: 3, returnSequences: true, recurrentActivation: 'sigmoid' })", "'sum'"),
      over('tf.layers.simpleRNN({ units: 3, returnSequences: true, goBackwards: true })', "'ave'"),
      over('tf.layers.simpleRNN({ units: 3 })', "'mul'"),
      head,
    ],
  },
  {
    name: 'one step',
    input: [1, 3],
    layers: ["tf.layers.gru({ units: 3, recurrentActivation: 'sigmoid' })", head],
  },
  {
    name: 'tokens, a convolution over them, a recurrent layer, a mean over time',
    input: [5],
    vocabulary: 12,
    layers: [
      'tf.layers.embedding({ inputDim: 12, outputDim: 3 })',
      "tf.layers.conv1d({ filters: 4, kernelSize: 2, activation: 'tanh' })",
      "tf.layers.lstm({ units: 3, returnSequences: true, recurrentActivation: 'sigmoid' })",
      'tf.layers.layerNormalization({})',
      'tf.layers.globalAveragePooling1d({})',
      head,
    ],
  },
];

beforeAll(ready);

describe('loss and gradients of TensorFlow.js', () => {
  it.each(cases)('$name', async tested => {
    const { actual, expected } = await compared(tested);
    expect(Object.keys(actual).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, gap] of differences(actual, expected)) expect(gap, name).toBeLessThan(1e-4);
  });
});
