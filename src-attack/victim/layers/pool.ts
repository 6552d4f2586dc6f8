import { convOutputLength, effectiveKernel, resolvePadding } from '../../../src-analysis/model/geometry.ts';
import type { PoolOp } from '../../../src-analysis/model/graph.ts';
import { reshape } from '../../ir/arrange.ts';
import type { Node } from '../../ir/graph.ts';
import { averagePool, globalAveragePool, globalMaxPool, maxPool, type PoolWindow } from '../../ir/pooling.ts';
import { channelsFirst, featureMap, inOwnLayout, known, NotSupported, type Value } from '../value.ts';
import type { LayerContext } from './context.ts';

export function buildPool({ layer, inputs }: LayerContext, op: PoolOp): Value {
  if (op.pool === 'lp') throw new NotSupported('Lp pooling is not covered by the attack engine.');
  if (op.spatialRank === 3)
    throw new NotSupported('Pooling over three spatial axes is not covered by the attack engine.');
  const map = channelsFirst(inputs[0]!, op.dataFormat);
  const sequence = op.spatialRank === 1;
  const x = sequence ? reshape(map, [map.shape[0]!, map.shape[1]!, 1, map.shape[2]!]) : map;
  if (op.global) {
    const pooled = op.pool === 'max' ? globalMaxPool(x) : globalAveragePool(x);
    const flat = layer.outputShapes[0]?.length === 1;
    const shape = flat ? x.shape.slice(0, 2) : [...x.shape.slice(0, 2), ...new Array<number>(op.spatialRank).fill(1)];
    return flat ? inOwnLayout(reshape(pooled, shape)) : featureMap(reshape(pooled, shape), op.dataFormat);
  }
  const pooled = poolWindows(x, op);
  const shape = sequence ? [x.shape[0]!, x.shape[1]!, pooled.shape[3]!] : pooled.shape;
  return featureMap(reshape(pooled, shape), op.dataFormat);
}

function poolWindows(x: Node, op: PoolOp): Node {
  const axes = [0, 1].map(axis => windowAlong(x.shape[axis + 2]!, op, axis - 2 + op.spatialRank));
  const each = (choose: (along: WindowAlong) => number): [number, number] => [choose(axes[0]!), choose(axes[1]!)];
  const window: PoolWindow = {
    kernel: each(along => along.kernel),
    strides: each(along => along.stride),
    dilations: each(along => along.dilation),
    padBefore: each(along => along.before),
    padAfter: each(along => along.after + along.beyond),
  };
  if (op.pool === 'max') return maxPool(x, window);
  // Padding counts as zeros where the model says so; what lies beyond it in ceil mode never does.
  const counted = op.countIncludePad ? 1 : 0;
  return averagePool(x, window, {
    before: each(along => counted * along.before),
    after: each(along => counted * along.after),
  });
}

interface WindowAlong {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  /** How far the last window reaches over the padding, which ceil mode allows. */
  readonly beyond: number;
}

/** The window along one of two axes; a sequence has none along the height (axis −1). */
function windowAlong(length: number, op: PoolOp, axis: number): WindowAlong {
  if (axis < 0) return { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, beyond: 0 };
  const [kernel, stride, dilation] = known(
    [op.window[axis] ?? null, op.strides[axis] ?? null, op.dilations[axis] ?? null],
    'window',
  ) as [number, number, number];
  const { before, after } = resolvePadding(length, kernel, stride, dilation, op.padding, axis);
  const count = convOutputLength(length, kernel, stride, dilation, op.padding, axis, op.ceilMode)!;
  const reach = (count - 1) * stride + effectiveKernel(kernel, dilation);
  return { kernel, stride, dilation, before, after, beyond: Math.max(0, reach - length - before - after) };
}
