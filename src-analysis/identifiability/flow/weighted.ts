/** Ranks of one layer's linear maps, as the flow needs them: for the outputs that reach the model's output, by generic laws. */
import type { ConvGeometry, ConvRanks } from '../../model/analysis.ts';
import type { ConvOp, ConvTransposeOp, DenseOp, Layer, ModelGraph, SeparableConvOp } from '../../model/graph.ts';
import { outputLength } from '../../solubility/conv-geometry.ts';
import {
  axisOutputs,
  type GridAxis,
  type GridGeometry,
  gridOf,
  gridRows,
  gridUnknowns,
  pointwiseAxis,
  product,
} from '../../solubility/grid-geometry.ts';
import { everything, gridRanks, type KnownShare, type SystemRanks } from '../../solubility/grid-rank.ts';
import type { RankTable } from '../../solubility/layer-analysis.ts';
import { layerGeometry, layerGrid } from '../../solubility/layer-geometry.ts';
import { layerMap, mapRows } from '../../solubility/layer-maps.ts';
import { transposedRanks } from '../../solubility/transposed-rank.ts';
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
  /** Even where the ranks are full. */
  readonly mayLack?: boolean;
  /** The ranks for a number of examples, with a share of the output known. */
  readonly partly: (batch: number, known: KnownShare) => SystemRanks;
}

/** The maps of a layer from its input on, or why there are none. */
export type LinearMaps = { readonly maps: readonly LinearMap[] } | { readonly reason: string };

/** What a convolution of any kind does to the known part of its input. */
export function windowMaps(
  graph: ModelGraph,
  layer: Layer,
  op: ConvOp | SeparableConvOp | ConvTransposeOp,
  output: Region,
  table: RankTable,
): LinearMaps {
  if (op.kind === 'conv') return convolutionMaps(graph, layer, op, output, table);
  if (op.kind === 'separableConv') return separableMaps(graph, layer, op, output, table);
  return transposedMaps(graph, layer, output);
}

function convolutionMaps(graph: ModelGraph, layer: Layer, op: ConvOp, output: Region, table: RankTable): LinearMaps {
  if (op.spatialRank === 3) return gridMaps(graph, layer, op, output);
  const found = layerGeometry(graph, layer, op);
  return 'reason' in found ? found : { maps: [mapOf(found.geometry, spatialOf(output, op), table, output.loose)] };
}

function separableMaps(
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
  if (!Number.isInteger(positions) || positions < 1) return { reason: 'its output does not fit its units' };
  return { maps: [mapOf(pointGeometry(op.inFeatures, units, [1, positions]), undefined, table, false)] };
}

/** The outputs are taken as a whole: what a crop behind leaves out is not looked at. */
function transposedMaps(graph: ModelGraph, layer: Layer, output: Region): LinearMaps {
  const found = layerMap(graph, layer);
  if (!found || 'reason' in found) return { reason: found?.reason ?? unknownParameter };
  const { map } = found;
  if (map.kind !== 'transposed') return { reason: unknownParameter };
  const { back } = map;
  const partly = (batch: number, known: KnownShare) =>
    transposedRanks({ ...back, axes: [...back.axes, pointwiseAxis(batch)] }, known);
  const taps = product(back.axes.map(axis => axis.kernel));
  const isWhole = entriesOf(output) === gridUnknowns(back);
  const filters = back.inChannels / back.groups;
  const positions = product(back.axes.map(axis => axis.input));
  const fan = (back.filters / back.groups) * taps;
  const slack = isWhole ? slacks.critical : slacks.unproven;
  const rows = mapRows(map).gradients;
  return {
    maps: [{ ranks: partly(1, everything), rows, filters, positions, fan, groups: back.groups, slack, partly }],
  };
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
    partly: partlyKnown(gridOf(part)),
  };
}

const onlyOne: Positions = { first: 0, step: 1, count: 1 };

/** Positions along the spatial axes of a feature map. */
export function spatialOf(region: Region, op: Pick<ConvOp, 'spatialRank' | 'dataFormat'>): readonly Positions[] {
  return op.dataFormat === 'channelsLast' ? region.axes.slice(0, op.spatialRank) : region.axes.slice(1);
}

function gridMaps(graph: ModelGraph, layer: Layer, op: ConvOp, output: Region): LinearMaps {
  const found = layerGrid(graph, layer, op);
  if ('reason' in found) return found;
  const spatial = spatialOf(output, op);
  const axes = found.grid.axes.map((axis, i) => restrictedAxis(axis, spatial[i]!));
  const grid = { ...found.grid, axes };
  const partly = partlyKnown(grid);
  const ranks = partly(1, everything);
  const { gradients: rows } = gridRows(grid);
  const [filters, taps] = [grid.filters / grid.groups, product(axes.map(axis => axis.kernel))];
  const isDoubtful = output.loose || ranks.nearCritical || ranks.outsideDomain;
  return {
    maps: [
      {
        ranks,
        rows,
        filters,
        positions: product(axes.map(axisOutputs)),
        fan: (grid.inChannels / grid.groups) * taps,
        groups: grid.groups,
        // The law for three axes is verified less.
        slack: isDoubtful ? slacks.unproven : slacks.critical,
        // Three polynomials in three variables have zeros in common, at which gradient rows and weight rows say the same.
        mayLack: grid.axes.length >= 3 && filters <= 3,
        partly,
      },
    ],
  };
}

/** A batch is one more axis: its examples share the weights and add up their gradients. */
function partlyKnown(grid: GridGeometry): LinearMap['partly'] {
  return (batch, known) => gridRanks({ ...grid, axes: [...grid.axes, pointwiseAxis(batch)] }, known);
}

function restrictedAxis(axis: GridAxis, outputs: Positions): GridAxis {
  const { input, kernel, stride, dilation, before, after } = axis;
  const both = (value: number) => [value, value] as const;
  const geometry = {
    inChannels: 1,
    filters: 1,
    groups: 1,
    input: both(input),
    kernel: both(kernel),
    strides: both(stride),
    dilations: both(dilation),
    before: both(before),
    after: both(after),
  };
  const part = restrictTo(geometry, [outputs, outputs]);
  return { ...axis, input: part.input[0], stride: part.strides[0], before: part.before[0], after: part.after[0] };
}
