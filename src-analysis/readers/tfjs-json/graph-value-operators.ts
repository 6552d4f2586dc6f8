import type { Dim, Op, RearrangeOp } from '../../model/graph.ts';
import { flagOf, type GraphNode, integerOf, textOf } from './graph-attributes.ts';
import {
  type Describe,
  type FullShape,
  type NodeContext,
  type Operand,
  type Operation,
  plus,
  product,
  unknownOp,
} from './graph-operation.ts';

/*
 * Operations whose effect values decide: target shapes, axes, paddings. Where the weight files are not there, what follows may
 * still say how they come out. Source: tfjs-converter src/operations/executors.
 */

const elsewhere = 'in the weight files, which are not there or cannot be read.';
const mixesBatch = 'It mixes the examples of a batch.';

function valuesOf(operand: Operand | undefined): readonly number[] | undefined {
  return operand?.integers?.();
}

/** Whether an operand is computed when the model runs, or stored. */
function missing(what: string, operand: Operand | undefined, outputs: readonly FullShape[]): Operation {
  return unknownOp(
    operand?.constant === undefined ? `${what} is computed when the model runs.` : `${what} is ${elsewhere}`,
    outputs,
  );
}

function anyOfRank(rank: Dim): FullShape {
  return rank === null || rank < 0 || rank > 16 ? null : new Array<Dim>(rank).fill(null);
}

const reshape: Describe = ({ inputs, wanted }) => {
  const [x, target] = inputs;
  const shape = x?.shape ?? null;
  const size = shape ? product(shape.slice(1)) : null;
  const values = valuesOf(target);
  if (values) return reshaped(shape, size, values);
  const rank = target?.shape?.length === 1 ? (target.shape[0] ?? null) : null;
  // Rows of as many entries as an example has are the examples.
  if (rank === 2 && size !== null && wanted() === size) {
    return { op: { kind: 'rearrange', how: 'flatten' }, outputs: [[shape?.[0] ?? null, size]] };
  }
  return missing('Its target shape', target, [anyOfRank(rank)]);
};

/** One -1 stands for what is left over; the first axis is the batch's if the others hold one example. */
function reshaped(shape: FullShape, size: Dim, values: readonly number[]): Operation {
  const [first = 0, ...rest] = values;
  const given = values.map(value => (value < 0 ? null : value));
  const known = rest.filter(value => value >= 0).reduce((a, b) => a * b, 1);
  const batch = shape?.[0] ?? null;
  const open = rest.filter(value => value < 0).length;
  const unfit = unknownOp(mixesBatch, [given]);
  if (values.length === 0 || open > 1) return unfit;
  // A batch that the graph fixes is kept where it stands first.
  const isKept = first < 0 || batch === null || first === batch;
  if (!isKept || (open === 1 && first < 0)) return unfit;
  if (open === 1 && (size === null || known === 0 || size % known !== 0)) {
    return size === null ? { op: reshapeTo(rest.length), outputs: [given] } : unfit;
  }
  const dims = rest.map(value => (value < 0 ? (size ?? 0) / known : value));
  if (open === 0 && size !== known)
    return size === null ? unknownOp('The shape of its input is not known.', [given]) : unfit;
  return { op: reshapeTo(rest.length), outputs: [[batch ?? (first > 0 ? first : null), ...dims]] };
}

function reshapeTo(axes: number): Op {
  return { kind: 'rearrange', how: axes === 1 ? 'flatten' : 'reshape' };
}

const transpose: Describe = ({ inputs }) => {
  const [x, order] = inputs;
  const shape = x?.shape ?? null;
  const values = valuesOf(order);
  if (!values) return missing('How it permutes the axes', order, [shape ? shape.map(() => null) : null]);
  const isOrder = [...values].sort((a, b) => a - b).every((axis, i) => axis === i);
  if (!isOrder || (shape && shape.length !== values.length))
    return unknownOp(`It cannot permute the axes of its input as [${values.join(', ')}] says.`, [
      shape?.map(() => null) ?? null,
    ]);
  const outputs = [shape ? values.map(axis => shape[axis] ?? null) : anyOfRank(values.length)];
  if (values[0] !== 0) return unknownOp('It moves the axis of the batch.', outputs);
  return { op: { kind: 'rearrange', how: 'permute', permutation: values.slice(1).map(axis => axis - 1) }, outputs };
};

const pad: Describe = ({ node, inputs }) => {
  const [x, amounts, filling] = inputs;
  const shape = x?.shape ?? null;
  const values = valuesOf(amounts);
  const rank = amounts?.shape?.[0] ?? null;
  if (!values || rank === null)
    return missing('How much it pads', amounts, [shape ? shape.map(() => null) : anyOfRank(rank)]);
  const at = (end: number) => [...Array(rank).keys()].map(axis => values[2 * axis + end] ?? 0);
  const [before, after] = [at(0), at(1)];
  const outputs = [shape?.length === rank ? shape.map((dim, i) => plus(dim, before[i]! + after[i]!)) : anyOfRank(rank)];
  if (values.some(amount => amount < 0) || before[0] !== 0 || after[0] !== 0) return unknownOp(mixesBatch, outputs);
  const op: RearrangeOp = { kind: 'rearrange', how: 'pad', before: before.slice(1), after: after.slice(1) };
  if (node.op === 'MirrorPad') {
    if (textOf(node, 'mode') !== 'REFLECT') return unknownOp('Symmetric padding is not covered.', outputs);
    return { op: { ...op, padMode: 'reflect' }, outputs };
  }
  // What PadV2 fills with is a number that is not read.
  return { op: filling ? { ...op, padValue: null } : op, outputs };
};

/** An axis counted from the front; undefined for one that there is not. */
function axisIn(rank: number, axis: number): number | undefined {
  const index = axis < 0 ? axis + rank : axis;
  return index >= 0 && index < rank ? index : undefined;
}

/** A mean over all spatial axes is told by its result, too, which has the channels that what follows needs. */
function reduction(name: string): Describe {
  return c => {
    const [x, axes] = c.inputs;
    const keepDims = flagOf(c.node, 'keep_dims');
    const shape = x?.shape ?? null;
    const count = axes?.shape?.length === 0 ? 1 : (axes?.shape?.[0] ?? null);
    const rank = shape === null || count === null ? null : keepDims ? shape.length : shape.length - count;
    const reduced = shape && (axesOf(valuesOf(axes), shape.length) ?? spatialAxes(c, shape, count));
    if (!shape || !reduced) return missing('The list of axes that it reduces', axes, [anyOfRank(rank)]);
    const outputs = [shape.flatMap((dim, axis) => (reduced.includes(axis) ? (keepDims ? [1] : []) : [dim]))];
    if (reduced.includes(0)) return unknownOp(mixesBatch, outputs);
    return { op: { kind: 'reduce', name, axes: reduced.map(axis => axis - 1), keepDims }, outputs };
  };
}

function axesOf(values: readonly number[] | undefined, rank: number): readonly number[] | undefined {
  const axes = values?.map(axis => axisIn(rank, axis));
  return axes?.every(axis => axis !== undefined) ? [...new Set(axes)].sort((a, b) => a - b) : undefined;
}

function spatialAxes({ wanted }: NodeContext, shape: readonly Dim[], count: Dim): readonly number[] | undefined {
  const inner = [...shape.keys()].slice(1, -1);
  const channels = shape.at(-1) ?? null;
  if (count === null || count === 0 || count !== inner.length || channels === null || wanted() !== channels) {
    return undefined;
  }
  // One of the reduced axes could be the channels' only if it had as many entries.
  return inner.some(axis => shape[axis] === channels || shape[axis] === null) ? undefined : inner;
}

const concat: Describe = c => {
  const parts = c.inputs.slice(0, -1).map(input => input.shape);
  const [first = null] = parts;
  const ranks = new Set(parts.map(part => part?.length ?? -1));
  if (first === null || ranks.size !== 1 || ranks.has(-1)) return unknownOp('The shapes that it joins are not known.');
  const joined = (axis: number): Dim => parts.reduce<Dim>((sum, part) => plus(sum, part?.[axis] ?? null), 0);
  const [stated] = valuesOf(c.inputs.at(-1)) ?? [];
  const axis = stated === undefined ? joinedAxis(c, first, parts, joined) : axisIn(first.length, stated);
  if (axis === undefined) return missing('The axis that it joins along', c.inputs.at(-1), [first.map(() => null)]);
  const dims = first.map((dim, i) => (i === axis ? joined(i) : dim));
  if (axis === 0) return unknownOp(mixesBatch, [dims]);
  return { op: { kind: 'merge', merge: 'concat', axis: axis - 1 }, outputs: [dims] };
};

/** The only axis along which the parts differ, or the last one, where what follows needs that. */
function joinedAxis(
  { wanted }: NodeContext,
  first: readonly Dim[],
  parts: readonly FullShape[],
  joined: (axis: number) => Dim,
): number | undefined {
  const differing = [...first.keys()].filter(axis => new Set(parts.map(part => part?.[axis] ?? null)).size > 1);
  const last = first.length - 1;
  const axis =
    differing.length === 1 ? differing[0] : differing.length === 0 && joined(last) === wanted() ? last : undefined;
  return axis === undefined || axis === 0 || joined(axis) === null ? undefined : axis;
}

const expandDims: Describe = ({ inputs }) => {
  const [x, added] = inputs;
  const shape = x?.shape ?? null;
  const [value] = valuesOf(added) ?? [];
  if (value === undefined) return missing('The axis that it adds', added, [anyOfRank(shape && shape.length + 1)]);
  const axis = shape ? axisIn(shape.length + 1, value) : undefined;
  if (!shape || axis === undefined) return unknownOp('The shape of its input is not known.');
  const outputs = [shape.toSpliced(axis, 0, 1)];
  return axis === 0 ? unknownOp(mixesBatch, outputs) : { op: { kind: 'rearrange', how: 'unsqueeze' }, outputs };
};

const resize: Describe = ({ node, inputs }) => {
  const [x, size] = inputs;
  const shape = x?.shape ?? null;
  const values = valuesOf(size);
  const [batch = null, height = null, width = null, channels = null] = shape?.length === 4 ? shape : [];
  const [rows = null, columns = null] = values ?? [];
  const outputs = [shape?.length === 4 || values ? [batch, rows, columns, channels] : null];
  if (!values) return missing('The size that it resizes to', size, outputs);
  const isWhole = (after: Dim, before: Dim): boolean => !!before && after !== null && after % before === 0;
  const repeats = node.op === 'ResizeNearestNeighbor' && !flagOf(node, 'align_corners');
  if (repeats && isWhole(rows, height) && isWhole(columns, width))
    return { op: { kind: 'rearrange', how: 'upsample' }, outputs };
  return unknownOp('It mixes neighbouring entries or leaves some out, for which there is no law here.', outputs);
};

const slice: Describe = ({ inputs }) => {
  const [x, begin, size] = inputs;
  const shape = x?.shape ?? null;
  const [starts, lengths] = [valuesOf(begin), valuesOf(size)];
  if (!shape || starts?.length !== shape.length || lengths?.length !== shape.length)
    return missing('What it takes', starts ? size : begin, [shape ? shape.map(() => null) : null]);
  const dims = shape.map((dim, i) => (lengths[i]! < 0 ? plus(dim, -starts[i]!) : lengths[i]!));
  const isWhole = starts[0] === 0 && (lengths[0]! < 0 || lengths[0] === shape[0]);
  if (!isWhole) return unknownOp(mixesBatch, [dims]);
  const after = shape.map((dim, i) => (dim === null || dims[i] == null ? null : dim - starts[i]! - dims[i]));
  return {
    op: { kind: 'rearrange', how: 'crop', before: starts.slice(1), after: after.slice(1) },
    outputs: [[shape[0] ?? null, ...dims.slice(1)]],
  };
};

/** `Split` takes its axis first, `SplitV` lengths and then its axis. */
const split: Describe = ({ node, inputs }) => {
  const isEven = node.op === 'Split';
  const [x, lengths, axisInput] = isEven ? [inputs[1], undefined, inputs[0]] : inputs;
  const shape = x?.shape ?? null;
  const count = Math.max(1, Math.min(integerOf(node, 'num_split') ?? 1, 1000));
  const [stated] = valuesOf(axisInput) ?? [];
  const axis = shape && stated !== undefined ? axisIn(shape.length, stated) : undefined;
  const given = isEven ? undefined : valuesOf(lengths);
  if (!shape || axis === undefined || (!isEven && given?.length !== count))
    return missing(
      'How it divides its input',
      isEven || axis === undefined ? axisInput : lengths,
      new Array<FullShape>(count).fill(null),
    );
  const outputs = partLengths(shape[axis] ?? null, count, given).map(length => shape.toSpliced(axis, 1, length));
  return axis === 0
    ? unknownOp(mixesBatch, outputs)
    : { op: { kind: 'rearrange', how: 'split', axis: axis - 1 }, outputs };
};

/** One length of -1 is what the others leave. */
function partLengths(dim: Dim, count: number, given: readonly number[] | undefined): readonly Dim[] {
  if (!given) return new Array<Dim>(count).fill(dim !== null && dim % count === 0 ? dim / count : null);
  const known = given.filter(length => length >= 0).reduce((a, b) => a + b, 0);
  return given.map(length => (length >= 0 ? length : plus(dim, -known)));
}

const unpack: Describe = ({ node, inputs }) => {
  const shape = inputs[0]?.shape ?? null;
  const count = Math.max(1, Math.min(integerOf(node, 'num') ?? 1, 1000));
  const axis = shape ? axisIn(shape.length, integerOf(node, 'axis') ?? 0) : undefined;
  const part = shape && axis !== undefined ? shape.toSpliced(axis, 1) : null;
  return unknownOp('What it takes apart is not followed.', new Array<FullShape>(count).fill(part));
};

const stridedSlice: Describe = ({ node, inputs }) => {
  const shape = inputs[0]?.shape ?? null;
  const [starts, ends, steps] = inputs.slice(1).map(valuesOf);
  const mask = (name: string): number => integerOf(node, name) ?? 0;
  const isPlain = mask('ellipsis_mask') === 0 && mask('new_axis_mask') === 0 && steps?.every(step => step === 1);
  if (!shape || !starts || !ends || !isPlain || starts.length > shape.length)
    return missing(
      'What it takes',
      inputs.slice(1).find(operand => !valuesOf(operand)),
      [null],
    );
  const cuts = shape.map((dim, axis) => cutAt(node, dim, axis, starts[axis], ends[axis]));
  const isShrunk = (axis: number): boolean => axis < starts.length && ((mask('shrink_axis_mask') >> axis) & 1) === 1;
  const outputs = [cuts.flatMap((cut, axis) => (isShrunk(axis) ? [] : [cut.length]))];
  if (isShrunk(0) || cuts[0]?.before !== 0 || cuts[0]?.after !== 0) return unknownOp(mixesBatch, outputs);
  if (shape.some((_, axis) => isShrunk(axis)))
    return unknownOp('What it takes is not followed where it drops an axis.', outputs);
  const inner = cuts.slice(1);
  return {
    op: { kind: 'rearrange', how: 'crop', before: inner.map(cut => cut.before), after: inner.map(cut => cut.after) },
    outputs,
  };
};

interface Cut {
  readonly before: Dim;
  readonly after: Dim;
  readonly length: Dim;
}

/** What a strided slice of step 1 takes of an axis (tfjs-core ops/slice_util.ts). */
function cutAt(node: GraphNode, dim: Dim, axis: number, start: number | undefined, end: number | undefined): Cut {
  const isFree = (name: string): boolean => (((integerOf(node, name) ?? 0) >> axis) & 1) === 1;
  const fromStart = start === undefined || isFree('begin_mask') ? 0 : start;
  const isToEnd = end === undefined || isFree('end_mask');
  if (isToEnd && fromStart === 0) return { before: 0, after: 0, length: dim };
  if (dim === null) return { before: null, after: null, length: null };
  const within = (value: number): number => Math.min(Math.max(value < 0 ? value + dim : value, 0), dim);
  const before = within(fromStart);
  const last = Math.max(isToEnd ? dim : within(end), before);
  return { before, after: dim - last, length: last - before };
}

export const valueOperators: readonly (readonly [string, Describe])[] = [
  ['Reshape', reshape],
  ['Mean', reduction('mean')],
  ['Sum', reduction('sum')],
  ['Max', reduction('max')],
  ['Min', reduction('min')],
  ['ConcatV2', concat],
  ['Transpose', transpose],
  ['Pad', pad],
  ['PadV2', pad],
  ['MirrorPad', pad],
  ['Slice', slice],
  ['StridedSlice', stridedSlice],
  ['ExpandDims', expandDims],
  ['ResizeBilinear', resize],
  ['ResizeNearestNeighbor', resize],
  ['Split', split],
  ['SplitV', split],
  ['Unpack', unpack],
];
