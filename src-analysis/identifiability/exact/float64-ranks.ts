/**
 * Models whose Jacobian of the whole gradient was computed in float64 by differentiating the training step (random normal
 * weights and input), with a gap of at least four decades between the singular values kept and dropped. No ReLU and no
 * max-pooling: there the rank depends on the draw.
 */
export interface Float64Rank {
  readonly name: string;
  /** See `modelOf`. */
  readonly code: string | readonly string[];
  readonly batch?: number;
  readonly rank: number;
}

const conv = (config: string) => `conv2d({ ${config}, kernelInitializer: 'glorotNormal' })`;
const x = 'const x = tf.input({ shape: [7, 7, 2] });';
const end = (from: string) =>
  `const y = tf.layers.dense({ units: 5, activation: 'softmax' }).apply(tf.layers.flatten().apply(${from}));`;
const three = (filters: number, more = "activation: 'tanh'") =>
  `tf.layers.conv2d({ filters: ${filters}, kernelSize: 3, padding: 'same', ${more} })`;
const head = ['flatten()', "dense({ units: 5, activation: 'softmax' })"];

export const float64Ranks: readonly Float64Rank[] = [
  {
    name: 'two convolutions',
    code: [
      conv("inputShape: [8, 8, 2], filters: 3, kernelSize: 3, activation: 'tanh'"),
      conv("filters: 2, kernelSize: 3, strides: 2, activation: 'tanh'"),
      ...head,
    ],
    rank: 98,
  },
  {
    name: 'average pooling',
    code: [
      conv("inputShape: [8, 8, 2], filters: 3, kernelSize: 3, activation: 'tanh'"),
      'averagePooling2d({ poolSize: 2 })',
      ...head,
    ],
    rank: 84,
  },
  {
    name: 'global average pooling',
    code: [
      conv("inputShape: [7, 7, 2], filters: 4, kernelSize: 2, strides: 2, activation: 'tanh'"),
      'globalAveragePooling2d({})',
      'dense({ units: 5 })',
    ],
    rank: 40,
  },
  {
    name: 'a residual block',
    code: `${x}\nconst a = ${three(2)}.apply(x);\nconst b = ${three(2)}.apply(a);\nconst s = tf.layers.add().apply([a, b]);\nconst z = tf.layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, activation: 'tanh' }).apply(s);\n${end('z')}`,
    rank: 98,
  },
  {
    name: 'a concatenation with the input',
    code: `${x}\nconst a = ${three(1)}.apply(x);\nconst s = tf.layers.concatenate().apply([x, a]);\nconst z = tf.layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, activation: 'tanh' }).apply(s);\n${end('z')}`,
    rank: 87,
  },
  {
    name: 'batch normalisation by stored statistics',
    code: [
      conv('inputShape: [8, 8, 1], filters: 2, kernelSize: 3, strides: 2'),
      'batchNormalization()',
      "activation({ activation: 'tanh' })",
      ...head,
    ],
    rank: 32,
  },
  {
    name: 'a depthwise and a pointwise convolution',
    code: [
      `separableConv2d({ inputShape: [8, 8, 2], filters: 3, kernelSize: 3, strides: 2, activation: 'tanh' })`,
      ...head,
    ],
    rank: 34,
  },
  {
    name: 'a transposed convolution',
    code: [
      conv("inputShape: [8, 8, 2], filters: 1, kernelSize: 3, strides: 2, activation: 'tanh'"),
      "conv2dTranspose({ filters: 1, kernelSize: 2, activation: 'tanh' })",
      ...head,
    ],
    rank: 26,
  },
  {
    name: 'dense layers without biases',
    code: [
      "dense({ inputShape: [20], units: 6, useBias: false, activation: 'tanh' })",
      'dense({ units: 3, useBias: false })',
    ],
    rank: 20,
  },
  {
    name: 'three examples, one narrow convolution',
    code: [conv("inputShape: [6, 6, 1], filters: 2, kernelSize: 3, strides: 2, activation: 'tanh'"), ...head],
    batch: 3,
    rank: 38,
  },
  {
    name: 'more examples than classes',
    code: ["dense({ inputShape: [6], units: 3, activation: 'softmax' })"],
    batch: 4,
    rank: 14,
  },
  {
    name: 'a gate',
    code: `const x = tf.input({ shape: [6, 7] });
const a = tf.layers.dense({ units: 2 }).apply(x);
const b = tf.layers.dense({ units: 2, useBias: false, activation: 'sigmoid' }).apply(x);
const y = tf.layers.dense({ units: 9 }).apply(tf.layers.flatten().apply(tf.layers.multiply().apply([a, b])));`,
    rank: 36,
  },
  {
    name: 'a dense layer applied twice, two examples',
    code: `const x = tf.input({ shape: [6, 7] });
const a = tf.layers.dense({ units: 4, activation: 'tanh' }).apply(x);
const twice = tf.layers.dense({ units: 4, activation: 'tanh', useBias: false });
const y = tf.layers.dense({ units: 5 }).apply(tf.layers.flatten().apply(twice.apply(twice.apply(a))));`,
    batch: 2,
    rank: 60,
  },
  {
    name: 'a softmax between layers',
    code: ["dense({ inputShape: [6, 7], units: 5, activation: 'softmax' })", 'flatten()', 'dense({ units: 5 })'],
    rank: 36,
  },
  {
    name: 'a simple recurrent layer',
    code: [
      'simpleRNN({ inputShape: [5, 5], units: 3, useBias: false, returnSequences: true })',
      'flatten()',
      'dense({ units: 5, useBias: false })',
    ],
    rank: 21,
  },
  {
    name: 'an LSTM of one unit',
    code: ['lstm({ inputShape: [5, 5], units: 1, returnSequences: true })', 'flatten()', 'dense({ units: 3 })'],
    rank: 24,
  },
  {
    name: 'tokens in a simple recurrent layer, two examples',
    code: [
      'embedding({ inputDim: 20, outputDim: 2, inputLength: 3 })',
      'simpleRNN({ units: 1 })',
      'dense({ units: 9 })',
    ],
    batch: 2,
    rank: 7,
  },
  {
    name: 'tokens in front of a softmax and a mean',
    code: [
      'embedding({ inputDim: 20, outputDim: 3, inputLength: 4 })',
      "dense({ units: 3, useBias: false, activation: 'softmax' })",
      'globalAveragePooling1d()',
      'dense({ units: 5 })',
    ],
    rank: 10,
  },
];
