import type { Activation, Op, Shape, WeightRef } from '../../model/graph.ts';
import { activationLayer, elu, leakyRelu, prelu, relu, softmax, thresholdedRelu } from './activation-layers.ts';
import type { LayerConfig } from './config.ts';
import { convolution, convolutionTranspose, depthwiseConvolution, separableConvolution } from './convolution.ts';
import {
  dense,
  dropout,
  embedding,
  flatten,
  gaussianDropoutOp,
  gaussianNoiseOp,
  permute,
  repeatVector,
  reshape,
  shapeKeeping,
} from './core.ts';
import {
  categoryEncoding,
  centerCrop,
  cropping2d,
  randomWidth,
  resizing,
  upSampling2d,
  zeroPadding2d,
} from './image.ts';
import { inputLayer } from './input.ts';
import { concatenate, dot, elementwiseMerge } from './merge.ts';
import { batchNormalization, layerNormalization } from './normalization.ts';
import { globalPooling, pooling } from './pooling.ts';
import { cellAlone, convLstm2d, recurrent, rnn } from './recurrent.ts';
import type { Describe, Described, LayerContext } from './values.ts';
import { isTrainable } from './weights.ts';
import { bidirectional, timeDistributed } from './wrappers.ts';

/** What one application of a TensorFlow.js layer does, as far as its configuration tells. */
export interface LayerDescription {
  readonly op: Op;
  /** One shape for each output tensor, without the batch axis. */
  readonly outputShapes: readonly Shape[];
  /** Activation fused into the layer; absent for none and for `linear`. */
  readonly activation?: Activation;
  /**
   * In the order of `layer.weights` in TensorFlow.js, in its layout; names are empty, the reader knows them. Roles of
   * wrapped and stacked layers are prefixed: `forward.kernel`, `cell0.bias`.
   */
  readonly weights: readonly WeightRef[];
  /** False where the layer is frozen. */
  readonly trainable: boolean;
  /** What TensorFlow.js would refuse, one sentence each. */
  readonly problems: readonly string[];
}

const describers: ReadonlyMap<string, Describe> = new Map<string, Describe>([
  ['Activation', activationLayer],
  ['Add', elementwiseMerge('add')],
  ['AlphaDropout', dropout()],
  ['Average', elementwiseMerge('average')],
  ['AveragePooling1D', pooling(1, 'average')],
  ['AveragePooling2D', pooling(2, 'average')],
  ['AveragePooling3D', pooling(3, 'average')],
  ['BatchNormalization', batchNormalization],
  ['Bidirectional', bidirectional(describe)],
  ['CategoryEncoding', categoryEncoding],
  ['CenterCrop', centerCrop],
  ['Concatenate', concatenate],
  ['Conv1D', convolution(1)],
  ['Conv2D', convolution(2)],
  ['Conv2DTranspose', convolutionTranspose(2)],
  ['Conv3D', convolution(3)],
  ['Conv3DTranspose', convolutionTranspose(3)],
  ['ConvLSTM2D', convLstm2d],
  ['ConvLSTM2DCell', cellAlone],
  ['Cropping2D', cropping2d],
  ['Dense', dense],
  ['DepthwiseConv2D', depthwiseConvolution],
  ['Dot', dot],
  ['Dropout', dropout()],
  ['ELU', elu],
  ['Embedding', embedding],
  ['Flatten', flatten],
  ['GRU', recurrent('GRUCell')],
  ['GRUCell', cellAlone],
  ['GaussianDropout', shapeKeeping(gaussianDropoutOp)],
  ['GaussianNoise', shapeKeeping(gaussianNoiseOp)],
  ['GlobalAveragePooling1D', globalPooling(1, 'average')],
  ['GlobalAveragePooling2D', globalPooling(2, 'average')],
  ['GlobalMaxPooling1D', globalPooling(1, 'max')],
  ['GlobalMaxPooling2D', globalPooling(2, 'max')],
  ['InputLayer', inputLayer],
  ['LSTM', recurrent('LSTMCell')],
  ['LSTMCell', cellAlone],
  ['LayerNormalization', layerNormalization],
  ['LeakyReLU', leakyRelu],
  ['Masking', shapeKeeping(() => ({ kind: 'elementwise', name: 'masking' }))],
  ['MaxPooling1D', pooling(1, 'max')],
  ['MaxPooling2D', pooling(2, 'max')],
  ['MaxPooling3D', pooling(3, 'max')],
  ['Maximum', elementwiseMerge('maximum')],
  ['Minimum', elementwiseMerge('minimum')],
  ['Multiply', elementwiseMerge('multiply')],
  ['PReLU', prelu],
  ['Permute', permute],
  ['RNN', rnn],
  ['RandomWidth', randomWidth],
  ['ReLU', relu],
  ['RepeatVector', repeatVector],
  ['Rescaling', shapeKeeping(() => ({ kind: 'elementwise', name: 'rescaling' }))],
  ['Reshape', reshape],
  ['Resizing', resizing],
  ['SeparableConv2D', separableConvolution],
  ['SimpleRNN', recurrent('SimpleRNNCell')],
  ['SimpleRNNCell', cellAlone],
  ['Softmax', softmax],
  ['SpatialDropout1D', dropout(2)],
  ['StackedRNNCells', cellAlone],
  ['ThresholdedReLU', thresholdedRelu],
  ['TimeDistributed', timeDistributed(describe)],
  ['UpSampling2D', upSampling2d],
  ['ZeroPadding2D', zeroPadding2d],
]);

function describe(c: LayerContext): Described {
  const describer = describers.get(c.className);
  if (describer) return describer(c);
  const reason = `${c.className} is not a layer class of TensorFlow.js that Leaklint knows.`;
  return { op: { kind: 'unknown', reason }, outputShapes: [null] };
}

/**
 * Describes the layer that TensorFlow.js would build from `className` and `config` on inputs of the given shapes
 * (without the batch axis; null where unknown). Never throws: what is wrong is told in `problems`, what is not
 * known is null or an op of kind `unknown`. A dimension that is not known is no problem.
 */
export function describeLayer(className: string, config: LayerConfig, inputShapes: readonly Shape[]): LayerDescription {
  const c: LayerContext = { className, config, inputShapes, depth: 0, problems: [], unknowns: [] };
  const described = describe(c);
  const common = { trainable: described.trainable ?? isTrainable(c), problems: [...new Set(c.problems)] };
  if (c.unknowns.length > 0) {
    // A setting that decides what the layer does is not known: anything said about it would be a guess.
    const reason = `${[...new Set(c.unknowns)].join('; ')}.`;
    return {
      ...common,
      op: { kind: 'unknown', reason },
      outputShapes: described.outputShapes.map(() => null),
      weights: [],
    };
  }
  return {
    ...common,
    op: described.op,
    outputShapes: described.outputShapes,
    ...(described.activation ? { activation: described.activation } : {}),
    weights: described.weights ?? [],
  };
}
