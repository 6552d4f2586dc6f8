import { afterAll, beforeAll, expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu } from '../engines/onnxruntime/load.ts';
import { plainProducts } from '../linear-algebra/products.ts';
import { openModel } from '../run/model-file.ts';
import { victimOf } from '../run/victim-of.ts';
import { weightsOfModel } from '../weights/model-weights.ts';
import { numericIdentifiable } from './identifiable.ts';
import { randomPoint } from './point.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await loadOnnxCpu();
});
afterAll(() => engine.dispose());

/** Windows of four pixels that do not touch, and nothing between them: 100 pixels, each known by itself, and 125 that are lost. */
const strided = `import * as tf from '@tensorflow/tfjs';
const model = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [15, 15, 1], filters: 8, kernelSize: 2, strides: 3, activation: 'tanh' }),
  tf.layers.flatten(), tf.layers.dense({ units: 3 }),
] });`;

async function measured(seed: number, largest: number) {
  const { model, file, shard } = await openModel({ path: 'model.js', text: strided });
  const victim = victimOf(model, weightsOfModel(model, file, shard, seed).values, 1);
  const means = { engine, products: plainProducts };
  return numericIdentifiable(victim, randomPoint(victim, seed), means, seed, neverCancelled, () => {}, largest);
}

test.each([1, 2, 3, 4])(
  'a sketch has the rank of the whole, where single entries are known too (seed %i)',
  async seed => {
    expect(await measured(seed, 225)).toMatchObject({ rank: 100, bound: 'exact' });
    expect(await measured(seed, 120)).toMatchObject({ rank: 100, bound: 'sketch', shares: null });
  },
);

test('a sketch that is full says only that there is more', async () => {
  expect(await measured(1, 90)).toMatchObject({ rank: 90, bound: 'at least' });
});
