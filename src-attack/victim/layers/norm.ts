import type { NormOp } from '../../../src-analysis/model/graph.ts';
import { expand, pad, reshape, sliceAxis } from '../../ir/arrange.ts';
import { add, div, mul, pow, square } from '../../ir/elementwise.ts';
import { type Node, sizeOf } from '../../ir/graph.ts';
import { groupNorm, normalise, normaliseBy } from '../../ir/normalisation.ts';
import { addAll, mean } from '../../ir/reduce.ts';
import { axisOf, channelsFirst, inOwnLayout, NotSupported, own, type Value } from '../value.ts';
import { isOnnx, type LayerContext } from './context.ts';

export function buildNorm(context: LayerContext, op: NormOp): Value {
  switch (op.norm) {
    case 'batch':
      return batchNorm(context, op);
    case 'layer':
    case 'rms':
      return inOwnLayout(trailingNorm(context, op));
    case 'instance':
    case 'group':
      return channelGroups(context, op);
    case 'lrn':
      return { ...context.inputs[0]!, node: localResponse(context, op) };
  }
}

function batchNorm(context: LayerContext, op: NormOp): Value {
  const { layer, parameters, assume } = context;
  const value = context.inputs[0]!;
  const channel = axisOf(value, onlyAxis(op));
  const find = (role: string): Node | undefined => {
    const node = parameters.find(layer, role);
    return node && alongAxis(node, value.node, channel);
  };
  const [gamma, beta] = [find('gamma'), find('beta')];
  if (context.normMode === 'train' || op.batchStatistics) {
    assume('Batch normalisation uses the statistics of the batch, as in training.');
    const axes = value.node.shape.map((_, axis) => axis).filter(axis => axis !== channel);
    return { ...value, node: normaliseBy(value.node, axes, op.epsilon, gamma, beta) };
  }
  assume('Batch normalisation uses its stored statistics, as at inference.');
  const center = alongAxis(parameters.need(layer, 'movingMean'), value.node, channel);
  const variance = alongAxis(parameters.need(layer, 'movingVariance'), value.node, channel);
  return { ...value, node: normalise(value.node, center, variance, op.epsilon, gamma, beta) };
}

/** Statistics of every sample over some axes; γ and β have one entry for each of their positions. */
function trailingNorm({ layer, inputs, parameters }: LayerContext, op: NormOp): Node {
  const x = own(inputs[0]!);
  const axes = op.axes.map(axis => axisOf(inOwnLayout(x), axis));
  if (axes.some((axis, i) => i > 0 && axis <= axes[i - 1]!))
    throw new NotSupported('Its axes are not in ascending order.');
  const scaled = (role: string): Node | undefined => {
    const node = parameters.find(layer, role);
    if (!node) return undefined;
    const shape = x.shape.map((dim, axis) => (axes.includes(axis) ? dim : 1));
    return sizeOf(node.shape) === sizeOf(shape) ? reshape(node, shape) : node;
  };
  const [gamma, beta] = [scaled('gamma'), scaled('beta')];
  if (op.norm === 'layer') return normaliseBy(x, axes, op.epsilon, gamma, beta);
  const length = pow(add(mean(square(x), axes), op.epsilon), -0.5);
  const normalised = mul(x, length);
  return gamma ? mul(normalised, gamma) : normalised;
}

function channelGroups({ layer, inputs, parameters, format }: LayerContext, op: NormOp): Value {
  const value = inputs[0]!;
  const x = channelsFirst(value, isOnnx(format) ? 'channelsFirst' : 'channelsLast');
  const channels = x.shape[1]!;
  const groups = op.norm === 'instance' ? channels : op.groups;
  if (!groups || channels % groups !== 0)
    throw new NotSupported(`Its ${channels} channels do not form ${groups} groups.`);
  const scaled = (role: string): Node | undefined => {
    const node = parameters.find(layer, role);
    if (!node) return undefined;
    // Operator set 18 of ONNX has one entry for every group.
    const entries = sizeOf(node.shape);
    const perChannel = reshape(expand(reshape(node, [entries, 1]), [entries, channels / entries]), [channels]);
    return alongAxis(perChannel, x, 1);
  };
  const normalised = groupNorm(x, groups, op.epsilon, scaled('gamma'), scaled('beta'));
  return { node: normalised, swapped: !isOnnx(format) };
}

/** x/(bias + α/size·Σ x²)^β over `size` neighbouring channels (Krizhevsky et al. 2012, as ONNX has it). */
function localResponse({ inputs }: LayerContext, op: NormOp): Node {
  const value = inputs[0]!;
  if (!op.lrn) throw new NotSupported('Its parameters are not known.');
  const { size, alpha, beta, bias } = op.lrn;
  const x = value.node;
  const axis = axisOf(value, onlyAxis(op));
  const before = Math.floor((size - 1) / 2);
  const around = (count: number): number[] => x.shape.map((_, i) => (i === axis ? count : 0));
  const padded = pad(square(x), around(before), around(size - 1 - before));
  const neighbours = Array.from({ length: size }, (_, i) => sliceAxis(padded, axis, i, i + x.shape[axis]!));
  return div(x, pow(add(bias, mul(alpha / size, addAll(neighbours))), beta));
}

function onlyAxis(op: NormOp): number {
  const [axis] = op.axes;
  if (op.axes.length !== 1 || axis === undefined) throw new NotSupported('Its channel axis is not known.');
  return axis;
}

/** A vector that broadcasts against x along one axis. */
function alongAxis(vector: Node, x: Node, axis: number): Node {
  return reshape(
    vector,
    x.shape.map((_, i) => (i === axis ? -1 : 1)),
  );
}
