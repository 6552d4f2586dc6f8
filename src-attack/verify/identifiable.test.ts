import { afterAll, beforeAll, expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu } from '../engines/onnxruntime/load.ts';
import { add } from '../ir/elementwise.ts';
import { gradient } from '../ir/gradient.ts';
import { createGraph } from '../ir/graph.ts';
import { crossEntropy } from '../ir/loss.ts';
import { dense } from '../ir/matmul.ts';
import { plainProducts } from '../linear-algebra/products.ts';
import { createRandom } from '../optimisers/random.ts';
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

test('a gradient that is zero but for rounding tells nothing', async () => {
  const random = createRandom(1);
  const normals = (length: number) => Float64Array.from({ length }, () => random.normal());
  const graph = createGraph();
  const x = graph.input('x', [1, 6]);
  const y = graph.input('y', [1, 3]);
  // Softmax does not see what is added to all logits alike, so its gradient Σ(p − y) cancels; p − y has rank 2.
  const everywhere = graph.constant('added to all', [1], normals(1));
  const each = graph.constant('added to each', [3], normals(3));
  const logits = add(add(dense(x, graph.constant('kernel', [6, 3], normals(18))), everywhere), each);
  const loss = crossEntropy(logits, y);
  const parameters = [everywhere, each].map((node, i) => ({ name: `${i}`, layerId: i, role: 'bias', node }));
  const victim = {
    ...{ graph, x, y, logits, loss, parameters, inputLayout: 'channelsFirst' as const },
    ...{ gradients: gradient(loss, [everywhere, each]), layerOutputs: new Map(), assumptions: [] },
  };
  const point = { x: normals(6), y: Float64Array.of(0, 1, 0) };
  const means = { engine, products: plainProducts };
  for (const seed of [1, 2, 3]) {
    const found = await numericIdentifiable(victim, point, means, seed, neverCancelled, () => {});
    expect(found).toMatchObject({ rank: 2, certain: true });
  }
});
