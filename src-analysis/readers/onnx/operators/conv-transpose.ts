import { effectiveKernel } from '../../../model/geometry.ts';
import type { Padding } from '../../../model/graph.ts';
import { fail, intsAttribute, type NodeContext, type Operator } from '../context.ts';
import { allNumbers, checkedDim, type Dim, minus, plainDim, plus, times } from '../dimension.ts';
import { agreeing, finishConvolution, readConvolution } from './convolution.ts';
import { spatialList, type WindowGeometry, windowGeometry } from './window.ts';

/**
 * ConvTranspose: output = stride·(input − 1) + output_padding + dilated kernel − pads. `output_shape` and `auto_pad`
 * choose the pads from that equation; the layer gets those pads, or more output padding where they would be negative.
 */
export const convTranspose: Operator = {
  attributes: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'output_padding', 'output_shape', 'pads', 'strides'],
  infer: context => {
    const convolution = readConvolution(context);
    const { kernelSize, first, second, groups, spatial } = convolution;
    const inChannels = agreeing(convolution.inChannels, first, 'input channels');
    if (typeof inChannels === 'number' && inChannels % groups !== 0) {
      fail(`its ${inChannels} input channels cannot be divided into ${groups} groups`);
    }
    const filters = checkedDim(times(second, groups));
    const geometry = withExplicitPads(windowGeometry(context, kernelSize));
    const axes = spatial.map((input, axis) => transposedAxis(context, geometry, input, axis, spatial.length));
    const before = allNumbers(axes.map(axis => axis.before));
    const after = allNumbers(axes.map(axis => axis.after));
    const padding: Padding = before && after ? { mode: 'explicit', before, after } : geometry.padding;
    const shape = [convolution.input.shape?.[0] ?? null, filters, ...axes.map(({ output }) => output)];
    return finishConvolution(context, convolution, shape, spatialRank => ({
      kind: 'convTranspose',
      spatialRank,
      inChannels: plainDim(inChannels),
      filters: plainDim(filters),
      kernelSize: geometry.kernel,
      strides: geometry.strides,
      dilations: geometry.dilations,
      padding,
      groups,
      bias: convolution.bias !== null,
      dataFormat: 'channelsFirst',
      outputPadding: axes.map(({ outputPadding }) => outputPadding),
    }));
  },
};

interface TransposedAxis {
  readonly output: Dim;
  readonly before: Dim;
  readonly after: Dim;
  readonly outputPadding: number;
}

function transposedAxis(
  context: NodeContext,
  { kernel, strides, dilations, padding }: WindowGeometry,
  input: Dim,
  axis: number,
  rank: number,
): TransposedAxis {
  const stride = strides[axis] ?? 1;
  const size = kernel[axis] ?? null;
  const outputPadding = spatialList(context, 'output_padding', rank, 0, 0)[axis] ?? 0;
  const wanted = wantedOutput(context, padding, input, stride, axis, rank);
  if (padding.mode === 'explicit' && wanted === undefined) {
    const before = padding.before[axis] ?? 0;
    const after = padding.after[axis] ?? 0;
    if (typeof size !== 'number') return { output: null, before, after, outputPadding };
    const more = outputPadding + effectiveKernel(size, dilations[axis] ?? 1) - before - after;
    const output = plus(times(stride, minus(input, 1)), more);
    if (typeof output === 'number' && output < 1) fail(`its pads leave nothing of its output along axis ${axis}`);
    return { output: checkedDim(output), before, after, outputPadding };
  }
  const output = checkedDim(wanted ?? null);
  if (typeof input !== 'number' || typeof size !== 'number' || typeof output !== 'number') {
    return { output, before: null, after: null, outputPadding };
  }
  const total = stride * (input - 1) + outputPadding + effectiveKernel(size, dilations[axis] ?? 1) - output;
  const cut = Math.max(0, total);
  const small = Math.floor(cut / 2);
  const [before, after] = padding.mode === 'same' ? [small, cut - small] : [cut - small, small];
  return { output, before, after, outputPadding: outputPadding + Math.max(0, -total) };
}

/** The output length that the node asks for, undefined where it follows from the pads. */
function wantedOutput(
  context: NodeContext,
  padding: Padding,
  input: Dim,
  stride: number,
  axis: number,
  rank: number,
): Dim | undefined {
  const outputShape = intsAttribute(context, 'output_shape');
  if (outputShape) {
    // Some exporters list the batch and the channels too.
    const spatial = outputShape.length === rank + 2 ? outputShape.slice(2) : outputShape;
    const length = spatial[axis];
    if (spatial.length !== rank || !length || length < 0) fail(`its attribute 'output_shape' is [${outputShape}]`);
    return length;
  }
  if (padding.mode === 'explicit') return undefined;
  return times(input, stride);
}

/** VALID is the same as no pads. */
function withExplicitPads(geometry: WindowGeometry): WindowGeometry {
  if (geometry.padding.mode !== 'valid') return geometry;
  const none = geometry.kernel.map(() => 0);
  return { ...geometry, padding: { mode: 'explicit', before: none, after: none } };
}
