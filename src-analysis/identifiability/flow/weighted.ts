/** Ranks of one layer's linear maps, as the flow needs them: for the outputs that reach the model's output, by generic laws. */
import type { ConvGeometry, ConvRanks } from '../../model/analysis.ts';
import type { ConvOp, ConvTransposeOp, DenseOp, Layer, ModelGraph, SeparableConvOp } from '../../model/graph.ts';
import { outputLength } from '../../solubility/conv-geometry.ts';
import type { RankTable } from '../../solubility/layer-analysis.ts';
import { layerGeometry } from '../../solubility/layer-geometry.ts';
import type { Positions } from '../reached.ts';
import { restrictTo } from '../reached.ts';
import { entriesOf, type Region } from './region.ts';
import { slacks } from './slack.ts';

/** One linear map with a kernel: W takes its input to its output, K is its gradient's dependence on the input. */
export interface LinearMap {
  readonly ranks: ConvRanks;
  /** Gradient rows of the kernel. */
  readonly rows: number;
  /** Output channels, output positions, and weights that meet one output channel, all per group. */
  readonly filters: number;
  readonly positions: number;
  readonly fan: number;
  readonly groups: number;
  /** Relative error of `ranks` to reckon with. */
  readonly slack: number;
}

/** The maps of a layer from its input on, or why there are none. */
export type LinearMaps = { readonly maps: readonly LinearMap[] } | { readonly reason: string };

export function convolutionMaps(
  graph: ModelGraph,
  layer: Layer,
  op: ConvOp,
  output: Region,
  table: RankTable,
): LinearMaps {
  if (op.spatialRank === 3) return countedMaps(layer, op, output);
  const found = layerGeometry(graph, layer, op);
  return 'reason' in found ? found : { maps: [mapOf(found.geometry, spatialOf(output, op), table, output.loose)] };
}

export function separableMaps(
  graph: ModelGraph,
  layer: Layer,
  op: SeparableConvOp,
  output: Region,
  table: RankTable,
): LinearMaps {
  const { inChannels, filters, depthMultiplier } = op;
  if (inChannels === null || depthMultiplier === null || filters === null) return { reason: unknownParameter };
  const channels = inChannels * depthMultiplier;
  const depthwise: ConvOp = { ...op, kind: 'conv', groups: inChannels, filters: channels, bias: false };
  const found = layerGeometry(graph, layer, depthwise);
  if ('reason' in found) return found;
  const spatial = spatialOf(output, op);
  const counts = spatial.length === 1 ? [1, spatial[0]!.count] : spatial.map(axis => axis.count);
  const pointwise = pointGeometry(channels, filters, [counts[0]!, counts[1]!]);
  return {
    maps: [mapOf(found.geometry, spatial, table, output.loose), mapOf(pointwise, undefined, table, output.loose)],
  };
}

/**
 * A dense layer is a 1 × 1 convolution over the positions of its input, and over the examples.
 * @param units units that count: one less at a softmax, where the gradients of all classes add up to nothing
 */
export function denseMaps(op: DenseOp, units: number, positions: number, table: RankTable): LinearMaps {
  if (op.inFeatures === null) return { reason: unknownParameter };
  return { maps: [mapOf(pointGeometry(op.inFeatures, units, [1, positions]), undefined, table, false)] };
}

/** Counts of rows and columns alone: upper bounds. */
export function transposedMaps(layer: Layer, op: ConvTransposeOp, output: Region): LinearMaps {
  return countedMaps(layer, op, output);
}

const unknownParameter = 'a hyper-parameter is not known';

function pointGeometry(inChannels: number, filters: number, input: readonly [number, number]): ConvGeometry {
  const [ones, none] = [[1, 1] as const, [0, 0] as const];
  return {
    inChannels,
    filters,
    input,
    kernel: ones,
    strides: ones,
    before: none,
    after: none,
    dilations: ones,
    groups: 1,
  };
}

function mapOf(
  geometry: ConvGeometry,
  spatial: readonly Positions[] | undefined,
  table: RankTable,
  loose: boolean,
): LinearMap {
  const part =
    spatial === undefined
      ? geometry
      : restrictTo(geometry, spatial.length === 1 ? [onlyOne, spatial[0]!] : [spatial[0]!, spatial[1]!]);
  const { law, ranks, basis } = table.of(part);
  const irregular = spatial?.some(axis => 'list' in axis) ?? false;
  const taps = part.kernel[0] * part.kernel[1];
  const isDoubtful = loose || irregular || (basis === 'law' && (law.nearCritical || law.outsideDomain));
  return {
    ranks,
    rows: (part.filters * part.inChannels * taps) / part.groups,
    filters: part.filters / part.groups,
    positions: outputLength(part, 0) * outputLength(part, 1),
    fan: (part.inChannels / part.groups) * taps,
    groups: part.groups,
    slack: isDoubtful ? slacks.critical : 0,
  };
}

const onlyOne: Positions = { first: 0, step: 1, count: 1 };

/** Positions along the spatial axes of a feature map. */
export function spatialOf(region: Region, op: Pick<ConvOp, 'spatialRank' | 'dataFormat'>): readonly Positions[] {
  return op.dataFormat === 'channelsLast' ? region.axes.slice(0, op.spatialRank) : region.axes.slice(1);
}

function countedMaps(layer: Layer, op: ConvOp | ConvTransposeOp, output: Region): LinearMaps {
  const { inChannels, filters, groups, kernelSize } = op;
  const input = layer.inputShapes[0];
  if (
    inChannels === null ||
    filters === null ||
    !groups ||
    kernelSize.includes(null) ||
    !input ||
    input.includes(null)
  ) {
    return { reason: unknownParameter };
  }
  const taps = kernelSize.reduce<number>((product, k) => product * k!, 1);
  const entries = (input as readonly number[]).reduce((product, dim) => product * dim, 1);
  const cells = entries / inChannels;
  const [ci, co, positions] = [inChannels / groups, filters / groups, entriesOf(output) / filters];
  const [touched, rows] = [entries, groups * ci * co * taps];
  const weights = groups * Math.min(co * positions, ci * cells);
  const gradients = groups * ci * Math.min(co * taps, cells);
  const shared = groups * Math.min(co, positions) * Math.min(co, ci * taps);
  const system = Math.max(weights, gradients, Math.min(touched, weights + gradients - shared));
  const ranks = { touched, weights, gradients, system };
  return { maps: [{ ranks, rows, filters: co, positions, fan: ci * taps, groups, slack: slacks.unproven }] };
}
