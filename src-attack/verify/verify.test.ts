import { describe, expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { openModel } from '../run/model-file.ts';
import { pixelMap } from './map.ts';
import { twinOf } from './twin.ts';
import { verifyModel } from './verify.ts';

const open = (layers: string) =>
  openModel({
    path: 'model.js',
    text: `import * as tf from '@tensorflow/tfjs'; const model = tf.sequential({ layers: [${layers}] });`,
  });

async function verify(layers: string, batch = 1) {
  return verifyModel(await open(layers), { seed: 3, batch }, { cancel: neverCancelled, progress: () => {} });
}

/** Layers, and the rank that counting by hand or the law gives. */
const cases: readonly [string, string, number, number, number?][] = [
  ['a dense layer with bias gives everything', 'tf.layers.dense({ inputShape: [20], units: 4 })', 20, 20],
  [
    'stride and padding leave pixels that no window touches',
    `tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 8, kernelSize: 2, strides: 3, activation: 'tanh' }),
     tf.layers.flatten(), tf.layers.dense({ units: 3 })`,
    16,
    36,
  ],
  [
    'a frozen layer shares no gradient',
    `tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 1, kernelSize: 3, strides: 3, trainable: false, activation: 'tanh' }),
     tf.layers.flatten(), tf.layers.dense({ units: 3 })`,
    4,
    36,
  ],
  // Rows of p − y sum to zero over the classes: of two rows of five weights and one bias, one is independent.
  ['two examples in a dense layer of two classes', 'tf.layers.dense({ inputShape: [5], units: 2 })', 6, 10, 2],
];

describe('the measured identifiable dimension', () => {
  test.each(cases)('%s', async (_, layers, rank, unknowns, batch) => {
    const result = await verify(layers, batch);
    expect(result).toMatchObject({ rank, unknowns, bound: 'exact', certain: true });
  });

  test('the map is dark where no window looks', async () => {
    const { shares, inputShape } = await verify(
      `tf.layers.conv2d({ inputShape: [5, 5, 1], filters: 4, kernelSize: 2, strides: 2, activation: 'tanh' }),
       tf.layers.flatten(), tf.layers.dense({ units: 3 })`,
    );
    const map = pixelMap(shares!, inputShape)!;
    const rounded = Array.from(map.shares, share => Math.round(1000 * share) / 1000);
    const expected = Array.from({ length: 25 }, (_, p) => (p % 5 < 4 && p < 20 ? 1 : 0));
    expect(rounded).toEqual(expected);
  });

  test('a model that cannot be run says why', async () => {
    await expect(verify('tf.layers.dense({ units: 4 })')).rejects.toThrow(/shape of the input is not known/);
  });
});

describe('the smaller twin', () => {
  const classifier = `tf.layers.conv2d({ inputShape: [224, 224, 3], filters: 8, kernelSize: 3, strides: 2, padding: 'same' }),
    tf.layers.maxPooling2d({ poolSize: 2 }), tf.layers.flatten(), tf.layers.dense({ units: 10 })`;

  test('keeps hyper-parameters, shrinks the picture and refits the dense layer', async () => {
    const { model } = await open(classifier);
    const twin = twinOf(model, 4096);
    if (!('graph' in twin)) throw new Error(twin.reason);
    const shapes = twin.graph.layers.map(layer => layer.outputShapes[0]);
    expect(shapes).toEqual([[32, 32, 3], [16, 16, 8], [8, 8, 8], [512], [10]]);
    expect(twin.graph.layers[4]).toMatchObject({ op: { kind: 'dense', inFeatures: 512, units: 10 } });
  });

  test('there is none for a model whose input is no picture', async () => {
    const { model } = await open('tf.layers.dense({ inputShape: [9000], units: 2 })');
    expect(twinOf(model, 4096)).toHaveProperty('reason');
  });
});
