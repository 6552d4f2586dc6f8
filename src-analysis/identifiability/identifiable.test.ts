import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../readers/onnx/read.ts';
import { neverCancelled } from '../readers/reader.ts';
import { rankTable } from '../solubility/layer-analysis.ts';
import { genericRank } from './exact/generic-rank.ts';
import { identifiableByFlow } from './flow/law.ts';
import { type IdentifiableOptions, identifiableOf } from './identifiable.ts';
import { graphsOf, modelOf } from './testing.ts';

function analyse(code: string | readonly string[], options: IdentifiableOptions = {}) {
  const graph = modelOf(code);
  const result = identifiableOf(graph, rankTable(new Map()), neverCancelled, options);
  return { ...result, decidedBy: graph.layers[result.bottleneck ?? -1]?.name };
}

const input = 'inputShape: [32, 32, 3]';
const wide = `conv2d({ ${input}, filters: 6, kernelSize: 3, useBias: false, activation: 'tanh' })`;
const narrow = "conv2d({ filters: 3, kernelSize: 4, strides: 2, activation: 'tanh', name: 'narrow' })";
const head = ['flatten()', 'dense({ units: 10 })'];

describe('the identifiable dimension by the law', () => {
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
      name: 'a hidden dense layer and what is behind it do not matter',
      layers: [
        wide,
        'flatten()',
        "dense({ units: 32, activation: 'relu' })",
        'dropout({ rate: 0.5 })',
        "dense({ units: 10, activation: 'softmax' })",
      ],
      rank: 3072,
    },
    {
      name: 'a mean over the map leaves the gradient of the kernel, a scalar a weight and a bias',
      layers: [
        `conv2d({ ${input}, filters: 8, kernelSize: 5, activation: 'tanh' })`,
        'globalAveragePooling2d({})',
        'dense({ units: 10 })',
      ],
      rank: 8 + 8 * 75 + 8,
      decidedBy: 'globalAveragePooling2d_1',
    },
    {
      name: 'pooling takes three of four outputs away',
      layers: [
        `conv2d({ ${input}, filters: 2, kernelSize: 5, activation: 'tanh' })`,
        'averagePooling2d({ poolSize: 2 })',
        ...head,
      ],
      rank: 392 + 150 + 2,
      decidedBy: 'conv2d_1',
    },
  ];
  test.each(cases)('$name', ({ layers, rank, decidedBy }) => {
    const result = analyse(layers);
    expect(result).toMatchObject({ rank, basis: 'law' });
    expect(result.decidedBy).toBe(decidedBy);
  });

  test('a residual branch beside the identity adds its kernels’ rows', () => {
    const same = "padding: 'same', activation: 'tanh'";
    const result = analyse(`const x = tf.input({ shape: [16, 16, 3] });
const a = tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, ${same} }).apply(x);
const b = tf.layers.conv2d({ filters: 4, kernelSize: 3, ${same} }).apply(a);
const s = tf.layers.add().apply([a, b]);
const c = tf.layers.conv2d({ filters: 1, kernelSize: 3, strides: 2, ${same} }).apply(s);
const y = tf.layers.dense({ units: 5 }).apply(tf.layers.flatten().apply(c));`);
    // 16 features, 36 + 1 rows of the last kernel, 144 + 4 of the branch, 108 + 4 of the first; less what they share.
    expect(result.rank).toBeGreaterThan(280);
    expect(result.rank).toBeLessThanOrEqual(16 + 37 + 148 + 112);
  });
});

describe('how sure it is', () => {
  const relu = [wide.replace('tanh', 'relu'), narrow.replace('tanh', 'relu'), ...head];

  test('where the active units decide, r is an estimate with a range', () => {
    const { rank, range, certainty, assumptions } = analyse(relu);
    expect(certainty).toBe('estimate');
    expect(range![0]).toBeLessThan(rank!);
    expect(range![1]).toBeGreaterThan(rank!);
    expect(assumptions).toEqual(expect.arrayContaining([expect.stringMatching(/^ReLU leaves 50 %/)]));
  });

  test('the share of active units is an assumption that can be changed', () => {
    const ranks = [0.3, 0.5, 1].map(activeShare => analyse(relu, { activeShare }).rank!);
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(ranks[2]).toBeGreaterThan(ranks[0]!);
  });

  test('a ReLU in front of plenty of equations leaves no doubt', () => {
    const layers = [`conv2d({ ${input}, filters: 64, kernelSize: 5, activation: 'relu' })`, ...head];
    expect(analyse(layers)).toMatchObject({ rank: 3072, certainty: 'law' });
  });

  test('small models where the law may err are eliminated exactly', () => {
    const layers = [
      "conv3d({ inputShape: [3, 3, 3, 3], filters: 2, kernelSize: 2, useBias: false, activation: 'tanh' })",
      ...head,
    ];
    expect(analyse(layers)).toMatchObject({ rank: 57, basis: 'finite-field', certainty: 'exact' });
  });
});

describe('what the observer gets', () => {
  const layers = [
    wide.replace('useBias: false', "useBias: false, name: 'first'"),
    narrow,
    'flatten()',
    'dense({ units: 10 })',
  ];
  const graph = modelOf(layers);
  const withheld = (name: string) =>
    analyse(layers, { withheld: new Set([graph.layers.find(layer => layer.name === name)!.id]) });

  test('without the first layer’s gradient its rows are missing', () => {
    expect(withheld('first').rank).toBe(867);
  });

  test('a frozen layer’s gradient is not there', () => {
    const frozen = analyse([layers[0]!.replace('useBias', 'trainable: false, useBias'), ...layers.slice(1)]);
    expect(frozen).toMatchObject({ rank: 867, decidedBy: 'narrow' });
    expect(frozen.assumptions).toContain('frozen layers send no gradient');
  });

  test('the gradient of a batch says less about each example', () => {
    const [one, two, eight] = [1, 2, 8].map(batch => analyse(layers, { batch }));
    expect(two).toMatchObject({ unknowns: 6144, assumptions: expect.arrayContaining(['2 examples in a gradient']) });
    expect(two!.rank).toBeGreaterThan(one!.rank!);
    expect(eight!.fraction).toBeLessThan(two!.fraction!);
  });
});

describe('where nothing is known, the reason names the layer', () => {
  const cases: readonly { name: string; layers: readonly string[]; reason: RegExp }[] = [
    {
      name: 'convolutions inside a recurrent cell',
      layers: ["convLstm2d({ inputShape: [3, 5, 5, 1], filters: 2, kernelSize: 3, name: 'memory' })", ...head],
      reason: /convLstm2d .*'memory'/,
    },
    {
      name: 'random noise',
      layers: ["gaussianNoise({ inputShape: [4], stddev: 0.1, name: 'noise' })", 'dense({ units: 2 })'],
      reason: /gaussianNoise .*'noise'/,
    },
  ];
  test.each(cases)('$name', ({ layers, reason }) => {
    const result = analyse(layers);
    expect(result).toMatchObject({ rank: null, fraction: null, basis: 'unknown' });
    expect(result.reason).toMatch(reason);
  });
});

describe('what stands between a token, a sequence or a gate and the loss', () => {
  const x = 'const x = tf.input({ shape: [24, 16] });';
  const apply = (layer: string, to: string) => `tf.layers.${layer}.apply(${to})`;
  const end = (from: string) => `const y = ${apply('dense({ units: 5 })', apply('flatten()', from))};`;
  const cases: readonly { name: string; code: string | readonly string[]; rank: number; unknowns: number }[] = [
    {
      name: 'attention that passes on as many values as a token has entries',
      code: [
        x,
        `const [q, k, v] = [4, 4, 16].map(units => ${apply('dense({ units })', 'x')});`,
        `const s = ${apply('softmax({ axis: -1 })', apply('dot({ axes: 2 })', '[q, k]'))};`,
        end(apply('dot({ axes: [2, 1] })', '[s, v]')),
      ].join('\n'),
      rank: 384,
      unknowns: 384,
    },
    {
      name: 'a simple recurrent layer whose states are known is a dense layer on its steps',
      code: [
        'simpleRNN({ inputShape: [12, 8], units: 2, useBias: false, returnSequences: true })',
        'flatten()',
        'dense({ units: 5 })',
      ],
      rank: 24 + 16 - 4,
      unknowns: 96,
    },
    {
      name: 'an LSTM: its last state and the rows of its kernels',
      code: ['lstm({ inputShape: [40, 12], units: 3 })', 'dense({ units: 5 })'],
      rank: 3 + 4 * 3 * (12 + 3 + 1),
      unknowns: 480,
    },
    {
      name: 'tokens: the entries of their vectors',
      code: ['embedding({ inputDim: 50, outputDim: 8, inputLength: 6 })', 'flatten()', 'dense({ units: 5 })'],
      rank: 48,
      unknowns: 48,
    },
    {
      name: 'a softmax between layers forgets one entry of each distribution',
      code: ["dense({ inputShape: [40, 12], units: 3, activation: 'softmax' })", 'flatten()', 'dense({ units: 5 })'],
      // As 40 windows of two units: 80 outputs and 24 + 3 rows less 4 relations.
      rank: 80 + 24 - 4,
      unknowns: 480,
    },
    {
      name: 'weights used twice send one gradient',
      code: [
        x,
        "const twice = tf.layers.dense({ units: 16, activation: 'tanh', useBias: false });",
        `const narrow = ${apply("dense({ units: 2, activation: 'tanh', useBias: false })", 'twice.apply(twice.apply(x))')};`,
        end('narrow'),
      ].join('\n'),
      rank: 48 + 28 + 256,
      unknowns: 384,
    },
  ];
  test.each(cases)('$name', ({ code, rank, unknowns }) => {
    const graph = modelOf(code);
    const law = identifiableByFlow(graph, rankTable(new Map()), neverCancelled);
    expect(law).toMatchObject({ identifiable: { rank, unknowns, basis: 'law', certainty: 'estimate' } });
    expect(genericRank(graph, neverCancelled)).toEqual({ rank, unknowns });
  });

  test('several inputs are unknown together', () => {
    const model = `const a = tf.input({ shape: [6] });
const b = tf.input({ shape: [4] });
const y = tf.layers.dense({ units: 3 }).apply(tf.layers.concatenate().apply([a, b]));
export const model = tf.model({ inputs: [a, b], outputs: y });`;
    const graph = graphsOf(model)[0]!;
    const result = identifiableOf(graph, rankTable(new Map()), neverCancelled);
    expect(result).toMatchObject({ rank: 10, unknowns: 10 });
    expect(result.assumptions).toContain('all 2 inputs are unknown to the observer');
  });
});

describe('models as people use them', () => {
  const zoo = path.join(import.meta.dirname, '../../test/fixtures/onnx/zoo');
  const names = ['light_bvlc_alexnet', 'light_inception_v1', 'light_resnet50', 'light_shufflenet', 'light_squeezenet'];
  test.each(names)('%s has an r, an estimate whose assumptions are told', name => {
    const bytes = new Uint8Array(readFileSync(path.join(zoo, `${name}.onnx`)));
    const graph = readOnnx({ path: name, bytes }, neverCancelled).models[0]!;
    const result = identifiableOf(graph, rankTable(new Map()), neverCancelled);
    expect(result).toMatchObject({ unknowns: 150_528, basis: 'law', certainty: 'estimate' });
    expect(result.fraction).toBeGreaterThan(0.1);
    expect(result.assumptions).toContain('ReLU leaves 50 % of its units active, in no particular pattern');
  });

  test('LeNet with ReLU and max-pooling', () => {
    const result = analyse([
      `conv2d({ ${input}, filters: 6, kernelSize: 5, activation: 'relu' })`,
      'maxPooling2d({ poolSize: 2 })',
      "conv2d({ filters: 16, kernelSize: 5, activation: 'relu' })",
      'maxPooling2d({ poolSize: 2 })',
      'flatten()',
      "dense({ units: 120, activation: 'relu' })",
      "dense({ units: 10, activation: 'softmax' })",
    ]);
    expect(result).toMatchObject({ unknowns: 3072, certainty: 'estimate', decidedBy: 'conv2d_1' });
    // All 1,102 expected active entries behind the first pooling, and the 450 rows of the first kernel less 6 relations.
    expect(result.rank).toBeGreaterThan(1100);
    expect(result.rank).toBeLessThan(1102 + 450);
  });

  test('a MobileNet: depthwise and pointwise convolutions, batch normalisation, a mean at the end', () => {
    const widths = [32, 64, 128, 128, 256, 256, 512];
    const blocks = widths
      .slice(1)
      .flatMap((filters, i) => [
        `depthwiseConv2d({ kernelSize: 3, padding: 'same', strides: ${i % 2 === 1 ? 2 : 1}, useBias: false })`,
        'batchNormalization()',
        'reLU({ maxValue: 6 })',
        `conv2d({ filters: ${filters}, kernelSize: 1, useBias: false })`,
        'batchNormalization()',
        'reLU({ maxValue: 6 })',
      ]);
    const result = analyse([
      "conv2d({ inputShape: [96, 96, 3], filters: 32, kernelSize: 3, strides: 2, padding: 'same', useBias: false })",
      'batchNormalization()',
      'reLU({ maxValue: 6 })',
      ...blocks,
      'globalAveragePooling2d({})',
      "dense({ units: 10, activation: 'softmax' })",
    ]);
    expect(result).toMatchObject({ unknowns: 27_648, basis: 'law', certainty: 'estimate' });
    expect(result.rank).toBeGreaterThan(512);
    expect(result.assumptions).toContain('batch normalisation by stored statistics');
  });
});
