/**
 * Which entries of every tensor reach the model's output. Entries that nothing behind looks at have no gradient and give no
 * equation, so a layer in front of a strided or cropped one is in effect a smaller or sparser layer.
 */
import { resolvePadding } from '../../model/geometry.ts';
import type { Dim, Layer, ModelGraph, Op, Padding, PoolOp, RearrangeOp } from '../../model/graph.ts';
import { each, hull, inputsSeenBy, type Positions, positionsOf } from '../reached.ts';

/** A product of positions along the axes of a tensor, without the batch. */
export interface Region {
  readonly axes: readonly Positions[];
  /** More than what reaches the output: the entries that do are no product of positions. */
  readonly loose: boolean;
}

/** Positions are listed one by one up to this many. */
const maxListed = 1 << 16;

export function whole(shape: readonly number[]): Region {
  return { axes: shape.map(count => ({ first: 0, step: 1, count })), loose: false };
}

export function entriesOf({ axes }: Region): number {
  return axes.reduce((product, axis) => product * axis.count, 1);
}

/** Regions of all tensors by `layer.output`; tensors that do not reach the output have none. Shapes are known. */
export function regionsOf(graph: ModelGraph): ReadonlyMap<string, Region> {
  const regions = new Map<string, Region>();
  for (const { layer, output } of graph.outputs) {
    regions.set(`${layer}.${output}`, whole(shapeOf(graph.layers[layer]!, output)));
  }
  for (const layer of graph.layers.toReversed()) {
    layer.outputShapes.forEach((_, part) => {
      const region = regions.get(`${layer.id}.${part}`);
      if (!region) return;
      layer.inputs.forEach((edge, index) => {
        const source = graph.layers[edge.layer];
        if (!source?.outputShapes[edge.output]) return;
        const key = `${edge.layer}.${edge.output}`;
        const shape = shapeOf(source, edge.output);
        const through = seenThrough(layer, index, shape, region, part);
        // Operators that join inputs of different ranks look at all of them.
        const seen =
          through.axes.length === shape.length && !through.axes.includes(undefined as never) ? through : whole(shape);
        const known = regions.get(key);
        regions.set(key, known ? union(known, seen) : seen);
      });
    });
  }
  return regions;
}

export function shapeOf(layer: Layer, output: number): readonly number[] {
  return layer.outputShapes[output] as readonly number[];
}

/** What a layer sees of its input number `index` for a region of its output number `part`. */
function seenThrough(layer: Layer, index: number, input: readonly number[], region: Region, part: number): Region {
  const { op } = layer;
  switch (op.kind) {
    case 'conv':
    case 'separableConv':
      return windows(op, op.kernelSize, input, region, true);
    case 'pool':
      return op.global ? allButChannels(op, input, region) : windows(op, op.window, input, region, false);
    case 'dense':
      return withAxis(region, input.length - 1, all(input.at(-1)!));
    case 'identity':
    case 'dropout':
    case 'activation':
      return region;
    case 'norm':
      return normalised(op, input, region);
    case 'merge':
      return merged(layer, op, index, input, region);
    case 'rearrange':
      return rearranged(layer, op, input, region, part) ?? whole(input);
    default:
      return whole(input);
  }
}

function all(count: number): Positions {
  return { first: 0, step: 1, count };
}

function withAxis(region: Region, axis: number, positions: Positions): Region {
  return { ...region, axes: region.axes.map((old, i) => (i === axis ? positions : old)) };
}

interface Windowed {
  readonly spatialRank: number;
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
  readonly strides: readonly Dim[];
  readonly dilations: readonly Dim[];
  readonly padding: Padding;
}

/** @param mixes whether an output looks at all channels, as a convolution's does and a pooling's does not */
function windows(
  op: Windowed,
  kernel: readonly Dim[],
  input: readonly number[],
  region: Region,
  mixes: boolean,
): Region {
  const first = op.dataFormat === 'channelsLast' ? 0 : 1;
  let { loose } = region;
  const axes = input.map((length, axis): Positions => {
    const spatial = axis - first;
    const isChannel = spatial < 0 || spatial >= op.spatialRank;
    if (isChannel) return mixes ? all(length) : region.axes[axis]!;
    const [taps, stride, dilation] = [kernel[spatial] ?? 1, op.strides[spatial] ?? 1, op.dilations[spatial] ?? 1];
    const { before } = resolvePadding(length, taps, stride, dilation, op.padding, spatial);
    const seen = inputsSeenBy({ taps, stride, dilation, before, input: length }, region.axes[axis]!);
    if (!seen) loose = true;
    return seen ?? all(length);
  });
  return { axes, loose };
}

function allButChannels(op: PoolOp, input: readonly number[], region: Region): Region {
  const channels = op.dataFormat === 'channelsLast' ? input.length - 1 : 0;
  const own = region.axes[region.axes.length === input.length ? channels : 0];
  return { axes: input.map((length, axis) => (axis === channels && own ? own : all(length))), loose: region.loose };
}

/** Statistics of the example look at everything that they are taken over. */
function normalised(op: Extract<Op, { kind: 'norm' }>, input: readonly number[], region: Region): Region {
  if (op.norm === 'batch' && !op.batchStatistics) return region;
  if (op.norm !== 'layer' && op.norm !== 'rms') return whole(input);
  const axes = op.axes.map(axis => (axis < 0 ? axis + input.length : axis));
  return axes.reduce((seen, axis) => withAxis(seen, axis, all(input[axis]!)), region);
}

function merged(
  layer: Layer,
  { merge, axis }: Extract<Op, { kind: 'merge' }>,
  index: number,
  input: readonly number[],
  region: Region,
): Region {
  if (merge === 'dot' || merge === 'matmul') return whole(input);
  const rank = region.axes.length;
  if (merge !== 'concat') {
    const axes = input.map((length, i): Positions => {
      const out = region.axes[i + rank - input.length]!;
      return length === 1 ? all(1) : out;
    });
    return { axes, loose: region.loose };
  }
  if (axis === null || axis === undefined) return whole(input);
  const along = axis < 0 ? axis + rank : axis;
  const offset = layer.inputShapes.slice(0, index).reduce((sum, shape) => sum + (shape?.[along] ?? 0), 0);
  return withAxis(region, along, shifted(region.axes[along]!, -offset, input[along]!));
}

/** Positions moved by `by`, as far as they are on an axis of `length`. */
function shifted(positions: Positions, by: number, length: number): Positions {
  if (!('list' in positions) && positions.step === 1) {
    const first = Math.max(0, positions.first + by);
    const end = Math.min(length, positions.first + by + positions.count);
    return { first, step: 1, count: Math.max(0, end - first) };
  }
  return mapped(positions, position => position + by, length);
}

function mapped(positions: Positions, to: (position: number) => number, length: number): Positions {
  if (positions.count > maxListed) return all(length);
  const moved = new Set<number>();
  for (const position of each(positions)) {
    const at = to(position);
    if (at >= 0 && at < length) moved.add(at);
  }
  return positionsOf([...moved].sort((a, b) => a - b));
}

function rearranged(
  layer: Layer,
  op: RearrangeOp,
  input: readonly number[],
  region: Region,
  part: number,
): Region | undefined {
  const sameRank = region.axes.length === input.length;
  const perAxis = (to: (position: number, axis: number) => number): Region => ({
    axes: region.axes.map((positions, axis) => mapped(positions, p => to(p, axis), input[axis]!)),
    loose: region.loose,
  });
  switch (op.how) {
    case 'permute': {
      if (op.permutation?.length !== input.length) return undefined;
      const axes = new Array<Positions>(input.length);
      for (const [to, from] of op.permutation.entries()) axes[from] = region.axes[to]!;
      return { axes, loose: region.loose };
    }
    case 'pad':
      if (!sameRank || !op.before || (op.padMode ?? 'constant') !== 'constant') return undefined;
      return {
        axes: region.axes.map((p, axis) => shifted(p, -(op.before![axis] ?? 0), input[axis]!)),
        loose: region.loose,
      };
    case 'crop':
    case 'slice':
      if (!sameRank || !op.before) return undefined;
      return perAxis((position, axis) => position * (op.steps?.[axis] ?? 1) + (op.before![axis] ?? 0));
    case 'upsample': {
      const output = layer.outputShapes[part] as readonly number[];
      return sameRank ? perAxis((p, axis) => Math.floor((p * input[axis]!) / output[axis]!)) : undefined;
    }
    case 'split': {
      if (op.axis === undefined || !sameRank) return undefined;
      const axis = op.axis < 0 ? op.axis + input.length : op.axis;
      const offset = layer.outputShapes.slice(0, part).reduce((sum, shape) => sum + (shape?.[axis] ?? 0), 0);
      return withAxis(region, axis, shifted(region.axes[axis]!, offset, input[axis]!));
    }
    case 'gather':
      return gathered(op, input, region);
    default:
      return undefined;
  }
}

function gathered({ axis, positions }: RearrangeOp, input: readonly number[], region: Region): Region | undefined {
  if (axis === undefined || !positions) return undefined;
  const along = axis < 0 ? axis + input.length : axis;
  const length = input[along]!;
  if (region.axes.length === input.length) {
    return withAxis(
      region,
      along,
      mapped(region.axes[along]!, p => positions[p] ?? length, length),
    );
  }
  // A single position takes no axis to the output.
  const isSingle = positions.length === 1 && region.axes.length === input.length - 1;
  return isSingle ? { ...region, axes: region.axes.toSpliced(along, 0, positionsOf([...positions])) } : undefined;
}

/** The smallest product that holds both. */
function union(a: Region, b: Region): Region {
  const different = a.axes.flatMap((positions, axis) => (equal(positions, b.axes[axis]!) ? [] : [axis]));
  const joined = a.axes.map((positions, axis) => joinedPositions(positions, b.axes[axis]!));
  const exact =
    different.length <= 1 ||
    joined.every((p, i) => equal(p, a.axes[i]!)) ||
    joined.every((p, i) => equal(p, b.axes[i]!));
  return { axes: joined, loose: a.loose || b.loose || !exact };
}

function equal(a: Positions, b: Positions): boolean {
  if (a.count !== b.count) return false;
  if ('list' in a || 'list' in b) {
    const other = [...each(b)];
    return [...each(a)].every((position, i) => position === other[i]);
  }
  return a.first === b.first && (a.step === b.step || a.count === 1);
}

function joinedPositions(a: Positions, b: Positions): Positions {
  if (equal(a, b)) return a;
  if (a.count + b.count > maxListed) {
    const [x, y] = [bounds(a), bounds(b)];
    const first = Math.min(x.first, y.first);
    return { first, step: 1, count: Math.max(x.end, y.end) - first };
  }
  return positionsOf([...new Set([...each(a), ...each(b)])].sort((p, q) => p - q));
}

function bounds(positions: Positions): { first: number; end: number } {
  if ('list' in positions) {
    const { first, count } = hull(positions.list);
    return { first, end: first + count };
  }
  return { first: positions.first, end: positions.first + (positions.count - 1) * positions.step + 1 };
}
