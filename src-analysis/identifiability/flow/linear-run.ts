/** Linear layers in a row: nothing that bends stands between them, so they are one linear layer with fewer freedoms. */
import type { Activation, ConvOp, Layer, ModelGraph, PoolOp } from '../../model/graph.ts';
import { outputLength } from '../../solubility/conv-geometry.ts';
import type { Consumers } from '../../solubility/invertibility.ts';
import type { RankTable } from '../../solubility/layer-analysis.ts';
import { layerGeometry } from '../../solubility/layer-geometry.ts';
import { pointwiseKind } from '../exact/program.ts';
import { restrictTo } from '../reached.ts';
import type { Region } from './region.ts';
import { spatialOf } from './weighted.ts';

/** What comes next behind a layer with only linear maps between: a layer with weights, an average, or nothing of the kind. */
export type Follower =
  | { readonly kind: 'none' }
  | { readonly kind: 'global-average' }
  /** `direct`: it looks at the output itself, and is the only one to do so. */
  | { readonly kind: 'linear'; readonly direct?: Layer };

export function linearFollower(
  graph: ModelGraph,
  layer: Layer,
  activation: Activation | undefined,
  consumers: Consumers,
): Follower {
  if (activation && pointwiseKind(activation) !== 'linear') return { kind: 'none' };
  const first = consumers.get(layer.id) ?? [];
  const waiting = [...first];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const next = graph.layers[id]!;
    if (['conv', 'convTranspose', 'separableConv'].includes(next.op.kind)) {
      return first.length === 1 && first[0] === id ? { kind: 'linear', direct: next } : { kind: 'linear' };
    }
    if (next.op.kind === 'pool' && next.op.pool === 'average') {
      if (next.op.global) return { kind: 'global-average' };
      return first.length === 1 && first[0] === id ? { kind: 'linear', direct: next } : { kind: 'linear' };
    }
    if (next.op.kind === 'reduce') return { kind: 'linear' };
    if (['activation', 'dense', 'pool'].includes(next.op.kind) || next.activation) continue;
    waiting.push(...(consumers.get(id) ?? []));
  }
  return { kind: 'none' };
}

/**
 * rank U of the convolution that two in a row amount to: both gradients are projections of its gradient, so nothing that the
 * two tell about the input exceeds it. An upper bound where the second one pads; undefined where there is no such geometry.
 */
export function composedSystem(
  graph: ModelGraph,
  layer: Layer,
  next: Layer,
  output: Region,
  table: RankTable,
): { readonly system: number; readonly exact: boolean } | undefined {
  if (layer.op.kind !== 'conv' || (next.op.kind !== 'conv' && next.op.kind !== 'pool')) return undefined;
  const second = geometryOf(graph, next, next.op.kind === 'pool' ? asConvolution(next.op, layer.op) : next.op);
  const first = geometryOf(graph, layer, layer.op);
  if (!first || !second) return undefined;
  const of = (axis: 0 | 1) => {
    const stride = first.strides[axis] * second.strides[axis];
    const kernel = first.kernel[axis] + (second.kernel[axis] - 1) * first.strides[axis];
    const before = first.before[axis] + second.before[axis] * first.strides[axis];
    const span = (outputLength(second, axis) - 1) * stride + kernel;
    return { stride, kernel, before, after: span - before - first.input[axis] };
  };
  const [y, x] = [of(0), of(1)];
  if (y.after < 0 || x.after < 0) return undefined;
  const composed = {
    inChannels: first.inChannels,
    filters: second.filters,
    input: first.input,
    kernel: [y.kernel, x.kernel] as const,
    strides: [y.stride, x.stride] as const,
    before: [y.before, x.before] as const,
    after: [y.after, x.after] as const,
    dilations: [1, 1] as const,
    groups: 1,
  };
  const spatial = spatialOf(output, next.op);
  const axes =
    spatial.length === 1
      ? ([{ first: 0, step: 1, count: 1 }, spatial[0]!] as const)
      : ([spatial[0]!, spatial[1]!] as const);
  const { ranks, law, basis } = table.of(restrictTo(composed, axes));
  const padded = [...second.before, ...second.after].some(count => count > 0);
  const trusted = basis === 'finite-field' || !(law.nearCritical || law.outsideDomain);
  return { system: ranks.system, exact: !padded && trusted && next.op.kind === 'conv' };
}

/** A pooling sees what a convolution with its windows sees. */
function asConvolution(op: PoolOp, before: ConvOp): ConvOp {
  const { spatialRank, window, strides, dilations, padding, dataFormat } = op;
  const channels = before.filters;
  const shape = { kernelSize: window, strides, dilations, padding, inChannels: channels, filters: channels, groups: 1 };
  return { kind: 'conv', spatialRank, dataFormat, bias: false, ...shape };
}

function geometryOf(graph: ModelGraph, layer: Layer, op: ConvOp) {
  const found = op.spatialRank === 3 ? undefined : layerGeometry(graph, layer, op);
  if (!found || 'reason' in found) return undefined;
  return found.geometry.dilations.every(dilation => dilation === 1) ? found.geometry : undefined;
}
