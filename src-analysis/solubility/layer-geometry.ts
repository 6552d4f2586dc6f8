import type { ConvGeometry } from '../model/analysis.ts';
import { convOutputLength, resolvePadding } from '../model/geometry.ts';
import type { ConvOp, Layer, ModelGraph, Shape } from '../model/graph.ts';
import { type GridAxis, type GridGeometry, pointwiseAxis } from './grid-geometry.ts';

/** A convolution's geometry, or why there is none. */
export type LayerGeometry = { readonly geometry: ConvGeometry } | { readonly reason: string };

/**
 * The geometry of a one- or two-dimensional convolution with known shapes. Layers of zeros put around its input (tfjs
 * `zeroPadding2d`, ONNX `Pad`) are part of its padding, so that the unknowns are the entries before them.
 */
export function layerGeometry(graph: ModelGraph, layer: Layer, op: ConvOp): LayerGeometry {
  if (op.spatialRank === 3) return { reason: 'three-dimensional convolutions are not covered' };
  const found = layerGrid(graph, layer, op);
  if ('reason' in found) return found;
  const { axes, inChannels, filters, groups } = found.grid;
  const [h, w] = axes.length === 1 ? [pointwiseAxis(1), axes[0]!] : [axes[0]!, axes[1]!];
  return {
    geometry: {
      inChannels,
      filters,
      groups,
      input: [h.input, w.input],
      kernel: [h.kernel, w.kernel],
      strides: [h.stride, w.stride],
      dilations: [h.dilation, w.dilation],
      before: [h.before, w.before],
      after: [h.after, w.after],
    },
  };
}

/** The same over any number of axes. */
export function layerGrid(
  graph: ModelGraph,
  layer: Layer,
  op: ConvOp,
): { readonly grid: GridGeometry } | { readonly reason: string } {
  const padded = spatialLengths(layer.inputShapes[0] ?? null, op);
  const numbers = knownNumbers(op);
  if (!padded || !numbers) return { reason: 'its input shape or a hyper-parameter is not known' };
  const { kernel, strides, dilations, filters, inChannels, groups } = numbers;
  if (inChannels % groups !== 0 || filters % groups !== 0)
    return { reason: 'its channels are not a multiple of its groups' };
  const zeros = zerosAround(graph, layer, op);
  const axes = padded.map((length, axis): GridAxis & { readonly outputs: number } => {
    const [k, s, d] = [kernel[axis]!, strides[axis]!, dilations[axis]!];
    const own = resolvePadding(length, k, s, d, op.padding, axis);
    return {
      input: length - zeros.before[axis]! - zeros.after[axis]!,
      kernel: k,
      stride: s,
      dilation: d,
      before: own.before + zeros.before[axis]!,
      after: own.after + zeros.after[axis]!,
      outputs: convOutputLength(length, k, s, d, op.padding, axis) ?? 0,
    };
  });
  if (axes.some(axis => axis.outputs < 1)) return { reason: 'its window does not fit into its input' };
  if (axes.some(axis => axis.input < 1 || axis.before < 0 || axis.after < 0))
    return { reason: 'its padding is negative' };
  return { grid: { inChannels, filters, groups, axes: axes.map(({ outputs: _, ...axis }) => axis) } };
}

type Numbers = 'spatialRank' | 'kernelSize' | 'strides' | 'dilations' | 'filters' | 'inChannels' | 'groups';

/** Positive integers throughout, or undefined. */
export function knownNumbers(op: Pick<ConvOp, Numbers>) {
  const { spatialRank, kernelSize, strides, dilations, filters, inChannels, groups } = op;
  if ([kernelSize, strides, dilations].some(list => list.length !== spatialRank)) return undefined;
  const scalars = [filters, inChannels, groups];
  const all = [...kernelSize, ...strides, ...dilations, ...scalars];
  if (all.some(value => value === null || !Number.isSafeInteger(value) || value < 1)) return undefined;
  return {
    kernel: kernelSize as readonly number[],
    strides: strides as readonly number[],
    dilations: dilations as readonly number[],
    filters: filters as number,
    inChannels: inChannels as number,
    groups: groups as number,
  };
}

/** Lengths of the spatial axes of a feature map of the op's layout; undefined where one is unknown. */
export function spatialLengths(shape: Shape, op: Layout): readonly number[] | undefined {
  if (!shape || shape.length !== op.spatialRank + 1) return undefined;
  const spatial = shape.filter((_, axis) => axis !== channelAxis(op));
  return spatial.some(dim => dim === null || dim < 1) ? undefined : (spatial as number[]);
}

type Layout = Pick<ConvOp, 'spatialRank' | 'dataFormat'>;

function channelAxis(op: Layout): number {
  return op.dataFormat === 'channelsLast' ? op.spatialRank : 0;
}

/** Zeros that layers before this one have put around its input, per spatial axis. */
function zerosAround(graph: ModelGraph, layer: Layer, op: ConvOp) {
  const before = new Array<number>(op.spatialRank).fill(0);
  const after = new Array<number>(op.spatialRank).fill(0);
  for (let pad = zeroPadBefore(graph, layer, op); pad; pad = zeroPadBefore(graph, pad.layer, op)) {
    pad.before.forEach((count, axis) => {
      before[axis]! += count;
      after[axis]! += pad!.after[axis]!;
    });
  }
  return { before, after };
}

/** The layer that gives this one its input, if it does nothing but put zeros around it in space. */
export function zeroPadBefore(graph: ModelGraph, layer: Layer, op: ConvOp) {
  const source = graph.layers[layer.inputs[0]?.layer ?? -1];
  if (source?.op.kind !== 'rearrange' || source.op.how !== 'pad') return undefined;
  const { padMode = 'constant', padValue = 0, before, after } = source.op;
  if (padMode !== 'constant' || padValue !== 0 || !before || !after) return undefined;
  const channels = channelAxis(op);
  if (before.length !== op.spatialRank + 1 || before[channels] !== 0 || after[channels] !== 0) return undefined;
  const spatial = (counts: readonly (number | null)[]) => counts.filter((_, axis) => axis !== channels);
  const counts = [...spatial(before), ...spatial(after)];
  if (counts.some(count => count === null || count < 0)) return undefined;
  return {
    layer: source,
    before: spatial(before) as readonly number[],
    after: spatial(after) as readonly number[],
  };
}
