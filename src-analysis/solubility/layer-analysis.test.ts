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

/** Layers as TensorFlow.js code, and what the first one with weights must be told. */
const conv = "conv2d({ inputShape: [16, 16, 3], filters: 12, kernelSize: 3, activation: 'tanh', name: 'conv' })";
const linear = conv.replace("activation: 'tanh', ", '');

describe('a verdict', () => {
  test.each([
    [
      'behind ReLU',
      [conv.replace('tanh', 'relu')],
      { verdict: 'soluble', solubleFrom: 0.2, batchLimit: null },
      /half of the units/,
    ],
    [
      'behind max-pooling',
      [conv, 'maxPooling2d({ poolSize: 2 })'],
      { verdict: 'soluble', rank: { weights: 588 } },
      /largest entry/,
    ],
    [
      'behind average pooling, a convolution of its own',
      [linear, 'averagePooling2d({ poolSize: 2 })'],
      { verdict: 'deficient', rank: { weights: 588, gradients: 324, system: 675 } },
      /one example/,
    ],
    [
      'behind the average of curved values: bounded',
      [conv.replace('filters: 12', 'filters: 1'), 'averagePooling2d({ poolSize: 2 })'],
      { verdict: 'deficient', rank: { weights: 49, gradients: 27, system: 76 } },
      /upper bound/,
    ],
    [
      'of a frozen layer, by its weights',
      [conv.replace('name:', 'trainable: false, name:')],
      { rank: { gradients: 0 } },
      /frozen/,
    ],
    ['behind batch normalisation', [linear, 'batchNormalization()'], { verdict: 'soluble' }, /stored statistics/],
    [
      'behind layer normalisation, up to a scale',
      [linear, 'layerNormalization({ axis: [1, 2, 3] })'],
      { verdict: 'deficient', deficiency: -1 },
      /own statistics/,
    ],
    [
      'behind dropout',
      [linear, 'dropout({ rate: 0.25 })'],
      { verdict: 'soluble', rows: { weights: 1764 } },
      /rate 0.25/,
    ],
    [
      'behind cropping',
      [linear, 'cropping2D({ cropping: 2 })'],
      { verdict: 'soluble', rows: { weights: 1200 } },
      /no more is known/,
    ],
    [
      'of a separable convolution',
      ['separableConv2d({ inputShape: [16, 16, 3], filters: 8, kernelSize: 3 })'],
      { verdict: 'deficient', rank: { system: 612 } },
      /one example/,
    ],
    [
      'of a transposed convolution',
      ['conv2dTranspose({ inputShape: [8, 8, 3], filters: 6, kernelSize: 3, strides: 2 })'],
      { verdict: 'soluble', rank: { weights: 192 } },
      /one example/,
    ],
    [
      'of a three-dimensional convolution',
      ['conv3d({ inputShape: [6, 6, 6, 2], filters: 4, kernelSize: 3, activation: "tanh" })'],
      { verdict: 'soluble', unknowns: 432, rank: { weights: 256, gradients: 216, system: 432 } },
      /one example/,
    ],
    [
      'of a dense layer at many positions',
      ['dense({ inputShape: [5, 3], units: 4 })'],
      { verdict: 'soluble' },
      /one example/,
    ],
    [
      'of a recurrent layer with all its states',
      ['lstm({ inputShape: [5, 3], units: 4, returnSequences: true })'],
      { verdict: 'soluble' },
      /step by step/,
    ],
    [
      'of an embedding',
      ['embedding({ inputDim: 9, outputDim: 4, inputLength: 6 })'],
      { verdict: 'soluble', unknowns: 6 },
      /name the tokens/,
    ],
    [
      'of a normalisation',
      ['layerNormalization({ inputShape: [6, 4] })'],
      { verdict: 'deficient', deficiency: -12 },
      /own statistics/,
    ],
  ])('%s', (_, layers, figures, assumption) => {
    const [layer] = analyse(...layers).layers;
    expect(layer).toMatchObject(figures);
    expect(layer?.assumptions.join('; ')).toMatch(assumption);
  });

  test('states its best and its worst case', () => {
    const [layer] = analyse(conv.replace('tanh', 'relu').replace('filters: 12', 'filters: 6')).layers;
    expect(layer).toMatchObject({ verdict: 'deficient', rankRange: { least: 0, most: 768 }, solubleFrom: 0.52 });
  });

  test('says for which batches it holds', () => {
    const layers = ["conv2d({ inputShape: [8, 8, 3], filters: 3, kernelSize: 3, activation: 'tanh' })", 'flatten()'];
    const [layer] = analyse(...layers, 'dense({ units: 4 })').layers;
    expect(layer).toMatchObject({ verdict: 'deficient' });
    const wide = analyse(layers[0]!.replace('filters: 3', 'filters: 5'), 'flatten()', 'dense({ units: 4 })').layers[0];
    expect(wide).toMatchObject({ verdict: 'soluble', batchLimit: 9 });
  });
});

describe('no verdict', () => {
  test.each([
    ['where only the last state is known', ['lstm({ inputShape: [50, 30], units: 40 })'], /only its last state/],
    ['behind noise', [linear, 'gaussianNoise({ stddev: 1 })'], /noise/],
    ['behind an unknown activation', [linear.replace("name: 'conv'", 'activation: pick()')], /not known/],
  ])('%s, with the reason', (_, layers, reason) => {
    const [layer] = analyse(...layers).layers;
    expect(layer).toMatchObject({ verdict: 'unknown', basis: 'not-covered', rank: null, deficiency: null });
    expect(layer?.reason).toMatch(reason);
  });
});

describe('branches', () => {
  const branched = (lines: string) => {
    const text = `import * as tf from '@tensorflow/tfjs';
      const x = tf.input({ shape: [8, 8, 4] });
      const conv = (filters, kernelSize, name) => tf.layers.conv2d({ filters, kernelSize, padding: 'same', name });
      ${lines}
      export const model = tf.model({ inputs: x, outputs: y });`;
    const graph = readTfjsCode({ path: 'model.ts', text }, neverCancelled).models[0]!;
    const { layers } = analyseModel(graph, new Map(), neverCancelled);
    return Object.fromEntries(layers.map(figures => [graph.layers[figures.layer]!.name, figures]));
  };
  test.each([
    [
      'a sum with its own input keeps the rank',
      `const y = tf.layers.add().apply([conv(4, 3, 'a').apply(x), x]);`,
      { a: { verdict: 'soluble', rank: { weights: 256, system: 256 } } },
    ],
    [
      'a sum with an unknown tensor leaves the gradient rows',
      `const h = conv(4, 3, 'a').apply(x);
       const t = tf.layers.activation({ activation: 'tanh' }).apply(h);
       const y = tf.layers.add().apply([conv(4, 3, 'b').apply(t), x]);`,
      {
        a: { verdict: 'soluble' },
        b: {
          verdict: 'deficient',
          rank: { weights: 0, gradients: 144, system: 144 },
          rankRange: { least: 144, most: 256 },
        },
      },
    ],
    [
      'a sum of two convolutions is shared between them',
      `const t = tf.layers.activation({ activation: 'tanh' }).apply(conv(2, 3, 'a').apply(x));
       const y = tf.layers.add().apply([conv(8, 3, 'b').apply(t), conv(8, 1, 'c').apply(x)]);`,
      { b: { verdict: 'soluble', rank: { weights: 128 } }, c: { verdict: 'soluble' } },
    ],
    [
      'what is joined is known part by part',
      `const y = tf.layers.concatenate().apply([conv(4, 3, 'a').apply(x), conv(2, 1, 'b').apply(x)]);`,
      { a: { verdict: 'soluble' }, b: { verdict: 'deficient', rank: { weights: 128 } } },
    ],
    [
      'a product with another branch tells nothing',
      `const y = tf.layers.multiply().apply([conv(4, 3, 'a').apply(x), conv(4, 1, 'b').apply(x)]);`,
      { a: { verdict: 'unknown', reason: expect.stringMatching(/multiplies it with another branch/) } },
    ],
    [
      'a function written out in parts is one function',
      `const z = conv(4, 3, 'a').apply(x);
       const y = tf.layers.multiply().apply([z, tf.layers.activation({ activation: 'sigmoid' }).apply(z)]);`,
      { a: { verdict: 'soluble', assumptions: expect.arrayContaining([expect.stringMatching(/in parts/)]) } },
    ],
    [
      'a product with its own softmax is no function of single entries',
      `const z = conv(4, 3, 'a').apply(x);
       const y = tf.layers.multiply().apply([z, tf.layers.activation({ activation: 'softmax' }).apply(z)]);`,
      { a: { verdict: 'unknown', reason: expect.stringMatching(/multiplies it with another branch/) } },
    ],
  ])('%s', (_, lines, expected) => {
    expect(branched(lines)).toMatchObject(expected);
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
  expect(analysis.identifiable.rank ?? analysis.identifiable.reason).toBeTruthy();
});
