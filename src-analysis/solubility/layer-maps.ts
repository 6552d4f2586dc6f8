/** The linear map of a layer with a kernel, and the ranks of its system under any knowledge of its output. */
import { resolvePadding, sizeOf } from '../model/geometry.ts';
import type { ConvOp, ConvTransposeOp, DenseOp, Dim, Layer, ModelGraph, SeparableConvOp } from '../model/graph.ts';
import type { WindowAxis } from './averaged.ts';
import { averagedRanks } from './averaged.ts';
import { constantPatterns, depthwiseRanks, type StatisticsLayer, separableRanks } from './combined-rank.ts';
import {
  axisOutputs,
  type GridAxis,
  type GridGeometry,
  gridRows,
  gridUnknowns,
  pointwiseAxis,
  product,
} from './grid-geometry.ts';
import { gridRanks, type KnownShare, type SystemRanks } from './grid-rank.ts';
import { knownNumbers, layerGrid, spatialLengths } from './layer-geometry.ts';
import { transposedRanks } from './transposed-rank.ts';

export type LayerMap =
  | { readonly kind: 'conv'; readonly grid: GridGeometry }
  /** `back` leads from the output to the input: see transposed-rank.ts. */
  | { readonly kind: 'transposed'; readonly back: GridGeometry }
  | { readonly kind: 'separable'; readonly depthwise: GridGeometry; readonly pointwise: GridGeometry };

/** Why there is no map, in a clause. */
export type LayerMapResult = { readonly map: LayerMap } | { readonly reason: string };

/** The map of a convolution of any kind, or of a dense layer on one or several vectors. */
export function layerMap(graph: ModelGraph, layer: Layer): LayerMapResult | undefined {
  const { op } = layer;
  switch (op.kind) {
    case 'conv': {
      const found = layerGrid(graph, layer, op);
      return 'reason' in found ? found : { map: { kind: 'conv', grid: found.grid } };
    }
    case 'convTranspose':
      return transposedMap(layer, op);
    case 'separableConv':
      return separableMap(graph, layer, op);
    case 'dense':
      return denseMap(layer, op);
    default:
      return undefined;
  }
}

function transposedMap(layer: Layer, op: ConvTransposeOp): LayerMapResult {
  const inputs = spatialLengths(layer.inputShapes[0] ?? null, op);
  const outputs = spatialLengths(layer.outputShapes[0] ?? null, op);
  const numbers = knownNumbers(op);
  if (!inputs || !outputs || !numbers) return { reason: 'its shapes or a hyper-parameter are not known' };
  const { kernel, strides, dilations, filters, inChannels, groups } = numbers;
  if (inChannels % groups !== 0 || filters % groups !== 0)
    return { reason: 'its channels are not a multiple of its groups' };
  const axes = outputs.map((length, i): GridAxis => {
    const [k, s, d] = [kernel[i]!, strides[i]!, dilations[i]!];
    const padding = resolvePadding(length, k, s, d, op.padding, i);
    return { input: length, kernel: k, stride: s, dilation: d, ...padding };
  });
  if (axes.some((axis, i) => axis.before < 0 || axis.after < 0 || axisOutputs(axis) !== inputs[i])) {
    return { reason: 'its output is cropped or padded in a way that is not covered' };
  }
  return { map: { kind: 'transposed', back: { inChannels: filters, filters: inChannels, groups, axes } } };
}

function separableMap(graph: ModelGraph, layer: Layer, op: SeparableConvOp): LayerMapResult {
  const { depthMultiplier, inChannels, filters } = op;
  if (!isCount(depthMultiplier) || !isCount(inChannels) || !isCount(filters)) {
    return { reason: 'its channels are not known' };
  }
  const depthwise: ConvOp = { ...op, kind: 'conv', filters: inChannels * depthMultiplier, groups: inChannels };
  const found = layerGrid(graph, layer, depthwise);
  if ('reason' in found) return found;
  const axes = found.grid.axes.map(axis => pointwiseAxis(axisOutputs(axis)));
  const pointwise = { inChannels: found.grid.filters, filters, groups: 1, axes };
  return { map: { kind: 'separable', depthwise: found.grid, pointwise } };
}

/** A dense layer on T vectors is a convolution of one tap over T positions. */
function denseMap(layer: Layer, { inFeatures, units }: DenseOp): LayerMapResult {
  const size = sizeOf(layer.inputShapes[0]);
  if (!isCount(inFeatures) || !isCount(units) || !isCount(size)) {
    return { reason: 'its input shape or its number of units is not known' };
  }
  if (size % inFeatures !== 0) return { reason: 'its input does not divide into vectors of its kernel’s length' };
  const axes = [pointwiseAxis(size / inFeatures)];
  return { map: { kind: 'conv', grid: { inChannels: inFeatures, filters: units, groups: 1, axes } } };
}

function isCount(value: Dim): value is number {
  return value !== null && Number.isSafeInteger(value) && value > 0;
}

export function mapUnknowns(map: LayerMap): number {
  if (map.kind === 'transposed') return map.back.filters * product(map.back.axes.map(axisOutputs));
  return gridUnknowns(map.kind === 'conv' ? map.grid : map.depthwise);
}

/** Rows of W and of K with everything known of the output. */
export function mapRows(map: LayerMap): { readonly weights: number; readonly gradients: number } {
  if (map.kind === 'conv') return gridRows(map.grid);
  if (map.kind === 'transposed') {
    const taps = product(map.back.axes.map(a => a.kernel));
    const outputs = gridUnknowns(map.back);
    return { weights: outputs, gradients: map.back.filters * (map.back.inChannels / map.back.groups) * taps };
  }
  const [depthwise, pointwise] = [gridRows(map.depthwise), gridRows(map.pointwise)];
  return { weights: pointwise.weights, gradients: depthwise.gradients + pointwise.gradients };
}

/** Ranks of the layer's system with a share of its output known, as entries or as sums over windows. */
export function mapRanks(map: LayerMap, known: KnownShare, windows?: readonly WindowAxis[]): SystemRanks | null {
  if (map.kind === 'conv') return windows ? averagedRanks(map.grid, windows, known) : gridRanks(map.grid, known);
  if (windows) return null;
  if (map.kind === 'transposed') return transposedRanks(map.back, known);
  const { depthwise, pointwise } = map;
  return separableRanks(
    depthwiseRanks(depthwise, pointwise.filters),
    gridRanks(pointwise, known),
    tapsForEachFilter(depthwise),
  );
}

/** Taps of a depthwise kernel for each of its channel's filters. */
export function tapsForEachFilter(depthwise: GridGeometry): number {
  return (product(depthwise.axes.map(a => a.kernel)) * depthwise.groups) / depthwise.filters;
}

/** The layer as one that normalisation by the example's own statistics follows. */
export function statisticsLayer(map: LayerMap): StatisticsLayer {
  const rows = mapRows(map).weights;
  if (map.kind === 'conv') {
    const { filters, groups } = map.grid;
    return { filters, groups, rows, constants: constantPatterns(map.grid) };
  }
  // A transposed convolution turns a constant into a pattern of the stride's period, so no constant goes unseen.
  if (map.kind === 'transposed') return { filters: map.back.inChannels, groups: map.back.groups, rows, constants: 0 };
  return { filters: map.pointwise.filters, groups: 1, rows, constants: constantPatterns(map.depthwise) };
}
