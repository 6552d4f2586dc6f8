import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Activation, Op, Shape } from '../../model/graph.ts';
import { describeLayer } from './build.ts';
import { classNameOf, layerFactories } from './catalogue.ts';
import { type ConfigValue, type LayerConfig, unknown } from './config.ts';

/** Operators; shapes and weights are compared with TensorFlow.js itself in test/tfjs-shapes.test.ts. */
const lstmCell = { className: 'LSTMCell', config: { units: 3 } };

const operators: readonly [
  className: string,
  config: LayerConfig,
  inputs: readonly Shape[],
  op: Partial<Op> & object,
][] = [
  [
    'Conv2D',
    { filters: 6, kernelSize: [3, 5], strides: 2, padding: 'same', dataFormat: 'channelsFirst' },
    [[3, 32, 32]],
    {
      kind: 'conv',
      spatialRank: 2,
      inChannels: 3,
      filters: 6,
      kernelSize: [3, 5],
      strides: [2, 2],
      dilations: [1, 1],
      padding: { mode: 'same' },
      groups: 1,
      bias: true,
      dataFormat: 'channelsFirst',
    },
  ],
  [
    'Conv1D',
    { filters: 2, kernelSize: 3, dilationRate: 2, padding: 'causal' },
    [[9, 1]],
    { padding: { mode: 'explicit', before: [4], after: [0] } },
  ],
  [
    'DepthwiseConv2D',
    { kernelSize: 2, depthMultiplier: 3 },
    [[5, 5, 4]],
    { kind: 'conv', groups: 4, filters: 12, inChannels: 4 },
  ],
  [
    'SeparableConv2D',
    { filters: 2, kernelSize: 2, depthMultiplier: 3 },
    [[5, 5, 4]],
    { kind: 'separableConv', depthMultiplier: 3 },
  ],
  ['Conv2DTranspose', { filters: 2, kernelSize: 2 }, [[5, 5, 4]], { kind: 'convTranspose', outputPadding: [0, 0] }],
  ['Dense', { units: 4, useBias: false }, [[7, 5]], { kind: 'dense', inFeatures: 5, units: 4, bias: false }],
  ['MaxPooling2D', {}, [[4, 4, 1]], { kind: 'pool', pool: 'max', window: [2, 2], strides: [2, 2], global: false }],
  ['AveragePooling1D', { poolSize: 3, strides: 1 }, [[9, 1]], { pool: 'average', window: [3], strides: [1] }],
  ['GlobalAveragePooling2D', {}, [[4, 4, 3]], { kind: 'pool', global: true, window: [] }],
  ['BatchNormalization', { axis: 1 }, [[3, 8, 8]], { kind: 'norm', norm: 'batch', axes: [0], epsilon: 1e-3 }],
  // As Keras saves it once built.
  ['BatchNormalization', { axis: [3] }, [[8, 8, 3]], { axes: [2] }],
  ['LayerNormalization', { axis: [-1, 1], epsilon: 1e-6 }, [[4, 5]], { norm: 'layer', axes: [1, 0], epsilon: 1e-6 }],
  [
    'Concatenate',
    {},
    [
      [2, 3],
      [2, 4],
    ],
    { kind: 'merge', merge: 'concat', axis: 1 },
  ],
  [
    'Concatenate',
    { axis: 1 },
    [
      [2, 3],
      [5, 3],
    ],
    { axis: 0 },
  ],
  ['Permute', { dims: [3, 1, 2] }, [[4, 5, 6]], { kind: 'rearrange', how: 'permute', permutation: [2, 0, 1] }],
  ['Flatten', { dataFormat: 'channelsFirst' }, [[3, 4, 5]], { how: 'flatten', permutation: [1, 2, 0] }],
  [
    'ZeroPadding2D',
    {
      padding: [
        [1, 2],
        [3, 4],
      ],
      dataFormat: 'channelsFirst',
    },
    [[3, 8, 8]],
    { how: 'pad', before: [0, 1, 3], after: [0, 2, 4] },
  ],
  ['Cropping2D', { cropping: [1, 2] }, [[8, 8, 3]], { how: 'crop', before: [1, 2, 0], after: [1, 2, 0] }],
  ['UpSampling2D', {}, [[8, 8, 3]], { how: 'upsample' }],
  ['UpSampling2D', { interpolation: 'bilinear' }, [[8, 8, 3]], { reason: expect.stringMatching(/mixes neighbouring/) }],
  ['LayerNormalization', { axis: 0 }, [[4, 5]], { reason: expect.stringMatching(/axis of the batch/) }],
  ['LayerNormalization', { axis: [-3, -1] }, [[4, 5]], { reason: expect.stringMatching(/axis of the batch/) }],
  ['LayerNormalization', { axis: 4 }, [[4, 5]], { reason: expect.stringMatching(/does not have/) }],
  ['RNN', { cell: [lstmCell, lstmCell] }, [[8, 2]], { reason: expect.stringMatching(/recurrent layers in a row/) }],
  ['Dropout', { rate: 0.4 }, [[8]], { kind: 'dropout', rate: 0.4 }],
  ['Dropout', { rate: 0 }, [[8]], { kind: 'identity' }],
  ['Dropout', { rate: unknown('read from a file') }, [[8]], { kind: 'dropout', rate: null }],
  ['Activation', { activation: 'linear' }, [[8]], { kind: 'identity' }],
  ['Embedding', { inputDim: 9, outputDim: 4 }, [[8]], { kind: 'embedding', vocabulary: 9, units: 4 }],
  [
    'LSTM',
    { units: 4, returnSequences: true },
    [[8, 2]],
    { kind: 'recurrent', cell: 'lstm', units: 4, returnSequences: true, bidirectional: false },
  ],
  [
    'Bidirectional',
    { layer: { className: 'GRU', config: { units: 4 } } },
    [[8, 2]],
    { cell: 'gru', bidirectional: true, mergeMode: 'concat' },
  ],
  [
    'GRU',
    { units: 4, goBackwards: true, dropout: 0.1 },
    [[8, 2]],
    {
      goBackwards: 'reversed',
      dropout: true,
      activation: { name: 'tanh' },
      recurrentActivation: { name: 'hardSigmoid', alpha: 0.2, beta: 0.5 },
    },
  ],
  ['SimpleRNN', { units: 4, activation: 'linear' }, [[8, 2]], { cell: 'simple', activation: { name: 'linear' } }],
  ['RNN', { cell: [{ className: 'LSTMCell', config: { units: 4 } }] }, [[8, 2]], { cell: 'lstm' }],
  [
    'RNN',
    { cell: ['GRUCell', 'LSTMCell'].map(className => ({ className, config: { units: 4 } })) },
    [[8, 2]],
    { kind: 'unknown' },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'Dense', config: { units: 4 } } },
    [[8, 2]],
    { kind: 'dense', inFeatures: 2, units: 4 },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'Flatten', config: {} } },
    [[8, 2, 3]],
    { kind: 'rearrange', how: 'reshape' },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'Conv2D', config: { filters: 1, kernelSize: 1 } } },
    [[8, 2, 3, 1]],
    { kind: 'conv', spatialRank: 3, kernelSize: [1, 1, 1], strides: [1, 1, 1], inChannels: 1, filters: 1 },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'MaxPooling1D', config: { poolSize: 2 } } },
    [[8, 4, 3]],
    { kind: 'pool', spatialRank: 2, window: [1, 2], strides: [1, 2] },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'BatchNormalization', config: { axis: 1 } } },
    [[8, 4, 3]],
    { kind: 'norm', norm: 'batch', axes: [1] },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'GlobalMaxPooling1D', config: {} } },
    [[8, 4, 3]],
    { kind: 'reduce', name: 'max', axes: [1], keepDims: false },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'GlobalAveragePooling2D', config: {} } },
    [[8, 4, 4, 3]],
    { kind: 'reduce', name: 'mean', axes: [1, 2], keepDims: false },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'Conv1D', config: { filters: 2, kernelSize: 3, strides: 2 } } },
    [[8, 9, 1]],
    { kind: 'conv', spatialRank: 2, kernelSize: [1, 3], strides: [1, 2], inChannels: 1, filters: 2 },
  ],
  [
    'TimeDistributed',
    { layer: { className: 'LSTM', config: { units: 2 } } },
    [[8, 9, 1]],
    { reason: expect.stringMatching(/sequence of its own at each step/) },
  ],
  [
    'MyLayer',
    {},
    [[8]],
    { kind: 'unknown', reason: 'MyLayer is not a layer class of TensorFlow.js that Leaklint knows.' },
  ],
  ['toString', {}, [[8]], { kind: 'unknown' }],
];

const activations: readonly [className: string, config: LayerConfig, activation: Activation][] = [
  ['Activation', { activation: 'swish' }, { name: 'silu' }],
  ['Activation', { activation: 'hardSigmoid' }, { name: 'hardSigmoid', alpha: 0.2, beta: 0.5 }],
  ['Activation', { activation: 'softmax' }, { name: 'softmax', axis: -1 }],
  ['Activation', { activation: unknown('an argument') }, { name: 'unknown' }],
  ['ReLU', {}, { name: 'relu' }],
  ['ReLU', { maxValue: 6 }, { name: 'relu6' }],
  ['ReLU', { maxValue: 1 }, { name: 'clippedRelu', alpha: 1 }],
  ['LeakyReLU', {}, { name: 'leakyRelu', alpha: 0.3 }],
  ['ELU', {}, { name: 'elu', alpha: 1 }],
  ['PReLU', {}, { name: 'prelu' }],
  ['ThresholdedReLU', { theta: 0.5 }, { name: 'thresholdedRelu', alpha: 0.5 }],
  ['Softmax', {}, { name: 'softmax', axis: 0 }],
  ['Softmax', { axis: -1 }, { name: 'softmax', axis: -1 }],
];

/** Initializers by role. */
const initializers: readonly [
  className: string,
  config: LayerConfig,
  input: Shape,
  expected: Record<string, string>,
][] = [
  ['Conv2D', { filters: 1, kernelSize: 1 }, [4, 4, 1], { kernel: 'glorotNormal', bias: 'zeros' }],
  [
    'Dense',
    { units: 1, kernelInitializer: 'heUniform', biasInitializer: 'Ones' },
    [4],
    { kernel: 'heUniform', bias: 'ones' },
  ],
  [
    'Dense',
    {
      units: 1,
      useBias: false,
      kernelInitializer: { className: 'VarianceScaling', config: { scale: 2, mode: 'fanIn', distribution: 'normal' } },
    },
    [4],
    { kernel: 'heNormal' },
  ],
  [
    'Dense',
    { units: 1, useBias: false, kernelInitializer: { className: 'VarianceScaling', config: { scale: 3 } } },
    [4],
    { kernel: 'varianceScaling' },
  ],
  ['Dense', { units: 1, useBias: false, kernelInitializer: unknown('an argument') }, [4], { kernel: 'unknown' }],
  [
    'SeparableConv2D',
    { filters: 1, kernelSize: 1 },
    [4, 4, 1],
    { depthwiseKernel: 'glorotUniform', pointwiseKernel: 'glorotUniform', bias: 'zeros' },
  ],
  ['BatchNormalization', {}, [4], { gamma: 'ones', beta: 'zeros', movingMean: 'zeros', movingVariance: 'ones' }],
  [
    'LSTM',
    { units: 1, unitForgetBias: true },
    [4, 1],
    { kernel: 'glorotNormal', recurrentKernel: 'orthogonal', bias: 'unitForgetBias' },
  ],
  ['Embedding', { inputDim: 2, outputDim: 2 }, [4], { embeddings: 'randomUniform' }],
];

const problems: readonly [className: string, config: LayerConfig, inputs: readonly Shape[], problem: RegExp][] = [
  ['Conv2D', { filters: -1, kernelSize: 3 }, [[8, 8, 1]], /^filters must be a positive integer, but is -1\.$/],
  ['Conv2D', { filters: 1 }, [[8, 8, 1]], /^kernelSize is missing\.$/],
  [
    'Conv2D',
    { filters: 1, kernelSize: [3] },
    [[8, 8, 1]],
    /^kernelSize must be a number or 2 numbers, but is \[3\]\.$/,
  ],
  [
    'Conv2D',
    { filters: 1, kernelSize: 3, strides: 0 },
    [[8, 8, 1]],
    /^strides must be a positive integer, but is 0\.$/,
  ],
  [
    'Conv2D',
    { filters: 1, kernelSize: 9 },
    [[8, 7, 1]],
    /^The window \[9, 9\] is larger than the input \[8, 7\]: with padding 'valid' nothing is left\.$/,
  ],
  ['Conv2D', { filters: 1, kernelSize: 3, strides: 2, dilationRate: 2 }, [[8, 8, 1]], /both larger than 1/],
  ['Conv2D', { filters: 1, kernelSize: 3, groups: 2 }, [[8, 8, 2]], /ignores the setting groups 2 of Conv2D/],
  ['Conv2D', { filters: 1, kernelSize: 3, activation: 'rilu' }, [[8, 8, 2]], /no activation called "rilu"/],
  [
    'Conv2D',
    { filters: 1, kernelSize: 3, padding: 'smae' },
    [[8, 8, 2]],
    /^padding must be 'valid' or 'same' or 'causal', but is "smae"\.$/,
  ],
  [
    'Conv2D',
    { filters: 1, kernelSize: 3 },
    [[8, 8]],
    /expects an input of rank 4 counting the batch axis, but gets \[8, 8\] \(rank 3\)/,
  ],
  ['Dense', { units: 3 }, [[4], [4]], /takes one input, but gets 2/],
  ['Dense', { units: 3, kernelInitializer: 'xavier' }, [[4]], /no initializer called "xavier"/],
  ['Flatten', {}, [[4]], /rank at least 3/],
  [
    'Reshape',
    { targetShape: [5] },
    [[2, 3]],
    /^An input of shape \[2, 3\] has 6 entries and cannot be reshaped to \[5\]\.$/,
  ],
  ['Reshape', { targetShape: [-1, null] }, [[2, 3]], /only one dimension open/],
  ['Permute', { dims: [1, 1] }, [[2, 3]], /each of 1, 2, … once/],
  [
    'Add',
    {},
    [
      [2, 3],
      [2, 4],
    ],
    /^Inputs of shapes \[2, 3\] and \[2, 4\] cannot be broadcast together\.$/,
  ],
  ['Add', {}, [[2, 3]], /at least two inputs/],
  [
    'Concatenate',
    {},
    [
      [2, 3],
      [5, 3],
    ],
    /differ in that axis only/,
  ],
  [
    'Concatenate',
    { axis: -2 },
    [
      [2, 3],
      [5, 3],
    ],
    /joins along the last axis where axis is -2/,
  ],
  ['Dot', { axes: 1 }, [[2], [3]], /equal lengths/],
  ['BatchNormalization', { axis: 4 }, [[2, 3, 4]], /cannot normalise axis 4/],
  ['BatchNormalization', {}, [[2, 2, 2, 2]], /does not implement BatchNormalization for inputs of rank 5/],
  ['Cropping2D', { cropping: 4 }, [[8, 8, 1]], /leaves nothing/],
  ['ZeroPadding2D', { padding: -1 }, [[8, 8, 1]], /none negative/],
  ['UpSampling2D', { size: 2 }, [[8, 8, 1]], /two positive integers/],
  ['GRU', { units: 2, resetAfter: true }, [[8, 1]], /resetAfter/],
  ['LSTM', { units: 2 }, [[8, 1], [2]], /initial state needs shapes \[2\], \[2\]/],
  ['GlobalMaxPooling2D', { keepdims: true }, [[8, 8, 1]], /ignores the setting keepdims/],
  ['LSTMCell', { units: 2 }, [[8]], /inside tf.layers.rnn only/],
  ['Bidirectional', { layer: { className: 'Dense', config: {} } }, [[8, 1]], /takes a recurrent layer, but gets Dense/],
  ['TimeDistributed', {}, [[8, 1]], /^layer is missing\.$/],
  ['InputLayer', {}, [], /needs a shape/],
  ['InputLayer', { shape: [-3] }, [], /must consist of sizes or null/],
];

describe('describeLayer', () => {
  it.each(operators)('gives the operator of %s %j on %j', (className, config, inputs, op) => {
    expect(describeLayer(className, config, inputs).op).toMatchObject(op);
  });

  it.each(activations)('gives the activation of %s %j', (className, config, activation) => {
    expect(describeLayer(className, config, [[8]]).op).toEqual({ kind: 'activation', activation });
  });

  it.each(initializers)('gives the initializers of %s %j', (className, config, input, expected) => {
    const { weights } = describeLayer(className, config, [input]);
    expect(
      Object.fromEntries(weights.map(w => [w.role, w.source.kind === 'initializer' && w.source.initializer])),
    ).toEqual(expected);
  });

  it.each(problems)('tells what is wrong with %s %j on %j', (className, config, inputs, problem) => {
    expect(describeLayer(className, config, inputs).problems).toEqual([expect.stringMatching(problem)]);
  });

  it('keeps the activation of a layer apart, and none for linear', () => {
    expect(describeLayer('Dense', { units: 1, activation: 'tanh' }, [[2]]).activation).toEqual({ name: 'tanh' });
    expect(describeLayer('Dense', { units: 1, activation: 'linear' }, [[2]])).not.toHaveProperty('activation');
    expect(describeLayer('SimpleRNN', { units: 1 }, [[2, 2]]).activation).toEqual({ name: 'tanh' });
  });

  it('freezes all weights of a frozen layer and never trains moving statistics', () => {
    const flags = (config: LayerConfig) =>
      describeLayer('BatchNormalization', config, [[4]]).weights.map(w => w.trainable);
    expect(flags({})).toEqual([true, true, false, false]);
    expect(flags({ trainable: false })).toEqual([false, false, false, false]);
    expect(describeLayer('Dense', { units: 1, trainable: false }, [[4]]).trainable).toBe(false);
  });

  it('follows an unfinished computation of sizes without complaint', () => {
    const config = { filters: unknown('read from a file'), kernelSize: [3, unknown('read from a file')], strides: 2 };
    const layer = describeLayer('Conv2D', config, [[9, 9, null]]);
    expect(layer.problems).toEqual([]);
    expect(layer.outputShapes).toEqual([[4, null, null]]);
    expect(layer.op).toMatchObject({ kind: 'conv', filters: null, kernelSize: [3, null], inChannels: null });
    expect(describeLayer('Dense', { units: 3 }, [null])).toMatchObject({ problems: [], outputShapes: [null] });
  });

  it('says what it cannot know where that decides what the layer does', () => {
    const layer = describeLayer('Conv2D', { filters: 1, kernelSize: 3, padding: unknown('it depends on the caller') }, [
      [9, 9, 1],
    ]);
    expect(layer.op).toEqual({ kind: 'unknown', reason: 'padding is not known: it depends on the caller.' });
    expect(layer).toMatchObject({ outputShapes: [null], weights: [], problems: [] });
  });

  it('takes a model inside TimeDistributed as a chain of shapes', () => {
    const layers = [
      { className: 'Conv2D', config: { name: 'c', filters: 2, kernelSize: 3, inputShape: [8, 8, 1] } },
      { className: 'Flatten', config: {} },
    ];
    const layer = describeLayer('TimeDistributed', { layer: { className: 'Sequential', config: { layers } } }, [
      [5, 8, 8, 1],
    ]);
    expect(layer.outputShapes).toEqual([[5, 72]]);
    expect(layer.weights.map(w => w.role)).toEqual(['c.kernel', 'c.bias']);
    expect(layer.op.kind).toBe('unknown');
  });

  it('bounds the depth of wrappers', () => {
    let layer: ConfigValue = { className: 'Dense', config: { units: 1 } };
    for (let i = 0; i < 5000; i++) layer = { className: 'TimeDistributed', config: { layer } };
    expect(describeLayer('TimeDistributed', { layer }, [[2, 2]]).op).toMatchObject({
      reason: 'layers nested more than 12 deep are not followed.',
    });
  });

  it('never throws, whatever the configuration', () => {
    fc.assert(
      fc.property(className, configuration, inputShapes, (name, config, shapes) => {
        for (const shape of describeLayer(name, config, shapes).outputShapes) {
          expect(shape === null || shape.every(dim => dim === null || (Number.isSafeInteger(dim) && dim >= 0))).toBe(
            true,
          );
        }
      }),
      { numRuns: 3000 },
    );
  });
});

const className = fc.constantFrom(
  ...layerFactories.map(factory => classNameOf(factory) ?? ''),
  'Sequential',
  '__proto__',
);
const dimension = fc.option(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(2 ** 40)), { nil: null });
const inputShapes = fc.array(fc.option(fc.array(dimension, { maxLength: 5 }), { nil: null }), { maxLength: 3 });
const keys = fc.constantFrom(
  ...[
    'activation',
    'alpha',
    'axes',
    'axis',
    'batchInputShape',
    'cell',
    'cells',
    'cropping',
    'dataFormat',
    'depthMultiplier',
  ],
  ...[
    'dilationRate',
    'dims',
    'epsilon',
    'filters',
    'height',
    'inputDim',
    'inputLength',
    'inputShape',
    'kernelInitializer',
  ],
  ...[
    'kernelSize',
    'layer',
    'layers',
    'maxValue',
    'mergeMode',
    'n',
    'outputDim',
    'padding',
    'poolSize',
    'rate',
    'returnState',
  ],
  ...[
    'sharedAxes',
    'size',
    'strides',
    'targetShape',
    'trainable',
    'units',
    'useBias',
    'width',
    '__proto__',
    'constructor',
  ],
);
const { configuration } = fc.letrec<{ value: ConfigValue; configuration: LayerConfig; layer: ConfigValue }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<ConfigValue>(
      null,
      undefined,
      true,
      'same',
      'channelsFirst',
      'relu',
      unknown('why'),
      Number.NaN,
      2 ** 40,
    ),
    fc.integer({ min: -3, max: 9 }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('layer'),
  ),
  layer: fc.record({ className, config: tie('configuration') }),
  configuration: fc.dictionary(keys, tie('value'), { maxKeys: 6 }),
}));
