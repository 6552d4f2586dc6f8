import { effectiveKernel, resolvePadding } from '../../../src-analysis/model/geometry.ts';
import type { ConvOp, ConvTransposeOp, SeparableConvOp } from '../../../src-analysis/model/graph.ts';
import { reshape, transpose } from '../../ir/arrange.ts';
import { conv, convInputGrad } from '../../ir/convolution.ts';
import { add } from '../../ir/elementwise.ts';
import type { ConvolutionGeometry, Node } from '../../ir/graph.ts';
import { channelsFirst, featureMap, known, NotSupported, type Value } from '../value.ts';
import { isOnnx, type LayerContext } from './context.ts';

type AnyConv = Pick<ConvOp, 'spatialRank' | 'strides' | 'dilations' | 'padding' | 'dataFormat'>;

export function buildConv(context: LayerContext, op: ConvOp): Value {
  const x = image(context, op);
  const kernel = convKernel(context);
  const groups = x.shape[1]! / kernel.shape[1]!;
  const y = conv(x, kernel, geometryOf(op, x, kernel, groups));
  return finish(context, op, y);
}

export function buildSeparableConv(context: LayerContext, op: SeparableConvOp): Value {
  const x = image(context, op);
  const depthwise = depthwiseKernel(context);
  const spread = conv(x, depthwise, geometryOf(op, x, depthwise, x.shape[1]!));
  const pointwise = lastToFirst(context.parameters.need(context.layer, 'pointwiseKernel'));
  const unit = { strides: [1, 1], dilations: [1, 1], padBefore: [0, 0], padAfter: [0, 0], groups: 1 } as const;
  return finish(context, op, conv(spread, pointwise, unit));
}

/** The gradient of a convolution that would lead from this layer's output to its input. */
export function buildConvTranspose(context: LayerContext, op: ConvTransposeOp): Value {
  const x = image(context, op);
  const stored = context.parameters.need(context.layer, 'kernel');
  const kernel = isOnnx(context.format) ? asTwoAxes(stored, 2) : lastToFirst(asTwoAxes(stored, 0));
  const groups = known([op.groups], 'number of groups')[0]!;
  const size = outputSize(context, op, x, kernel);
  const geometry = geometryOf(op, { shape: [0, 0, ...size] }, kernel, groups);
  const y = convInputGrad(x, kernel, [x.shape[0]!, kernel.shape[1]! * groups, ...size], geometry);
  return finish(context, op, y);
}

/** Length of the spatial axes: the reader's, which knows every format's rule, or the common one. */
function outputSize(context: LayerContext, op: ConvTransposeOp, x: Node, kernel: Node): number[] {
  const shape = context.layer.outputShapes[0];
  const told = shape && (op.dataFormat === 'channelsLast' ? shape.slice(0, -1) : shape.slice(1));
  const [strides, dilations] = [twoAxes(op.strides, 1), twoAxes(op.dilations, 1)];
  const extra = twoAxes(op.outputPadding, 0);
  return [0, 1].map(axis => {
    const dim = told?.at(axis - 2);
    if (op.spatialRank === 1 && axis === 0) return 1;
    if (dim !== undefined && dim !== null) return dim;
    const length = x.shape[axis + 2]!;
    if (op.padding.mode === 'same' || op.padding.mode === 'sameLower') return length * strides[axis]!;
    const [before, after] = explicitPadding(op, axis);
    return (
      (length - 1) * strides[axis]! +
      effectiveKernel(kernel.shape[axis + 2]!, dilations[axis]!) -
      before -
      after +
      extra[axis]!
    );
  });
}

function explicitPadding(op: AnyConv, axis: number): [number, number] {
  if (op.padding.mode !== 'explicit') return [0, 0];
  return [twoAxes(op.padding.before, 0)[axis]!, twoAxes(op.padding.after, 0)[axis]!];
}

/** The input as [B, C, H, W]; sequences get a height of 1. */
function image(context: LayerContext, op: AnyConv): Node {
  if (op.spatialRank === 3)
    throw new NotSupported('Convolution over three spatial axes is not covered by the attack engine.');
  const map = channelsFirst(context.inputs[0]!, op.dataFormat);
  return op.spatialRank === 1 ? reshape(map, [map.shape[0]!, map.shape[1]!, 1, map.shape[2]!]) : map;
}

/** Adds the bias and takes away the height of a sequence. */
function finish(context: LayerContext, op: AnyConv, y: Node): Value {
  const bias = context.parameters.find(context.layer, 'bias');
  const shifted = bias ? add(y, reshape(bias, [1, -1, 1, 1])) : y;
  const map = op.spatialRank === 1 ? reshape(shifted, [y.shape[0]!, y.shape[1]!, y.shape[3]!]) : shifted;
  return featureMap(map, op.dataFormat);
}

/** The kernel as [M, C/g, kh, kw]. */
function convKernel(context: LayerContext): Node {
  const { layer, parameters, format } = context;
  if (layer.weights.some(weight => weight.role === 'depthwiseKernel')) return depthwiseKernel(context);
  const stored = parameters.need(layer, 'kernel');
  if (isOnnx(format)) return asTwoAxes(stored, 2);
  return lastToFirst(asTwoAxes(stored, 0));
}

/** TensorFlow's [kh, kw, C, multiplier] → [C·multiplier, 1, kh, kw]: the filters of one channel stand together. */
function depthwiseKernel({ layer, parameters }: LayerContext): Node {
  const stored = parameters.need(layer, 'depthwiseKernel');
  const [rows, columns, channels, multiplier] = stored.shape as [number, number, number, number];
  return reshape(transpose(stored, [2, 3, 0, 1]), [channels * multiplier, 1, rows, columns]);
}

/** A kernel of a sequence gets a height of 1, at the given axis; so does one applied at each step of a list of sequences. */
function asTwoAxes(kernel: Node, at: number): Node {
  return kernel.shape.length === 3 ? reshape(kernel, kernel.shape.toSpliced(at, 0, 1)) : kernel;
}

/** [kh, kw, a, b] → [b, a, kh, kw]. */
function lastToFirst(kernel: Node): Node {
  return transpose(kernel, [3, 2, 0, 1]);
}

function geometryOf(op: AnyConv, x: Pick<Node, 'shape'>, kernel: Node, groups: number): ConvolutionGeometry {
  const [strides, dilations] = [twoAxes(op.strides, 1), twoAxes(op.dilations, 1)];
  const padding = [0, 1].map(axis => {
    const own = axis - 2 + op.spatialRank;
    if (own < 0) return { before: 0, after: 0 };
    return resolvePadding(
      x.shape[axis + 2]!,
      kernel.shape[axis + 2]!,
      strides[axis]!,
      dilations[axis]!,
      op.padding,
      own,
    );
  });
  return {
    strides: pair(strides),
    dilations: pair(dilations),
    padBefore: pair(padding.map(end => end.before)),
    padAfter: pair(padding.map(end => end.after)),
    groups,
  };
}

/** One number for each of two axes; a sequence has its own on the last. */
function twoAxes(given: readonly (number | null)[], rest: number): number[] {
  const numbers = known(given, 'geometry');
  return numbers.length === 1 ? [rest, numbers[0]!] : numbers;
}

function pair([rows = 0, columns = 0]: readonly number[]): [number, number] {
  return [rows, columns];
}
