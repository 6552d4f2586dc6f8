import { describe, expect, test } from 'vitest';
import { analyseModel } from '../analyse.ts';
import type { ConvRanks } from '../model/analysis.ts';
import { geometryKey } from '../model/analysis.ts';
import { neverCancelled } from '../readers/reader.ts';
import { readTfjsCode } from '../readers/tfjs-code/read.ts';

function read(...layers: readonly string[]) {
  const text = `import * as tf from '@tensorflow/tfjs';\nexport const model = tf.sequential({ layers: [\n${layers.map(layer => `tf.layers.${layer},`).join('\n')}\n] });`;
  return readTfjsCode({ path: 'model.ts', text }, neverCancelled).models[0]!;
}
const analyse = (...layers: readonly string[]) => analyseModel(read(...layers), new Map(), neverCancelled);

describe('a convolution’s unknowns', () => {
  test('are those before zeros put around it, however they are written', () => {
    const same = analyse(
      "conv2d({ inputShape: [32, 32, 3], filters: 12, kernelSize: 5, padding: 'same', activation: 'tanh' })",
    );
    const padded = analyse(
      'zeroPadding2d({ inputShape: [32, 32, 3], padding: [[1, 1], [1, 1]] })',
      'zeroPadding2d({ padding: 1 })',
      "conv2d({ filters: 12, kernelSize: 5, activation: 'tanh' })",
    );
    expect(padded.layers[0]).toEqual({ ...same.layers[0], layer: padded.layers[0]?.layer });
    expect(same.layers[0]).toMatchObject({ unknowns: 3072, rows: { weights: 12288, gradients: 900 } });
  });

  test('do not depend on where the channels stand', () => {
    const last = analyse(
      "conv2d({ inputShape: [9, 7, 2], filters: 3, kernelSize: [3, 2], strides: 2, activation: 'tanh' })",
    );
    const first = analyse(
      "conv2d({ inputShape: [2, 9, 7], filters: 3, kernelSize: [3, 2], strides: 2, dataFormat: 'channelsFirst', activation: 'tanh' })",
    );
    expect(first.layers).toEqual(last.layers);
  });
});

describe('no verdict', () => {
  const conv = "conv2d({ inputShape: [16, 16, 3], filters: 8, kernelSize: 3, activation: 'tanh', name: 'conv' })";
  test.each([
    ['behind ReLU', [conv.replace('tanh', 'relu')], /relu/],
    ['behind pooling', [conv, "maxPooling2d({ poolSize: 2, name: 'pool' })"], /'pool'/],
    ['of a frozen layer', [conv.replace('name:', 'trainable: false, name:')], /frozen/],
    [
      'of a separable convolution',
      ['separableConv2d({ inputShape: [16, 16, 3], filters: 8, kernelSize: 3 })'],
      /separable/,
    ],
    ['of a recurrent layer', ['lstm({ inputShape: [5, 3], units: 4 })'], /recurrent/],
    ['of a dense layer at many positions', ['dense({ inputShape: [5, 3], units: 4 })'], /several positions/],
  ])('%s, with the reason', (_, layers, reason) => {
    const [layer] = analyse(...layers).layers;
    expect(layer).toMatchObject({ verdict: 'unknown', basis: 'not-covered', rank: null, deficiency: null });
    expect(layer?.reason).toMatch(reason);
  });
});

test('an exact result replaces the law’s, and is no longer pending', () => {
  const graph = read(
    'zeroPadding2d({ inputShape: [12, 12, 3], padding: 3 })',
    "conv2d({ filters: 2, kernelSize: 3, activation: 'tanh' })",
    'flatten()',
    'dense({ units: 3 })',
  );
  const doubtful = analyseModel(graph, new Map(), neverCancelled);
  expect(doubtful.layers[0]).toMatchObject({ basis: 'law', outsideDomain: true });
  expect(doubtful.layers[0]?.reason).toMatch(/outside the domain/);
  expect(doubtful.pending).toHaveLength(1);
  const key = geometryKey(doubtful.pending[0]!);
  const ranks: ConvRanks = { touched: 432, weights: 400, gradients: 54, system: 431 };
  const settled = analyseModel(graph, new Map([[key, ranks]]), neverCancelled);
  expect(settled.layers[0]).toMatchObject({ basis: 'finite-field', deficiency: -1, rank: { system: 431 } });
  expect(settled.layers[0]?.reason).toBeUndefined();
  expect(settled.pending).toEqual([]);
  const given = analyseModel(graph, new Map([[key, null]]), neverCancelled);
  expect(given.layers[0]?.reason).toMatch(/out of reach/);
  expect(given.pending).toEqual([]);
});

test('a doubtful geometry out of reach says so and is not asked for', () => {
  const graph = read(
    "conv2d({ inputShape: [112, 112, 64], filters: 66, kernelSize: 3, activation: 'tanh' })",
    'flatten()',
    'dense({ units: 3 })',
  );
  const { layers, pending } = analyseModel(graph, new Map(), neverCancelled);
  expect(layers[0]).toMatchObject({ basis: 'law', nearCritical: true });
  expect(layers[0]?.reason).toMatch(/out of reach/);
  expect(pending).toEqual([]);
});

test('ten thousand layers are analysed', () => {
  const text = `import * as tf from '@tensorflow/tfjs';
    export const model = tf.sequential();
    model.add(tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, padding: 'same', activation: 'tanh' }));
    for (let i = 0; i < 9_997; i++) model.add(tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'tanh' }));
    model.add(tf.layers.flatten());
    model.add(tf.layers.dense({ units: 3 }));`;
  const graph = readTfjsCode({ path: 'deep.ts', text }, neverCancelled).models[0]!;
  const analysis = analyseModel(graph, new Map(), neverCancelled);
  expect(analysis.layers).toHaveLength(9_999);
  expect(analysis.identifiable.rank).toBeGreaterThan(0);
});
