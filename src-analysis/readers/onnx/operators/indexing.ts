import {
  batchOf,
  fail,
  inputElements,
  inputScalar,
  intAttribute,
  type NodeContext,
  normalizeAxis,
  type Operator,
  type OutputValue,
  optionalInput,
  requiredInput,
  sameAsInput,
  shapeText,
} from '../context.ts';
import { allNumbers, checkedDim, type Dim, product } from '../dimension.ts';
import { sampleAxis } from '../value.ts';
import { batchBeside, fixed, known, sameShape, unknownOutput, withDims } from './known.ts';

/** GatherElements: one entry for every index. */
function gatherElements(context: NodeContext): readonly OutputValue[] {
  const indices = requiredInput(context, 1);
  const data = requiredInput(context, 0);
  const batch = batchOf(indices) === 'none' ? batchOf(data) : batchOf(indices);
  if (data.shape && indices.shape && data.shape.length !== indices.shape.length) {
    fail(`its indices have shape ${shapeText(indices.shape)}, its data ${shapeText(data.shape)}: the ranks differ`);
  }
  const rank = data.shape?.length;
  const axis = rank === undefined ? 0 : normalizeAxis(intAttribute(context, 'axis', 0), rank);
  return [{ shape: indices.shape, batch: batchBeside(batch, axis) }];
}

/** GatherND: the last axis of the indices names positions on as many axes of the data, behind `batch_dims` shared ones. */
function gatherNd(context: NodeContext): readonly OutputValue[] {
  const data = requiredInput(context, 0);
  const indices = requiredInput(context, 1);
  const shared = intAttribute(context, 'batch_dims', 0);
  const named = indices.shape?.at(-1);
  if (!data.shape || !indices.shape || typeof named !== 'number') return [unknownOutput];
  if (shared < 0 || shared >= indices.shape.length || shared + named > data.shape.length) {
    fail(`its indices of shape ${shapeText(indices.shape)} do not fit its data of shape ${shapeText(data.shape)}`);
  }
  const shape = [...indices.shape.slice(0, -1), ...data.shape.slice(shared + named)];
  const batch = batchOf(data);
  return [{ shape, batch: typeof batch === 'number' && batch < shared ? batch : batch === 'none' ? batch : 'lost' }];
}

/** TopK: `k` is an attribute before operator set 10, an input since. */
function topK(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const given = context.node.attributes.has('k') ? intAttribute(context, 'k', 0) : null;
  const count = checkedDim(given ?? inputElements(context, 1)?.[0] ?? null);
  if (input.shape === null) return [unknownOutput, unknownOutput];
  const axis = normalizeAxis(intAttribute(context, 'axis', -1), input.shape.length);
  const output = {
    shape: input.shape.with(axis, count),
    batch: batchBeside(batchOf(input), axis),
  };
  return [output, output];
}

/** OneHot: a new axis of length `depth`. */
function oneHot(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const depth = checkedDim(inputElements(context, 1)?.[0] ?? null);
  if (input.shape === null) return [unknownOutput];
  const axis = normalizeAxis(intAttribute(context, 'axis', -1), input.shape.length + 1);
  const before = batchOf(input);
  const batch = typeof before === 'number' && before >= axis ? before + 1 : before;
  return [{ shape: input.shape.toSpliced(axis, 0, depth), batch }];
}

/** Compress: the entries, or the slices along an axis, whose condition holds. */
function compress(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const condition = allNumbers(inputElements(context, 1));
  const chosen = condition ? condition.filter(flag => flag !== 0).length : null;
  if (!context.node.attributes.has('axis')) return [{ shape: [chosen], batch: 'lost' }];
  if (input.shape === null) return [unknownOutput];
  const axis = normalizeAxis(intAttribute(context, 'axis', 0), input.shape.length);
  return [{ shape: input.shape.with(axis, chosen), batch: batchBeside(batchOf(input), axis) }];
}

/** Unique: how many there are depends on the values. */
function unique(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const counts = fixed([null]);
  if (!context.node.attributes.has('axis')) {
    return [{ shape: [null], batch: 'lost' }, counts, fixed([input.shape && product(input.shape)]), counts];
  }
  if (input.shape === null) return [unknownOutput, counts, counts, counts];
  const axis = normalizeAxis(intAttribute(context, 'axis', 0), input.shape.length);
  const chosen = { shape: input.shape.with(axis, null), batch: batchBeside(batchOf(input), axis) };
  return [chosen, counts, fixed([input.shape[axis] ?? null]), counts];
}

/** NonZero: a column of coordinates for every entry that is not 0. */
function nonZero(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const values = allNumbers(inputElements(context, 0));
  const count = values ? values.filter(value => value !== 0).length : null;
  return [{ shape: [input.shape ? Math.max(input.shape.length, 1) : null, count], batch: 'lost' }];
}

/** CenterCropPad: to the given lengths, of all axes or of some. */
function centerCropPad(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const target = inputElements(context, 1);
  const named = context.node.attributes.get('axes');
  if (input.shape === null) return [unknownOutput];
  const rank = input.shape.length;
  const axes = named?.type === 'ints' ? named.value.map(axis => normalizeAxis(axis, rank)) : [...input.shape.keys()];
  const shape = input.shape.map((dim, axis) => (axes.includes(axis) ? (target?.[axes.indexOf(axis)] ?? null) : dim));
  const batch = batchOf(input);
  const cut = axes.some(axis => sampleAxis(axis, batch) === null && shape[axis] !== input.shape?.[axis]);
  return [{ shape: shape.map(dim => checkedDim(dim)), batch: cut ? 'lost' : batch }];
}

/** Cumulative sums and products along an axis. */
function cumulative(name: string): Operator {
  return known(
    name,
    context => {
      const input = sameAsInput(context);
      const axis = inputScalar(context, 1, 0);
      if (input.shape === null || axis === null) return [input];
      return [{ ...input, batch: batchBeside(input.batch, normalizeAxis(axis, input.shape.length)) }];
    },
    ['exclusive', 'reverse'],
  );
}

/** Det: of the matrices in the last two axes. */
function determinant(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  return [withDims(input, shape => shape.slice(0, -2))];
}

/** Trilu: may take its input's shape only. */
const writing = (name: string, attributes: readonly string[]) => known(name, sameShape, attributes);

/** MaxUnpool: the positions that a MaxPool noted, in a map of the given or the smallest fitting size. */
function maxUnpool(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const { attributes } = context.node;
  const kernel = attributes.get('kernel_shape');
  const ints = (name: string, fallback: number) => {
    const attribute = attributes.get(name);
    return (index: number) => (attribute?.type === 'ints' ? (attribute.value[index] ?? fallback) : fallback);
  };
  if (optionalInput(context, 2)) {
    const wanted = inputElements(context, 2);
    return [
      {
        shape: wanted ? wanted.map(dim => checkedDim(dim)) : (input.shape?.map(() => null) ?? null),
        batch: batchOf(input),
      },
    ];
  }
  if (kernel?.type !== 'ints') fail("its attribute 'kernel_shape' is missing");
  const sizes = kernel.value;
  const [stride, pad] = [ints('strides', 1), ints('pads', 0)];
  const length = (dim: Dim, i: number) =>
    typeof dim === 'number'
      ? checkedDim((dim - 1) * stride(i) + (sizes[i] ?? 1) - pad(i) - pad(i + sizes.length))
      : null;
  return [withDims(input, shape => shape.map((dim, axis) => (axis < 2 ? dim : length(dim, axis - 2))))];
}

/** Operators that choose, count or write entries: only their shapes are known. */
export const indexingOperators: Readonly<Record<string, Operator>> = {
  GatherElements: known('gatherElements', gatherElements, ['axis']),
  GatherND: known('gatherND', gatherNd, ['batch_dims']),
  TopK: known('topK', topK, ['axis', 'k', 'largest', 'sorted']),
  OneHot: known('oneHot', oneHot, ['axis']),
  Compress: known('compress', compress, ['axis']),
  Unique: known('unique', unique, ['axis', 'sorted']),
  NonZero: known('nonZero', nonZero),
  CenterCropPad: known('centerCropPad', centerCropPad, ['axes']),
  CumSum: cumulative('cumSum'),
  CumProd: cumulative('cumProd'),
  Det: known('det', determinant),
  EyeLike: known('eyeLike', sameShape, ['dtype', 'k']),
  Scatter: writing('scatter', ['axis']),
  ScatterElements: writing('scatterElements', ['axis', 'reduction']),
  ScatterND: writing('scatterND', ['reduction']),
  TensorScatter: writing('tensorScatter', ['axis', 'mode']),
  Trilu: writing('trilu', ['upper']),
  ReverseSequence: writing('reverseSequence', ['batch_axis', 'time_axis']),
  MaxUnpool: known('maxUnpool', maxUnpool, ['kernel_shape', 'pads', 'strides']),
};
