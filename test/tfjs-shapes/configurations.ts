import fc from 'fast-check';
import type { LayerConfig } from '../../src-analysis/readers/tfjs-layers/config.ts';

/** One application of a layer: its configuration and the shapes of its inputs, without the batch axis. */
export interface Application {
  readonly config: LayerConfig;
  readonly inputShapes: readonly (readonly number[])[];
}

type Configurations = Readonly<Record<string, fc.Arbitrary<Application>>>;

const size = fc.integer({ min: 1, max: 8 });
const channels = fc.integer({ min: 1, max: 4 });
const count = mostly(channels, fc.constantFrom(0, -1, 2.5, '3'));
const factor = mostly(fc.integer({ min: 1, max: 3 }), fc.constantFrom(0, -2));
const useBias = optional(fc.boolean());
const trainable = optional(fc.boolean());
const dataFormat = optional(mostly(fc.constantFrom('channelsLast', 'channelsFirst'), fc.constant('NHWC')));
const padding = optional(mostly(fc.constantFrom('same', 'valid'), fc.constantFrom('causal', 'full')));
const activation = optional(mostly(fc.constantFrom('relu', 'tanh', 'linear', 'softmax', 'elu'), fc.constant('rilu')));
const initializer = optional(fc.constantFrom('zeros', 'heNormal', 'glorotUniform', 'randomNormal'));

/** Valid values most of the time, invalid ones now and then. */
function mostly<T, U>(valid: fc.Arbitrary<T>, invalid: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ arbitrary: valid, weight: 30 }, { arbitrary: invalid, weight: 1 });
}

function optional<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

/** One number for all axes, or one for each. */
function perAxis<T>(value: fc.Arbitrary<T>, rank: number): fc.Arbitrary<T | T[]> {
  return fc.oneof(value, fc.array(value, { minLength: rank, maxLength: rank }));
}

function shape(rank: number): fc.Arbitrary<number[]> {
  return fc.array(size, { minLength: rank, maxLength: rank });
}

/** A shape of the right rank, now and then of another. */
function shapeOf(rank: number): fc.Arbitrary<number[]> {
  return mostly(shape(rank), fc.constantFrom(rank - 1, rank + 1).chain(shape)).map(s => (s.length === 0 ? [3] : s));
}

function application(config: fc.Arbitrary<object>, ...inputs: fc.Arbitrary<number[]>[]): fc.Arbitrary<Application> {
  return fc.tuple(config, fc.tuple(...inputs)).map(([c, inputShapes]) => ({ config: defined(c), inputShapes }));
}

/** Leaves out the keys that are undefined: TensorFlow.js mostly, but not always, treats them alike. */
function defined(config: object): LayerConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

function window(rank: number) {
  return {
    kernelSize: perAxis(factor, rank),
    // TensorFlow.js does not check these, and steps of zero keep it busy for ever.
    strides: optional(perAxis(fc.integer({ min: 1, max: 3 }), rank)),
    padding,
    useBias,
    trainable,
    activation,
  };
}

function conv(rank: number, extra: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<Application> {
  const config = fc.record({
    filters: count,
    ...window(rank),
    dilationRate: optional(perAxis(fc.constantFrom(1, 1, 1, 2), rank)),
    ...(rank === 1 ? {} : { dataFormat }),
    ...extra,
  });
  return application(config, shapeOf(rank + 1));
}

function pool(rank: number): fc.Arbitrary<Application> {
  const config = fc.record({
    poolSize: optional(perAxis(factor, rank)),
    strides: optional(perAxis(factor, rank)),
    padding,
    ...(rank === 1 ? {} : { dataFormat }),
  });
  return application(config, shapeOf(rank + 1));
}

const globalPool2d = application(fc.record({ dataFormat }), shapeOf(3));
const anyShape = fc.integer({ min: 1, max: 4 }).chain(shape);
const nothing = fc.constant({});

/** Inputs that can be broadcast together, now and then not. */
const broadcastable: fc.Arbitrary<Application> = fc
  .tuple(
    anyShape,
    fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.infiniteStream(fc.integer({ min: 0, max: 9 }))), {
      minLength: 1,
      maxLength: 2,
    }),
  )
  .map(([first, others]) => {
    const rest = others.map(([drop, dice]) => {
      const kept = first.slice(Math.min(drop, first.length - 1));
      return kept.map(dim => {
        const n = dice.next().value as number;
        return n === 9 ? dim + 1 : n > 6 ? 1 : dim;
      });
    });
    return { config: {}, inputShapes: [first, ...rest] };
  });

const concatenate: fc.Arbitrary<Application> = fc
  .tuple(anyShape, fc.integer({ min: 2, max: 3 }), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), fc.boolean())
  .chain(([first, inputs, stream, isDefault]) => {
    const axes = first.flatMap((_, i) => [i + 1, i - first.length]);
    return fc.constantFrom(...axes).map(axis => {
      const index = isDefault ? first.length - 1 : axis < 0 ? axis + first.length : axis - 1;
      const inputShapes = Array.from({ length: inputs }, (_, k) => {
        if (k === 0) return first;
        const [along, mistake] = [stream.next().value as number, stream.next().value as number];
        return first.map((dim, i) => (i === index ? along : mistake === 1 && i === 0 ? dim + 1 : dim));
      });
      return { config: isDefault ? {} : { axis }, inputShapes };
    });
  });

const dot: fc.Arbitrary<Application> = fc
  .record({
    x: fc.integer({ min: 1, max: 2 }).chain(shape),
    y: fc.integer({ min: 1, max: 2 }).chain(shape),
    axes: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    normalize: fc.boolean(),
    fits: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ x, y, axes, normalize, fits }) => {
    const [a, b] = [Math.min(axes[0], x.length), Math.min(axes[1], y.length)];
    const other = y.map((dim, i) => (i === b - 1 && fits > 0 ? (x[a - 1] ?? dim) : dim));
    return { config: { axes: a === b ? a : [a, b], normalize }, inputShapes: [x, other] };
  });

function recurrentConfig() {
  return {
    units: count,
    useBias,
    activation,
    trainable,
    recurrentInitializer: initializer,
    returnSequences: optional(fc.boolean()),
    returnState: optional(fc.boolean()),
    unitForgetBias: optional(fc.boolean()),
  };
}

/** A recurrent layer with `states` states, which may be given as inputs of the right or a wrong length. */
function recurrentLayer(states: number): fc.Arbitrary<Application> {
  const plain = application(fc.record(recurrentConfig()), shapeOf(2));
  const lengths = fc.tuple(
    shape(2),
    mostly(fc.constant(3), fc.constant(4)),
    mostly(fc.constant(states), fc.constant(3)),
  );
  const given = fc
    .tuple(lengths, fc.record({ ...recurrentConfig(), units: fc.constant(3) }))
    .map(([[input, units, n], config]) => ({
      config: defined(config),
      inputShapes: [input, ...Array.from({ length: n }, () => [units])],
    }));
  return fc.oneof({ arbitrary: plain, weight: 4 }, { arbitrary: given, weight: 1 });
}

const cell = fc.record({
  className: fc.constantFrom('SimpleRNNCell', 'GRUCell', 'LSTMCell'),
  config: fc.record({ units: channels, useBias, trainable }).map(defined),
});

const rnn = application(
  fc.record({
    cell: fc.oneof(
      cell,
      fc.array(cell, { minLength: 1, maxLength: 3 }),
      fc
        .array(cell, { minLength: 1, maxLength: 3 })
        .map(cells => ({ className: 'StackedRNNCells', config: { cells } })),
    ),
    trainable,
    returnSequences: optional(fc.boolean()),
    returnState: optional(fc.boolean()),
  }),
  shapeOf(2),
);

const convLstm = fc.record({
  filters: count,
  kernelSize: perAxis(fc.integer({ min: 1, max: 3 }), 2),
  strides: optional(perAxis(fc.integer({ min: 1, max: 2 }), 2)),
  padding: optional(fc.constantFrom('same', 'valid')),
  dataFormat: optional(fc.constantFrom('channelsLast', 'channelsFirst')),
  useBias,
  trainable,
  returnSequences: optional(fc.boolean()),
  returnState: optional(fc.boolean()),
  recurrentInitializer: fc.constant('zeros'),
});

const bidirectional = application(
  fc.record({
    layer: fc.record({
      className: fc.constantFrom('SimpleRNN', 'GRU', 'LSTM'),
      config: fc.record({ ...recurrentConfig(), units: channels }).map(defined),
    }),
    mergeMode: mostly(fc.constantFrom(undefined, 'concat', 'sum', 'ave', 'mul', null), fc.constant('add')),
    trainable,
  }),
  shapeOf(2),
);

const timeDistributed: fc.Arbitrary<Application> = fc.oneof(
  application(
    fc.record({ layer: inner('Dense', fc.record({ units: count, useBias, trainable })), trainable }),
    fc.integer({ min: 1, max: 3 }).chain(shape),
  ),
  application(fc.record({ layer: inner('Conv2D', fc.record({ filters: channels, ...window(2) })) }), shape(4)),
  application(fc.record({ layer: inner('Flatten', nothing) }), shape(3)),
  application(fc.record({ layer: inner('Activation', fc.constant({ activation: 'tanh' })) }), shape(3)),
);

function inner(className: string, config: fc.Arbitrary<object>) {
  return config.map(c => ({ className, config: defined(c) }));
}

const edge = fc.integer({ min: 0, max: 3 });
const edges = fc.oneof(edge, fc.tuple(edge, edge), fc.tuple(fc.tuple(edge, edge), fc.tuple(edge, edge)));

const reshape: fc.Arbitrary<Application> = anyShape.chain(input =>
  fc
    .record({
      order: fc.shuffledSubarray(input, { minLength: input.length }),
      open: fc.integer({ min: -2, max: 4 }),
      wrong: fc.integer({ min: 0, max: 12 }),
    })
    .map(({ order, open, wrong }) => {
      const target = order.map((dim, i): number | null => (i === open ? (wrong % 2 ? -1 : null) : dim));
      return { config: { targetShape: wrong === 12 ? [...target, 7] : target }, inputShapes: [input] };
    }),
);

const permute: fc.Arbitrary<Application> = anyShape.chain(input => {
  const axes = input.map((_, i) => i + 1);
  const dims = mostly(fc.shuffledSubarray(axes, { minLength: axes.length }), fc.constantFrom([1, 1], [0], [2]));
  return application(fc.record({ dims }), fc.constant(input));
});

const norm = (axis: (rank: number) => fc.Arbitrary<unknown>) =>
  anyShape.chain(input =>
    application(
      fc.record({ axis: optional(axis(input.length)), scale: useBias, center: useBias, trainable }),
      fc.constant(input),
    ),
  );

function axisOf(rank: number): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: 1, max: rank }), fc.integer({ min: -rank, max: -1 }));
}

const prelu = anyShape.chain(input =>
  application(
    fc.record({ sharedAxes: optional(fc.subarray(input.map((_, i) => i + 1))), trainable }),
    fc.constant(input),
  ),
);

/** Random applications for every layer class that has anything to vary. */
export const configurations: Configurations = {
  Conv1D: conv(1),
  Conv2D: conv(2),
  Conv3D: conv(3),
  Conv2DTranspose: conv(2, { dilationRate: fc.constant(undefined) }),
  Conv3DTranspose: conv(3, { dilationRate: fc.constant(undefined) }),
  SeparableConv2D: conv(2, { depthMultiplier: optional(channels), depthwiseInitializer: initializer }),
  DepthwiseConv2D: application(
    fc.record({ ...window(2), dataFormat, depthMultiplier: optional(channels) }),
    shapeOf(3),
  ),
  MaxPooling1D: pool(1),
  MaxPooling2D: pool(2),
  MaxPooling3D: pool(3),
  AveragePooling1D: pool(1),
  AveragePooling2D: pool(2),
  AveragePooling3D: pool(3),
  GlobalMaxPooling1D: application(nothing, shapeOf(2)),
  GlobalAveragePooling1D: application(nothing, shapeOf(2)),
  GlobalMaxPooling2D: globalPool2d,
  GlobalAveragePooling2D: globalPool2d,
  Dense: application(fc.record({ units: count, useBias, activation, trainable }), anyShape),
  Embedding: application(
    fc.record({ inputDim: count, outputDim: count, inputLength: optional(fc.integer({ min: 1, max: 4 })), trainable }),
    fc.integer({ min: 1, max: 4 }).map(n => [n]),
  ),
  Flatten: application(fc.record({ dataFormat: optional(fc.constantFrom('channelsLast', 'channelsFirst')) }), anyShape),
  Reshape: reshape,
  Permute: permute,
  RepeatVector: application(fc.record({ n: fc.integer({ min: 1, max: 5 }) }), shapeOf(1)),
  Masking: application(fc.record({ maskValue: optional(fc.constant(0)) }), anyShape),
  Activation: application(fc.record({ activation }), anyShape),
  ELU: application(fc.record({ alpha: optional(fc.constantFrom(1, 1, 1, 0.5)) }), anyShape),
  LeakyReLU: application(fc.record({ alpha: optional(fc.constant(0.1)) }), anyShape),
  PReLU: prelu,
  ReLU: application(fc.record({ maxValue: optional(fc.constantFrom(1, 6)) }), anyShape),
  Softmax: anyShape.chain(input =>
    application(fc.record({ axis: optional(axisOf(input.length)) }), fc.constant(input)),
  ),
  ThresholdedReLU: application(fc.record({ theta: optional(fc.constant(2)) }), anyShape),
  SimpleRNN: recurrentLayer(1),
  GRU: recurrentLayer(1),
  LSTM: recurrentLayer(2),
  RNN: rnn,
  ConvLSTM2D: application(
    convLstm,
    fc.tuple(fc.constant(2), size, size, size).map(s => [...s]),
  ),
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
  BatchNormalization: norm(rank => mostly(axisOf(rank), fc.constant(rank + 1))),
  LayerNormalization: norm(rank =>
    fc.oneof(axisOf(rank), fc.uniqueArray(fc.integer({ min: 1, max: rank }), { minLength: 1 })),
  ),
  Add: broadcastable,
  Average: broadcastable,
  Maximum: broadcastable,
  Minimum: broadcastable,
  Multiply: broadcastable,
  Concatenate: concatenate,
  Dot: dot,
  Dropout: application(fc.record({ rate: fc.double({ min: -0.5, max: 1.5, noNaN: true }) }), anyShape),
  SpatialDropout1D: application(fc.record({ rate: fc.double({ min: 0, max: 1, noNaN: true }) }), shapeOf(2)),
  AlphaDropout: application(fc.record({ rate: fc.double({ min: 0, max: 1, noNaN: true }) }), anyShape),
  GaussianDropout: application(fc.record({ rate: fc.double({ min: 0, max: 1, noNaN: true }) }), anyShape),
  GaussianNoise: application(fc.record({ stddev: fc.constantFrom(0, 1) }), anyShape),
  ZeroPadding2D: application(fc.record({ padding: optional(edges), dataFormat }), shapeOf(3)),
  Cropping2D: application(
    fc.record({ cropping: edges, dataFormat: optional(fc.constantFrom('channelsLast', 'channelsFirst')) }),
    shapeOf(3),
  ),
  UpSampling2D: application(
    fc.record({
      size: optional(
        fc.oneof(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })), fc.constant(2)),
      ),
      dataFormat,
      interpolation: optional(mostly(fc.constantFrom('nearest', 'bilinear'), fc.constant('bicubic'))),
    }),
    shapeOf(3),
  ),
  Rescaling: application(fc.record({ scale: fc.constant(0.5), offset: optional(fc.constant(1)) }), anyShape),
  CenterCrop: application(fc.record({ height: size, width: size }), shape(3)),
  Resizing: application(
    fc.record({ height: size, width: size, interpolation: optional(fc.constantFrom('nearest', 'bilinear')) }),
    shape(3),
  ),
  RandomWidth: application(fc.record({ factor: fc.constant(0.5) }), shape(3)),
  CategoryEncoding: application(
    fc.record({
      numTokens: fc.integer({ min: 2, max: 6 }),
      outputMode: optional(fc.constantFrom('multiHot', 'oneHot', 'count')),
    }),
    fc.integer({ min: 1, max: 3 }).map(n => [n]),
  ),
};

const cellConfig = { className: 'GRUCell', config: { units: 2 } };
const convolution = { filters: 2, kernelSize: 2 };

/** What the classes need that cannot be made from an empty configuration. */
export const minimalConfigurations: Readonly<Record<string, LayerConfig>> = {
  Bidirectional: { layer: { className: 'GRU', config: { units: 2 } } },
  Conv1D: convolution,
  Conv2D: convolution,
  Conv2DTranspose: convolution,
  Conv3D: convolution,
  Conv3DTranspose: convolution,
  ConvLSTM2D: convolution,
  ConvLSTM2DCell: convolution,
  Cropping2D: { cropping: 1 },
  Dense: { units: 2 },
  DepthwiseConv2D: convolution,
  Embedding: { inputDim: 2, outputDim: 2 },
  GRU: { units: 2 },
  GRUCell: { units: 2 },
  InputLayer: { inputShape: [2] },
  LSTM: { units: 2 },
  LSTMCell: { units: 2 },
  Permute: { dims: [1] },
  RNN: { cell: cellConfig },
  RandomWidth: { factor: 0.5 },
  Reshape: { targetShape: [2] },
  SeparableConv2D: convolution,
  SimpleRNN: { units: 2 },
  SimpleRNNCell: { units: 2 },
  StackedRNNCells: { cells: [cellConfig] },
  TimeDistributed: { layer: { className: 'Dense', config: { units: 2 } } },
};
