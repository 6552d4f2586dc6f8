import { expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../../src-analysis/readers/tfjs-code/read.ts';
import { type ChainLayer, chainVictim, uniformWeights } from '../attacks/testing/chain-victim.ts';
import { weightsOfModel } from '../weights/model-weights.ts';
import { buildVictim } from './build-victim.ts';
import { lastDense } from './last-dense.ts';

const conv: ChainLayer = { type: 'conv', filters: 2, kernel: 3, bias: true };
const chain = (...layers: ChainLayer[]) => chainVictim([1, 1, 5, 5], layers, uniformWeights(1));

test.each([
  [
    'with a bias',
    [conv, { type: 'tanh' }, { type: 'dense', units: 4, bias: true }],
    { weight: 2, bias: 3, unitsFirst: true },
  ],
  [
    'without a bias',
    [conv, { type: 'tanh' }, { type: 'dense', units: 4 }],
    { weight: 2, bias: undefined, unitsFirst: true },
  ],
  ['as wide as its input', [conv, { type: 'dense', units: 18, bias: true }], { weight: 2, bias: 3, unitsFirst: true }],
] as const)('a last dense layer %s is found, as PyTorch lays it out', (_, layers, expected) => {
  const found = lastDense(chain(...layers));
  expect(found).toMatchObject(expected);
  expect(found?.features.shape).toEqual([1, 18]);
});

test('TensorFlow.js has units last', () => {
  const file = {
    path: 'model.ts',
    text: `import * as tf from '@tensorflow/tfjs';
      export const m = tf.sequential({ layers: [
        tf.layers.dense({ inputShape: [6], units: 6, activation: 'tanh' }), tf.layers.dense({ units: 6, activation: 'softmax' })] });`,
  };
  const model = readTfjsCode(file, neverCancelled).models[0]!;
  const { values } = weightsOfModel(model, file, () => undefined, 1);
  const { victim } = buildVictim(model, values, { batch: 1, loss: 'cross-entropy', normMode: 'eval' });
  expect(lastDense(victim!)).toMatchObject({ weight: 2, bias: 3, unitsFirst: false });
});

test('logits of another kind have none', () => {
  expect(lastDense(chain(conv))).toBeUndefined();
  expect(lastDense(chain({ type: 'dense', units: 3 }, { type: 'tanh' }))).toBeUndefined();
});
