import { convOutputLength } from '../../src-analysis/model/geometry.ts';
import type {
  ConvOp,
  DataFormat,
  Dim,
  Layer,
  ModelGraph,
  PoolOp,
  Shape,
  WeightRef,
} from '../../src-analysis/model/graph.ts';

/** The same model on a smaller picture, or why there is none. */
export type Twin = { readonly graph: ModelGraph } | { readonly reason: string };

/** Sides are multiples of this where possible, so that the usual five halvings leave no remainder. */
const preferredMultiple = 32;

/**
 * The model with its spatial input shrunk to at most `largest` entries: layers that slide over the picture keep their
 * hyper-parameters and weights; a dense layer behind `flatten` gets fewer inputs, and so a kernel that has to be drawn.
 * The ratio r/n of the twin stands for the model's, as far as the model does the same everywhere in the picture.
 */
export function twinOf(graph: ModelGraph, largest: number): Twin {
  const [edge] = graph.inputs;
  const shape = edge && graph.layers[edge.layer]?.outputShapes[edge.output];
  if (!edge || graph.inputs.length > 1 || shape?.length !== 3 || !shape.every(dim => dim !== null)) {
    return { reason: 'only a model with one picture as its input, of known shape, has a smaller twin' };
  }
  const format = inputFormat(graph, edge.layer);
  const [height, width, channels] = spatial(shape as number[], format);
  const factor = Math.sqrt(largest / (height * width * channels));
  const small = shapeOf(side(height * factor), side(width * factor), channels, format);
  const shapes = new Map<number, readonly Shape[]>([[edge.layer, [small]]]);
  const layers: Layer[] = [];
  for (const layer of graph.layers) {
    const inputShapes = layer.inputs.map(({ layer: id, output }) => shapes.get(id)?.[output] ?? null);
    const outputShapes = shapes.get(layer.id) ?? outputsOf(layer, inputShapes);
    if (!outputShapes) return { reason: `${layer.name} (${layer.type}) is of a kind whose twin is not known` };
    if (outputShapes.some(output => output?.some(dim => dim !== null && dim < 1))) {
      return { reason: `the picture of a smaller twin would vanish in ${layer.name}` };
    }
    shapes.set(layer.id, outputShapes);
    layers.push({ ...layer, inputShapes, outputShapes, ...refit(layer, inputShapes) });
  }
  return { graph: { ...graph, layers } };
}

function side(length: number): number {
  const rounded = Math.floor(length / preferredMultiple) * preferredMultiple;
  return rounded > 0 ? rounded : Math.floor(length);
}

/** The layout that the first layer with a layout reads the picture in. */
function inputFormat(graph: ModelGraph, input: number): DataFormat {
  const first = graph.layers.find(
    ({ op, inputs }) =>
      (op.kind === 'conv' || op.kind === 'pool' || op.kind === 'separableConv') &&
      inputs.some(edge => edge.layer >= input),
  );
  return first && 'dataFormat' in first.op ? first.op.dataFormat : 'channelsLast';
}

function spatial(shape: readonly number[], format: DataFormat): readonly [number, number, number] {
  const [a, b, c] = shape as readonly [number, number, number];
  return format === 'channelsLast' ? [a, b, c] : [b, c, a];
}

function shapeOf(height: Dim, width: Dim, channels: Dim, format: DataFormat): Shape {
  return format === 'channelsLast' ? [height, width, channels] : [channels, height, width];
}

/** Output shapes on the twin's input shapes; undefined for kinds whose shape does not follow from them. */
function outputsOf({ op, outputShapes }: Layer, [first, ...others]: readonly Shape[]): readonly Shape[] | undefined {
  if (op.kind === 'input') return undefined;
  if (op.kind === 'constant') return outputShapes;
  if (!first) return undefined;
  switch (op.kind) {
    case 'identity':
    case 'dropout':
    case 'activation':
    case 'norm':
      return [first];
    case 'elementwise':
      return others.length === 0 && outputShapes[0]?.length === first.length ? [first] : undefined;
    case 'conv':
    case 'pool':
      return slidingOutput(op, first);
    case 'dense':
      return [[...first.slice(0, -1), op.units]];
    case 'reduce': {
      const isGlobal = first.length === 3 && outputShapes[0]?.length === 1 && !op.keepDims;
      return isGlobal ? [outputShapes[0]!] : undefined;
    }
    case 'rearrange': {
      const flat = op.how === 'flatten' || (op.how === 'reshape' && outputShapes[0]?.length === 1);
      return flat ? [[first.reduce<Dim>((a, b) => (a === null || b === null ? null : a * b), 1)]] : undefined;
    }
    case 'merge':
      if (op.merge === 'concat') return concatenated(first, others, op.axis);
      return others.every(other => other?.join() === first.join()) ? [first] : undefined;
    default:
      return undefined;
  }
}

function slidingOutput(op: ConvOp | PoolOp, shape: readonly Dim[]): readonly Shape[] | undefined {
  if (op.spatialRank !== 2 || shape.length !== 3) return undefined;
  const [height, width, channels] = spatial(shape as number[], op.dataFormat);
  const filters = op.kind === 'conv' ? op.filters : channels;
  if (op.kind === 'pool' && op.global) return [shapeOf(1, 1, filters, op.dataFormat)];
  const window = op.kind === 'conv' ? op.kernelSize : op.window;
  const ceil = op.kind === 'pool' && op.ceilMode;
  const length = (input: number, axis: number) =>
    convOutputLength(input, window[axis]!, op.strides[axis]!, op.dilations[axis] ?? 1, op.padding, axis, ceil);
  return [shapeOf(length(height, 0), length(width, 1), filters, op.dataFormat)];
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

/** Op and weights of a dense layer whose input has shrunk. */
function refit(layer: Layer, [input]: readonly Shape[]): Partial<Layer> {
  const { op } = layer;
  const inFeatures = input?.[input.length - 1] ?? null;
  if (op.kind !== 'dense' || op.inFeatures === inFeatures) return {};
  const weights = layer.weights.map((ref): WeightRef => {
    if (ref.role !== 'kernel') return ref;
    const shape = op.transposedKernel ? [op.units, inFeatures] : [inFeatures, op.units];
    // A name of its own: the stored values do not fit.
    return { ...ref, name: `${ref.name || layer.name} (twin)`, shape, source: drawn };
  });
  return { op: { ...op, inFeatures }, weights };
}

/** 1/√inputs in size, for either layout of the kernel: as large as what it stands for. */
const drawn: WeightRef['source'] = { kind: 'initializer', initializer: 'glorotUniform' };
