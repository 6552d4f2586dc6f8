import { convOutputLength, sizeOf } from './geometry.ts';
import type { ConvOp, DataFormat, Dim, Layer, ModelGraph, Op, PoolOp, RearrangeOp, Shape, WeightRef } from './graph.ts';

/** The changed model, or why it is not known, in a clause. */
export type Refit = { readonly graph: ModelGraph } | { readonly reason: string };

/**
 * The model with some of its layers exchanged: shapes and weights of the layers behind them follow, as they would in a
 * model that was written so. Layers whose inputs stay are as they were; a flattening follows its input whatever length
 * its source wrote down. Weights whose shape changes are drawn anew: stored values do not fit.
 *
 * @param exchanged by layer id: what replaces fields of the layer; `outputShapes` for inputs only
 * @param wholeMaps whether a pooling window that takes the whole map, which is global pooling in all but its name, takes the whole
 *   of the map that there is then, too
 */
export function refitGraph(
  graph: ModelGraph,
  exchanged: ReadonlyMap<number, Partial<Layer>>,
  { wholeMaps = false }: { readonly wholeMaps?: boolean } = {},
): Refit {
  const layers: Layer[] = [];
  for (const before of graph.layers) {
    const replaced = exchanged.get(before.id);
    const inputShapes = before.inputs.map(({ layer: id, output }) => layers[id]?.outputShapes[output] ?? null);
    const layer: Layer = { ...before, ...replaced, inputShapes };
    if (layer.op === before.op && layer.outputShapes === before.outputShapes && same(inputShapes, before.inputShapes)) {
      layers.push(layer);
      continue;
    }
    const covering = wholeMaps ? coveringPool(layer.op, before.inputShapes, inputShapes) : undefined;
    const op = covering ?? opOn(layer.op, inputShapes);
    const fitted = op && { ...layer, op };
    const outputShapes = fitted && (op.kind === 'input' ? layer.outputShapes : shapesBehind(fitted, before));
    const weights = outputShapes && weightsBehind(fitted, before);
    if (!outputShapes || !weights) {
      return { reason: `${layer.name} (${layer.type}) is of a kind whose shapes are not known to follow` };
    }
    if (outputShapes.some(output => output?.some(dim => dim !== null && dim < 1))) {
      return { reason: `the picture would vanish in ${layer.name}` };
    }
    layers.push({ ...fitted, outputShapes, weights });
  }
  return { graph: { ...graph, layers } };
}

export function spatialOf(shape: readonly Dim[], format: DataFormat): readonly [Dim, Dim, Dim] {
  const [a = null, b = null, c = null] = shape;
  return format === 'channelsLast' ? [a, b, c] : [b, c, a];
}

export function mapShape(height: Dim, width: Dim, channels: Dim, format: DataFormat): Shape {
  return format === 'channelsLast' ? [height, width, channels] : [channels, height, width];
}

/** Output shapes on other input shapes; undefined for kinds whose shape does not follow from them. */
function outputsOf({ op, outputShapes }: Layer, [first, ...others]: readonly Shape[]): readonly Shape[] | undefined {
  if (op.kind === 'constant') return outputShapes;
  if (!first) return undefined;
  switch (op.kind) {
    case 'identity':
    case 'activation':
    case 'norm':
      return [first];
    // The mask is a second output.
    case 'dropout':
      return outputShapes.map(() => first);
    case 'elementwise':
      return others.length === 0 && outputShapes[0]?.length === first.length ? [first] : undefined;
    case 'conv':
    case 'pool':
      return slidingOutput(op, first, outputShapes[0]);
    case 'dense':
      return [[...first.slice(0, -1), op.units]];
    case 'reduce': {
      const reduced = new Set(op.axes.map(axis => (axis < 0 ? axis + first.length : axis)));
      return [
        op.keepDims ? first.map((dim, i) => (reduced.has(i) ? 1 : dim)) : first.filter((_, i) => !reduced.has(i)),
      ];
    }
    case 'rearrange': {
      if (op.how === 'pad' || op.how === 'crop') return margined(op, first);
      const flat = op.how === 'flatten' || (op.how === 'reshape' && outputShapes[0]?.length === 1);
      return flat ? [[sizeOf(first)]] : undefined;
    }
    case 'merge':
      if (op.merge === 'concat') return concatenated(first, others, op.axis);
      return others.every(other => other?.join() === first.join()) ? [first] : undefined;
    default:
      return undefined;
  }
}

/** Undefined, too, where the rule does not give the shapes that the layer has now: then it is not the layer's rule. */
function shapesBehind(layer: Layer, before: Layer): readonly Shape[] | undefined {
  const known = outputsOf(before, before.inputShapes);
  return same(known, before.outputShapes) ? outputsOf(layer, layer.inputShapes) : undefined;
}

/** @param now the shape of the output as it is: a global pooling may keep its spatial axes, or not */
function slidingOutput(
  op: ConvOp | PoolOp,
  shape: readonly Dim[],
  now: Shape | undefined,
): readonly Shape[] | undefined {
  if (op.spatialRank !== 2 || shape.length !== 3) return undefined;
  const [height, width, channels] = spatialOf(shape, op.dataFormat);
  const filters = op.kind === 'conv' ? op.filters : channels;
  if (op.kind === 'pool' && op.global) {
    return [now?.length === 1 ? [filters] : mapShape(1, 1, filters, op.dataFormat)];
  }
  const window = op.kind === 'conv' ? op.kernelSize : op.window;
  const ceil = op.kind === 'pool' && op.ceilMode;
  const length = (input: Dim, axis: number) =>
    convOutputLength(input, window[axis]!, op.strides[axis]!, op.dilations[axis] ?? 1, op.padding, axis, ceil);
  return [mapShape(length(height, 0), length(width, 1), filters, op.dataFormat)];
}

function margined({ how, before, after }: RearrangeOp, shape: readonly Dim[]): readonly Shape[] | undefined {
  if (before?.length !== shape.length || after?.length !== shape.length) return undefined;
  const sign = how === 'pad' ? 1 : -1;
  const length = (dim: Dim, margins: readonly (Dim | undefined)[]) =>
    margins.reduce<Dim>((sum, margin) => (sum === null || margin == null ? null : sum + sign * margin), dim);
  return [shape.map((dim, axis) => length(dim, [before[axis], after[axis]]))];
}

function concatenated(
  first: readonly Dim[],
  others: readonly Shape[],
  axis: Dim | undefined,
): readonly Shape[] | undefined {
  if (axis === null || axis === undefined) return undefined;
  const at = axis < 0 ? axis + first.length : axis;
  const total = [first, ...others].reduce<Dim>((sum, shape) => {
    const dim = shape?.[at] ?? null;
    return sum === null || dim === null ? null : sum + dim;
  }, 0);
  return [first.map((dim, i) => (i === at ? total : dim))];
}

/** The op on inputs of other shapes; undefined where its groups do not divide them. */
function opOn(op: Op, [input]: readonly Shape[]): Op | undefined {
  if (!input) return op;
  if (op.kind === 'dense') return { ...op, inFeatures: input[input.length - 1] ?? null };
  if (op.kind !== 'conv') return op;
  const inChannels = channelsOf(op, input);
  if (op.groups === 1 || inChannels === op.inChannels) return { ...op, inChannels };
  // A depthwise convolution has its filters for every channel, however many there are.
  if (op.groups === null || op.groups !== op.inChannels || op.filters === null || inChannels === null) return undefined;
  return { ...op, inChannels, groups: inChannels, filters: (op.filters / op.groups) * inChannels };
}

/** A pooling whose one window is the whole map, with such a window on another map; undefined for anything else. */
function coveringPool(op: Op, [before]: readonly Shape[], [now]: readonly Shape[]): PoolOp | undefined {
  if (op.kind !== 'pool' || op.global || op.spatialRank !== 2 || before?.length !== 3 || now?.length !== 3)
    return undefined;
  const isUnpadded =
    op.padding.mode === 'valid' ||
    (op.padding.mode === 'explicit' && [...op.padding.before, ...op.padding.after].every(entry => entry === 0));
  const isDense = op.dilations.every(dilation => dilation === 1);
  const map = spatialOf(before, op.dataFormat).slice(0, 2);
  if (!isUnpadded || !isDense || !same(op.window, map)) return undefined;
  return { ...op, window: spatialOf(now, op.dataFormat).slice(0, 2) };
}

function channelsOf({ dataFormat }: ConvOp, shape: readonly Dim[]): Dim {
  return (dataFormat === 'channelsLast' ? shape[shape.length - 1] : shape[0]) ?? null;
}

/** The weights on other inputs, or with another op; undefined where their shapes are not known to follow. */
function weightsBehind(layer: Layer, before: Layer): readonly WeightRef[] | undefined {
  const weights = before.weights.map((ref): WeightRef | undefined => {
    // Which of the layouts it is, the present shape tells.
    const layout = layoutsOf(ref, before).findIndex(shape => same(shape, ref.shape));
    const shape = layoutsOf(ref, layer)[layout];
    if (!shape) return fitsStill(ref, layer, before) ? ref : undefined;
    if (same(shape, ref.shape)) return ref;
    // A name of its own: the stored values do not fit.
    return { ...ref, name: `${ref.name || layer.name} (refitted)`, shape, source: drawn };
  });
  return weights.every(ref => ref !== undefined) ? weights : undefined;
}

/** The shapes that a weight may have in the sources' layouts. */
function layoutsOf({ role }: WeightRef, { op, inputShapes: [input] }: Layer): readonly (readonly Dim[])[] {
  if (!input) return [];
  if (op.kind === 'dense') {
    const inFeatures = input[input.length - 1] ?? null;
    if (role === 'bias') return [[op.units]];
    return role === 'kernel' ? [op.transposedKernel ? [op.units, inFeatures] : [inFeatures, op.units]] : [];
  }
  if (op.kind === 'norm') return [op.axes.map(axis => input[axis < 0 ? axis + input.length : axis] ?? null)];
  return op.kind === 'conv' ? convLayouts(role, op, channelsOf(op, input)) : [];
}

/** ONNX has kernels as [O, I/g, …k], TensorFlow.js as [k…, I, O] and, depthwise, [k…, I, O/I]. */
function convLayouts(role: string, op: ConvOp, channels: Dim): readonly (readonly Dim[])[] {
  const { filters, kernelSize, groups } = op;
  if (role === 'bias') return [[filters]];
  const over = (a: Dim, b: Dim) => (a === null || !b ? null : a / b);
  const inGroup = over(channels, groups);
  return [
    [filters, inGroup, ...kernelSize],
    [...kernelSize, inGroup, filters],
    [...kernelSize, channels, over(filters, channels)],
  ];
}

/** A weight of unknown layout: its extents are lengths of the input as it was and as it is, and its layer does the same. */
function fitsStill({ shape }: WeightRef, layer: Layer, before: Layer): boolean {
  const lengths = [before, layer].map(({ inputShapes }) => new Set(inputShapes.flatMap(input => input ?? [])));
  return layer.op === before.op && shape.every(dim => dim === 1 || lengths.every(known => known.has(dim)));
}

/** 1/√inputs in size, for either layout of the kernel: as large as what it stands for. */
const drawn: WeightRef['source'] = { kind: 'initializer', initializer: 'glorotUniform' };

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
