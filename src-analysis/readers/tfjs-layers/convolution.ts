import { convOutputLength } from '../../model/geometry.ts';
import type { ConvOp, ConvTransposeOp, DataFormat, Dim, Padding, SeparableConvOp, Shape } from '../../model/graph.ts';
import { fusedActivation } from './activations.ts';
import type { ConfigValue } from './config.ts';
import {
  choice,
  type Describe,
  field,
  flag,
  type LayerContext,
  plus,
  positiveInteger,
  positiveIntegers,
  refuseIgnored,
  showShape,
  singleInput,
  times,
} from './values.ts';
import { biasWeight, weight } from './weights.ts';

type SpatialRank = 1 | 2 | 3;

/** A feature map without the batch axis, taken apart by its data format. */
interface FeatureMap {
  readonly channels: Dim;
  readonly spatial: readonly Dim[];
}

export function dataFormatOf(c: LayerContext): DataFormat {
  return choice<DataFormat>(c, 'dataFormat', ['channelsFirst', 'channelsLast'], 'channelsLast');
}

export function splitMap(shape: Shape, rank: number, format: DataFormat): FeatureMap {
  if (shape === null) return { channels: null, spatial: new Array<Dim>(rank).fill(null) };
  return format === 'channelsFirst'
    ? { channels: shape[0] ?? null, spatial: shape.slice(1) }
    : { channels: shape[rank] ?? null, spatial: shape.slice(0, rank) };
}

export function joinMap(map: FeatureMap, format: DataFormat): readonly Dim[] {
  return format === 'channelsFirst' ? [map.channels, ...map.spatial] : [...map.spatial, map.channels];
}

interface Window {
  readonly kernelSize: readonly Dim[];
  readonly strides: readonly Dim[];
  readonly dilations: readonly Dim[];
  readonly padding: Padding;
}

/** Output lengths of a sliding window; a window that does not fit is a problem and leaves its axis unknown. */
export function slide(c: LayerContext, input: readonly Dim[], window: Window): readonly Dim[] {
  const lengths = input.map((length, axis) => {
    const [kernel, stride, dilation] = [window.kernelSize[axis], window.strides[axis], window.dilations[axis]];
    return convOutputLength(length, kernel ?? null, stride ?? null, dilation ?? null, window.padding, axis);
  });
  if (lengths.some(length => length !== null && length <= 0)) {
    const dilated = window.dilations.some(d => d !== null && d > 1)
      ? ` with dilation ${showShape(window.dilations)}`
      : '';
    c.problems.push(
      `The window ${showShape(window.kernelSize)}${dilated} is larger than the input ${showShape(input)}: with padding 'valid' nothing is left.`,
    );
  }
  return lengths.map(length => (length !== null && length <= 0 ? null : length));
}

/** Padding word → padding. TensorFlow.js knows `causal` but cannot run it; Keras pads it before the input only. */
function paddingOf(c: LayerContext, kernelSize: readonly Dim[], dilations: readonly Dim[]): Padding {
  const word = choice(c, 'padding', ['valid', 'same', 'causal'], 'valid');
  if (word !== 'causal') return { mode: word };
  c.problems.push(`TensorFlow.js does not implement padding 'causal'.`);
  const before = kernelSize.map((kernel, i) => times(kernel === null ? null : kernel - 1, dilations[i] ?? null));
  if (before.includes(null)) {
    c.unknowns.push('the causal padding depends on a kernelSize or dilationRate that is not known');
    return { mode: 'valid' };
  }
  return { mode: 'explicit', before: before.map(n => n ?? 0), after: before.map(() => 0) };
}

/** Where TensorFlow.js accepts 'causal' but computes it as 'valid'. */
export function paddingOrValid(c: LayerContext): { readonly mode: 'same' | 'valid' } {
  return { mode: choice(c, 'padding', ['valid', 'same', 'causal'], 'valid') === 'same' ? 'same' : 'valid' };
}

function ones(length: number): Dim[] {
  return new Array<Dim>(length).fill(1);
}

function windowOf(c: LayerContext, rank: SpatialRank, dilated: boolean): Window {
  const kernelSize = positiveIntegers(c, 'kernelSize', rank);
  const strides = positiveIntegers(c, 'strides', rank, ones(rank));
  const dilations = positiveIntegers(c, 'dilationRate', rank, ones(rank));
  const padding =
    c.className === 'DepthwiseConv2D' ? paddingOrValid(c) : paddingOf(c, kernelSize, dilated ? dilations : ones(rank));
  if (dilated && [strides, dilations].every(sizes => sizes.some(size => size !== null && size > 1))) {
    c.problems.push('TensorFlow.js cannot run a convolution whose strides and dilationRate are both larger than 1.');
  }
  return { kernelSize, strides, dilations: dilated ? dilations : ones(rank), padding };
}

const isOne = (value: ConfigValue) => value === 1;

/** Conv1D, Conv2D, Conv3D. Kernel: [kernelSize…, inChannels, filters]. Source: tfjs-layers convolutional.ts. */
export function convolution(rank: SpatialRank): Describe {
  return c => {
    const dataFormat = dataFormatOf(c);
    const input = splitMap(singleInput(c, rank + 1), rank, dataFormat);
    const filters = positiveInteger(c, 'filters');
    const window = windowOf(c, rank, true);
    const bias = flag(c, 'useBias', true);
    refuseIgnored(c, 'groups', isOne);
    if (rank === 1 && dataFormat === 'channelsFirst') {
      c.problems.push(
        'TensorFlow.js 4.22 computes conv1d with channelsFirst into an output that has its channels last.',
      );
    }
    const inChannels = input.channels;
    const op: ConvOp = { kind: 'conv', spatialRank: rank, inChannels, filters, ...window, groups: 1, bias, dataFormat };
    const spatial = slide(c, input.spatial, window);
    return {
      op,
      outputShapes: [joinMap({ channels: filters, spatial }, dataFormat)],
      activation: fusedActivation(c),
      weights: [
        weight(c, 'kernel', [...window.kernelSize, inChannels, filters], 'kernelInitializer', 'glorotNormal'),
        ...biasWeight(c, bias, [filters]),
      ],
    };
  };
}

/**
 * Conv2DTranspose, Conv3DTranspose. Kernel: [kernelSize…, filters, inChannels]; output length n·s for `same`,
 * n·s + max(k − s, 0) for `valid` (tfjs-layers utils/conv_utils.ts). TensorFlow.js ignores dilationRate here.
 */
export function convolutionTranspose(rank: 2 | 3): Describe {
  return c => {
    const dataFormat = dataFormatOf(c);
    const input = splitMap(singleInput(c, rank + 1), rank, dataFormat);
    const filters = positiveInteger(c, 'filters');
    const window = windowOf(c, rank, false);
    const bias = flag(c, 'useBias', true);
    refuseIgnored(c, 'dilationRate', isOne);
    refuseIgnored(c, 'outputPadding', value => value === 0);
    const inChannels = input.channels;
    const spatial = input.spatial.map((length, i) => {
      const [kernel, stride] = [window.kernelSize[i] ?? null, window.strides[i] ?? null];
      const grown = times(length, stride);
      if (window.padding.mode === 'same') return grown;
      return kernel === null || stride === null ? null : plus(grown, Math.max(kernel - stride, 0));
    });
    const op: ConvTransposeOp = {
      kind: 'convTranspose',
      spatialRank: rank,
      inChannels,
      filters,
      ...window,
      groups: 1,
      bias,
      dataFormat,
      outputPadding: new Array<Dim>(rank).fill(0),
    };
    return {
      op,
      outputShapes: [joinMap({ channels: filters, spatial }, dataFormat)],
      activation: fusedActivation(c),
      weights: [
        weight(c, 'kernel', [...window.kernelSize, filters, inChannels], 'kernelInitializer', 'glorotNormal'),
        ...biasWeight(c, bias, [filters]),
      ],
    };
  };
}

/** DepthwiseConv2D: one group a channel, dilationRate ignored by TensorFlow.js (convolutional_depthwise.ts). */
export const depthwiseConvolution: Describe = c => {
  const dataFormat = dataFormatOf(c);
  const input = splitMap(singleInput(c, 3), 2, dataFormat);
  const window = windowOf(c, 2, false);
  const depthMultiplier = positiveInteger(c, 'depthMultiplier', 1);
  const bias = flag(c, 'useBias', true);
  refuseIgnored(c, 'dilationRate', isOne);
  const inChannels = input.channels;
  const filters = times(inChannels, depthMultiplier);
  const spatial = slide(c, input.spatial, window);
  const kernelShape = [...window.kernelSize, inChannels, depthMultiplier];
  return {
    op: { kind: 'conv', spatialRank: 2, inChannels, filters, ...window, groups: inChannels, bias, dataFormat },
    outputShapes: [joinMap({ channels: filters, spatial }, dataFormat)],
    activation: fusedActivation(c),
    weights: [
      weight(c, 'depthwiseKernel', kernelShape, 'depthwiseInitializer', 'glorotNormal'),
      ...biasWeight(c, bias, [filters]),
    ],
  };
};

const separableOnly = ['kernelInitializer', 'kernelRegularizer', 'kernelConstraint'] as const;

/** SeparableConv2D. TensorFlow.js draws the pointwise kernel by `depthwiseInitializer` too (convolutional.ts). */
export const separableConvolution: Describe = c => {
  const dataFormat = dataFormatOf(c);
  const input = splitMap(singleInput(c, 3), 2, dataFormat);
  const filters = positiveInteger(c, 'filters');
  const window = windowOf(c, 2, true);
  const depthMultiplier = positiveInteger(c, 'depthMultiplier', 1);
  const bias = flag(c, 'useBias', true);
  for (const key of separableOnly) {
    if (field(c, key) !== undefined)
      c.problems.push(`SeparableConv2D has no ${key}: it has one for each of its two kernels.`);
  }
  const inChannels = input.channels;
  if (bias && dataFormat === 'channelsFirst') {
    c.problems.push('TensorFlow.js 4.22 adds the bias of separableConv2d along the wrong axis with channelsFirst.');
  }
  const op: SeparableConvOp = {
    kind: 'separableConv',
    spatialRank: 2,
    inChannels,
    filters,
    ...window,
    bias,
    dataFormat,
    depthMultiplier,
  };
  const spatial = slide(c, input.spatial, window);
  const depthwiseShape = [...window.kernelSize, inChannels, depthMultiplier];
  const pointwiseShape = [1, 1, times(inChannels, depthMultiplier), filters];
  return {
    op,
    outputShapes: [joinMap({ channels: filters, spatial }, dataFormat)],
    activation: fusedActivation(c),
    weights: [
      weight(c, 'depthwiseKernel', depthwiseShape, 'depthwiseInitializer', 'glorotUniform'),
      weight(c, 'pointwiseKernel', pointwiseShape, 'depthwiseInitializer', 'glorotUniform'),
      ...biasWeight(c, bias, [filters]),
    ],
  };
};
