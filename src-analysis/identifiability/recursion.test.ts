import { describe, expect, test } from 'vitest';
import { analyseModel } from '../analyse.ts';
import { neverCancelled } from '../readers/reader.ts';
import { readTfjsCode } from '../readers/tfjs-code/read.ts';

/** Analyses `tf.sequential` of the given layers, each written as the call after `tf.layers.`. */
function analyse(...layers: readonly string[]) {
  const text = `import * as tf from '@tensorflow/tfjs';\nexport const model = tf.sequential({ layers: [\n${layers.map(layer => `tf.layers.${layer},`).join('\n')}\n] });`;
  const { models, errors } = readTfjsCode({ path: 'model.ts', text }, neverCancelled);
  expect(errors).toEqual([]);
  const graph = models[0]!;
  const { identifiable } = analyseModel(graph, new Map(), neverCancelled);
  return { ...identifiable, decidedBy: graph.layers[identifiable.bottleneck ?? -1]?.name };
}

const input = 'inputShape: [32, 32, 3]';
const wide = `conv2d({ ${input}, filters: 6, kernelSize: 3, useBias: false, activation: 'tanh' })`;
const narrow = "conv2d({ filters: 3, kernelSize: 4, strides: 2, activation: 'tanh', name: 'narrow' })";
const head = ['flatten()', 'dense({ units: 10 })'];

describe('the identifiable dimension', () => {
  const cases: readonly { name: string; layers: readonly string[]; rank: number; decidedBy?: string }[] = [
    { name: 'one wide convolution gives everything', layers: [wide, ...head], rank: 3072 },
    { name: 'a narrow layer behind decides', layers: [wide, narrow, ...head], rank: 1029, decidedBy: 'narrow' },
    {
      name: 'a separate activation counts as the layer’s own',
      layers: [
        `conv2d({ ${input}, filters: 6, kernelSize: 3, useBias: false })`,
        "activation({ activation: 'tanh' })",
        "conv2d({ filters: 3, kernelSize: 4, strides: 2, name: 'narrow' })",
        "activation({ activation: 'sigmoid' })",
        ...head,
      ],
      rank: 1029,
      decidedBy: 'narrow',
    },
    {
      name: 'a bias before the deciding layer adds an equation a filter',
      layers: [wide.replace('useBias: false, ', ''), narrow, ...head],
      rank: 1035,
      decidedBy: 'narrow',
    },
    {
      name: 'leaky ReLU conserves one relation a channel between two convolutions',
      layers: [
        `conv2d({ ${input}, filters: 6, kernelSize: 3 })`,
        'leakyReLU({ alpha: 0.01 })',
        "conv2d({ filters: 3, kernelSize: 4, strides: 2, name: 'narrow' })",
        'leakyReLU({ alpha: 0.01 })',
        ...head,
      ],
      rank: 1023,
      decidedBy: 'narrow',
    },
    {
      name: 'outputs that a strided layer behind skips give no equations',
      layers: [wide, "conv2d({ filters: 8, kernelSize: 1, strides: 2, activation: 'tanh' })", ...head],
      rank: 1476,
      decidedBy: 'conv2d_1',
    },
    {
      name: 'pixels that no window reaches are lost',
      layers: [`conv2d({ ${input}, filters: 12, kernelSize: 5, strides: 2, activation: 'tanh' })`, ...head],
      rank: 2883,
      decidedBy: 'conv2d_1',
    },
    {
      name: 'a dense first layer with ReLU gives its input',
      layers: ["dense({ inputShape: [784], units: 32, activation: 'relu' })", 'dense({ units: 10 })'],
      rank: 784,
    },
    {
      name: 'what follows the first dense layer does not matter',
      layers: [
        wide,
        'flatten()',
        "dense({ units: 32, activation: 'relu' })",
        'dropout({ rate: 0.5 })',
        "dense({ units: 10, activation: 'softmax' })",
      ],
      rank: 3072,
    },
  ];
  test.each(cases)('$name', ({ layers, rank, decidedBy }) => {
    const result = analyse(...layers);
    expect(result).toMatchObject({ rank, basis: 'law' });
    expect(result.decidedBy).toBe(decidedBy);
  });
});

describe('where the recursion does not hold, r is unknown and the layer in the way is named', () => {
  const cases: readonly { name: string; layers: readonly string[]; reason: RegExp }[] = [
    {
      name: 'ReLU between convolutions',
      layers: [wide.replace('tanh', 'relu'), narrow, ...head],
      reason: /activation relu .*conv2d_1/,
    },
    {
      name: 'pooling',
      layers: [wide, "maxPooling2d({ poolSize: 2, name: 'pool' })", ...head],
      reason: /pooling .*'pool'/,
    },
    {
      name: 'normalisation',
      layers: [wide, "batchNormalization({ name: 'bn' })", ...head],
      reason: /normalisation .*'bn'/,
    },
    {
      name: 'frozen layers',
      layers: [wide.replace('useBias', 'trainable: false, useBias'), ...head],
      reason: /frozen .*conv2d_1/,
    },
    {
      name: 'no activation between convolutions',
      layers: [wide.replace(", activation: 'tanh'", ''), narrow, ...head],
      reason: /one linear map/,
    },
    {
      name: 'a stride beyond the kernel behind another convolution',
      layers: [wide, "conv2d({ filters: 8, kernelSize: 2, strides: 3, activation: 'tanh' })", ...head],
      reason: /no regular grid/,
    },
    { name: 'no dense layer', layers: [wide, 'flatten()'], reason: /no dense layer/ },
    {
      name: 'a dense layer at every position',
      layers: [wide, 'dense({ units: 4 })', ...head],
      reason: /not one known vector/,
    },
  ];
  test.each(cases)('$name', ({ layers, reason }) => {
    expect(analyse(...layers)).toMatchObject({ rank: null, fraction: null, basis: 'unknown', unknowns: 3072 });
    expect(analyse(...layers).reason).toMatch(reason);
  });
});
