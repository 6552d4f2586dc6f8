/** Linear layers in a row: nothing that bends stands between them, so they are one linear layer with fewer freedoms. */
import type { ConvGeometry } from '../../model/analysis.ts';
import type { Activation, ConvOp, Layer, ModelGraph, PoolOp } from '../../model/graph.ts';
import { outputLength, rowsOf } from '../../solubility/conv-geometry.ts';
import type { Consumers } from '../../solubility/invertibility.ts';
import type { RankTable } from '../../solubility/layer-analysis.ts';
import { layerGeometry } from '../../solubility/layer-geometry.ts';
import { pointwiseKind } from '../exact/program.ts';
import { restrictTo } from '../reached.ts';
import { freedomOfFactor, isProduct } from './conserved.ts';
import type { Region } from './region.ts';
import { spatialOf } from './weighted.ts';

/** What comes behind a layer with only linear maps between: other layers with weights, an average, or nothing of the kind. */
export type Follower =
  | { readonly kind: 'none' }
  /** The mean of every channel; `alike`: of so many channels in a row the positions are weighted alike, by the shares of one head. */
  | { readonly kind: 'global-average'; readonly alike: number }
  | { readonly kind: 'dense' }
  /** `chain`: convolutions and averages that follow one another, each the only one to look at the one before. */
  | { readonly kind: 'linear'; readonly chain: readonly Layer[] };

export function linearFollower(
  graph: ModelGraph,
  layer: Layer,
  activation: Activation | undefined,
  consumers: Consumers,
): Follower {
  if (activation && pointwiseKind(activation) !== 'linear') return { kind: 'none' };
  let alike = Number.POSITIVE_INFINITY;
  const readersOf = (from: number) => (consumers.get(from) ?? []).map(id => ({ id, from }));
  const waiting = readersOf(layer.id);
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const next = graph.layers[at.id]!;
    const { op } = next;
    // Entry by entry the other factor gives every position a δ of its own; a matrix from the left gives all the same up to a factor.
    if (isProduct(next)) {
      if (op.kind === 'merge' && (op.merge === 'multiply' || op.merge === 'divide')) continue;
      alike = Math.min(alike, freedomOfFactor(next, at.from));
      if (alike === 0) continue;
    }
    if (op.kind === 'pool' && op.pool === 'average' && op.global) return { kind: 'global-average', alike };
    if (isLinear(next) || op.kind === 'convTranspose' || op.kind === 'separableConv' || op.kind === 'reduce') {
      return { kind: 'linear', chain: chainBehind(graph, layer, consumers) };
    }
    if (op.kind === 'dense') return { kind: 'dense' };
    if (op.kind === 'activation' || op.kind === 'pool' || next.activation) continue;
    waiting.push(...readersOf(at.id));
  }
  return { kind: 'none' };
}

function isLinear({ op }: Layer): boolean {
  return op.kind === 'conv' || (op.kind === 'pool' && op.pool === 'average' && !op.global);
}

function chainBehind(graph: ModelGraph, layer: Layer, consumers: Consumers): Layer[] {
  const chain: Layer[] = [];
  for (let last = layer; ; ) {
    const [only, ...others] = consumers.get(last.id) ?? [];
    const next = only === undefined || others.length > 0 ? undefined : graph.layers[only];
    if (!next || !isLinear(next)) return chain;
    chain.push(next);
    if (next.activation && pointwiseKind(next.activation) !== 'linear') return chain;
    last = next;
  }
}

/**
 * rank U of the convolution that a layer and those behind it amount to, the least over how many of them are taken together:
 * the gradients of all are projections of its gradient, so nothing that they tell about the input exceeds it. An upper bound
 * where a later one pads or averages; undefined where there is no such geometry.
 */
export function composedSystem(
  graph: ModelGraph,
  layer: Layer,
  chain: readonly Layer[],
  regions: ReadonlyMap<string, Region>,
  table: RankTable,
  batch: number,
): { readonly system: number; readonly exact: boolean } | undefined {
  if (layer.op.kind !== 'conv') return undefined;
  let composed = geometryOf(graph, layer, layer.op);
  let channels = layer.op.filters;
  let exact = batch === 1;
  let least = Number.POSITIVE_INFINITY;
  for (const next of chain) {
    const op = next.op.kind === 'pool' ? asConvolution(next.op, channels) : (next.op as ConvOp);
    const geometry = geometryOf(graph, next, op);
    const region = regions.get(`${next.id}.0`);
    composed = composed && geometry && composition(composed, geometry);
    if (!composed || !geometry || !region) break;
    channels = op.filters;
    const spatial = spatialOf(region, op);
    const axes = [spatial.at(-2) ?? { first: 0, step: 1, count: 1 }, spatial.at(-1)!] as const;
    const part = restrictTo(composed, axes);
    const { ranks, law, basis } = table.of(part);
    const trusted = basis === 'finite-field' || !(law.nearCritical || law.outsideDomain);
    const padded = [...geometry.before, ...geometry.after].some(count => count > 0);
    exact &&= trusted && !padded && next.op.kind === 'conv';
    const several = batch * ranks.weights + Math.min(rowsOf(part).gradients, batch * ranks.gradients);
    least = Math.min(least, batch === 1 ? ranks.system : several);
  }
  return Number.isFinite(least) ? { system: least, exact } : undefined;
}

/** The convolution that two in a row amount to, every output channel looking at all inputs. */
function composition(first: ConvGeometry, second: ConvGeometry): ConvGeometry | undefined {
  const of = (axis: 0 | 1) => {
    const stride = first.strides[axis] * second.strides[axis];
    const kernel = first.kernel[axis] + (second.kernel[axis] - 1) * first.strides[axis];
    const before = first.before[axis] + second.before[axis] * first.strides[axis];
    const span = (outputLength(second, axis) - 1) * stride + kernel;
    return { stride, kernel, before, after: span - before - first.input[axis] };
  };
  const [y, x] = [of(0), of(1)];
  // What the second one leaves out at the end, no window of the composed one sees either.
  if (y.before < 0 || x.before < 0) return undefined;
  return {
    inChannels: first.inChannels,
    filters: second.filters,
    input: first.input,
    kernel: [y.kernel, x.kernel],
    strides: [y.stride, x.stride],
    before: [y.before, x.before],
    after: [Math.max(0, y.after), Math.max(0, x.after)],
    dilations: [1, 1],
    groups: 1,
  };
}

/** A pooling sees what a convolution with its windows sees. */
function asConvolution(op: PoolOp, channels: number | null): ConvOp {
  const { spatialRank, window, strides, dilations, padding, dataFormat } = op;
  const shape = { kernelSize: window, strides, dilations, padding, inChannels: channels, filters: channels, groups: 1 };
  return { kind: 'conv', spatialRank, dataFormat, bias: false, ...shape };
}

function geometryOf(graph: ModelGraph, layer: Layer, op: ConvOp): ConvGeometry | undefined {
  const found = op.spatialRank === 3 ? undefined : layerGeometry(graph, layer, op);
  if (!found || 'reason' in found) return undefined;
  return found.geometry.dilations.every(dilation => dilation === 1) ? found.geometry : undefined;
}
