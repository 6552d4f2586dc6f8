import type { RearrangeOp } from '../../../model/graph.ts';
import {
  batchOf,
  fail,
  intAttribute,
  intsAttribute,
  listParameter,
  MAX_RANK,
  type NodeContext,
  normalizeAxes,
  notCovered,
  type Operator,
  type Outcome,
  requiredInput,
  shapeText,
} from '../context.ts';
import { allNumbers, checkedDim, type Dim, differ, exactQuotient, product, type Shape, times } from '../dimension.ts';
import { type Batch, type BatchSize, type Elements, sampleAxis } from '../value.ts';
import { broadcastShapes } from './broadcast.ts';
import { batchAfterRemoval } from './reduce.ts';

function rearranged(how: RearrangeOp['how'], shape: Shape, batch: Batch, more: Partial<RearrangeOp> = {}): Outcome {
  return { op: { kind: 'rearrange', how, ...more }, outputs: [{ shape, batch }] };
}

/** Reshape: 0 copies the input's dimension (unless `allowzero`), −1 takes what is left. */
const reshape: Operator = {
  attributes: ['allowzero', 'shape', 'consumed_inputs'],
  infer: context => {
    const input = requiredInput(context, 0);
    const target = listParameter(context, 'shape', 1);
    if (!target.given) fail('its target shape is missing');
    const shape =
      target.values && reshapedDims(input.shape, target.values, intAttribute(context, 'allowzero', 0) !== 0);
    const before = batchOf(input);
    const isKept = typeof before === 'number' && keepsAxes(input.shape, shape, before + 1);
    return rearranged('reshape', shape, isKept ? before : regroupedBatch(before, shape, context.batch));
  },
};

/** Whether the first axes are what they were, so that only those behind them are regrouped. */
function keepsAxes(before: Shape, after: Shape, count: number): boolean {
  if (!before || !after || before.length < count || after.length < count) return false;
  return before.slice(0, count).every((dim, axis) => dim !== null && dim === after[axis]);
}

/** Dimensions after Reshape; null where the target or the input leaves them open. */
export function reshapedDims(input: Shape, target: Elements, allowZero: boolean): readonly Dim[] {
  if (target.length > MAX_RANK) fail(`its target has ${target.length} axes`);
  const dims = target.map((dim, axis) => {
    if (dim !== 0 || allowZero) return dim;
    if (input && axis >= input.length) fail(`its target shape copies axis ${axis}, which its input does not have`);
    return input?.[axis] ?? null;
  });
  const open = dims.filter(dim => dim === -1 || dim === null).length;
  if (dims.filter(dim => dim === -1).length > 1) fail('its target shape has more than one −1');
  if (dims.some(dim => typeof dim === 'number' && dim < -1)) fail(`its target shape is ${shapeText(dims)}`);
  const total = input && product(input);
  const known = product(dims.filter(dim => dim !== -1 && dim !== null));
  if (total !== null && known !== null && open <= 1) {
    if (open === 0 ? differ(total, known) : !mayDivide(total, known)) {
      fail(`its input has ${total} entries (${shapeText(input)}), which do not fill ${shapeText(dims)}`);
    }
    const rest = exactQuotient(total, known);
    return dims.map(dim => checkedDim(dim === -1 || dim === null ? rest : dim));
  }
  return dims.map(dim => checkedDim(dim === -1 ? null : dim));
}

/** False where a number of entries cannot be grouped into parts of that size. */
function mayDivide(total: Dim, part: Dim): boolean {
  if (typeof total !== 'number' || typeof part !== 'number' || total === 0) return true;
  return part !== 0 && total % part === 0;
}

/** The batch after a change of grouping: kept where the first axis still counts the samples. */
function regroupedBatch(batch: Batch, shape: Shape, { size }: BatchSize): Batch {
  if (batch === 'none' || batch === 'lost' || shape === null) return batch;
  const first = shape[0];
  if (first === undefined) return size === 1 ? 'none' : 'lost';
  if (first === size) return 0;
  if (size === 1) return 'none';
  return (batch === 0 || batch === 'merged') && exactQuotient(first, size) !== null ? 'merged' : 'lost';
}

/** Flatten: all axes before `axis` become the first, all others the second. */
const flatten: Operator = {
  attributes: ['axis'],
  infer: context => {
    const input = requiredInput(context, 0);
    if (input.shape === null) return rearranged('flatten', [null, null], batchOf(input));
    const rank = input.shape.length;
    const given = intAttribute(context, 'axis', 1);
    const axis = given < 0 ? given + rank : given;
    if (axis < 0 || axis > rank) fail(`its axis ${given} does not exist in a value with ${rank} axes`);
    const shape = [checkedDim(product(input.shape.slice(0, axis))), checkedDim(product(input.shape.slice(axis)))];
    return rearranged('flatten', shape, regroupedBatch(batchOf(input), shape, context.batch));
  },
};

const transpose: Operator = {
  attributes: ['perm'],
  infer: context => {
    const input = requiredInput(context, 0);
    const perm = intsAttribute(context, 'perm');
    const rank = input.shape?.length ?? perm?.length ?? null;
    if (rank === null) return notCovered('The rank of its input is unknown.', [{ shape: null, batch: 'lost' }]);
    const order = perm ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
    if (order.length !== rank || new Set(order).size !== rank || order.some(axis => axis < 0 || axis >= rank)) {
      fail(`its attribute 'perm' is [${order}] for an input of shape ${shapeText(input.shape)}`);
    }
    const before = batchOf(input);
    const after = typeof before === 'number' ? order.indexOf(before) : before === 'merged' ? 'lost' : before;
    const permutation = order.map(axis => sampleAxis(axis, before)).filter(axis => axis !== null);
    const shape = input.shape && order.map(axis => input.shape?.[axis] ?? null);
    return rearranged('permute', shape, after, { permutation });
  },
};

const squeeze: Operator = {
  attributes: ['axes'],
  infer: context => {
    const input = requiredInput(context, 0);
    const axes = listParameter(context, 'axes', 1);
    const batch = batchOf(input);
    const positions = input.shape && squeezedAxes(context, input.shape, batch, axes.given ? axes.values : []);
    if (input.shape === null || positions === null) {
      return notCovered('The axes it removes are not known.', [{ shape: null, batch: 'lost' }]);
    }
    const shape = input.shape.filter((_, axis) => !positions.includes(axis));
    return rearranged('squeeze', shape, batchAfterRemoval(batch, positions));
  },
};

/** No axes named: all of length 1, but for a batch axis whose length the file leaves open. */
function squeezedAxes(
  context: NodeContext,
  shape: readonly Dim[],
  batch: Batch,
  given: Elements | null,
): readonly number[] | null {
  const axes = allNumbers(given);
  if (axes === null) return null;
  if (axes.length > 0) {
    const positions = normalizeAxes(axes, shape.length);
    const wrong = positions.find(axis => differ(shape[axis] ?? null, 1));
    if (wrong !== undefined) fail(`it removes axis ${wrong} of ${shapeText(shape)}, which is not of length 1`);
    return positions;
  }
  if (allNumbers(shape) === null) return null;
  const kept = context.batch.symbolic ? batch : null;
  return shape.map((_, axis) => axis).filter(axis => shape[axis] === 1 && axis !== kept);
}

const unsqueeze: Operator = {
  attributes: ['axes'],
  infer: context => {
    const input = requiredInput(context, 0);
    const axes = listParameter(context, 'axes', 1);
    if (!axes.given) fail('its axes are missing');
    const given = allNumbers(axes.values);
    if (input.shape === null || given === null) {
      const rank = input.shape && axes.values ? input.shape.length + axes.values.length : null;
      const shape = rank === null ? null : Array<null>(rank).fill(null);
      return notCovered('The axes it adds are not known.', [{ shape, batch: 'lost' }]);
    }
    const rank = input.shape.length + given.length;
    if (rank > MAX_RANK) fail(`its result would have ${rank} axes`);
    const added = normalizeAxes(given, rank);
    const { shape, batch } = withAddedAxes(input.shape, batchOf(input), added);
    return rearranged('unsqueeze', shape, batch);
  },
};

function withAddedAxes(input: readonly Dim[], batch: Batch, added: readonly number[]): { shape: Dim[]; batch: Batch } {
  const shape: Dim[] = [];
  let after: Batch = batch === 'merged' && added.includes(0) ? 'lost' : batch;
  let taken = 0;
  for (let axis = 0; axis < input.length + added.length; axis++) {
    if (added.includes(axis)) {
      shape.push(1);
      continue;
    }
    if (taken === batch) after = axis;
    shape.push(input[taken++] ?? null);
  }
  return { shape, batch: after };
}

/** Expand: broadcasting with a shape; a 1 there keeps the input's dimension. */
const expand: Operator = {
  infer: context => {
    const input = requiredInput(context, 0);
    const target = listParameter(context, 'shape', 1);
    if (!target.given) fail('its target shape is missing');
    if (target.values === null || input.shape === null) return rearranged('expand', null, 'lost');
    if (target.values.length > MAX_RANK) fail(`its target has ${target.values.length} axes`);
    const wanted = target.values.map(checkedDim);
    const shape = broadcastShapes(input.shape, wanted).map((dim, axis, { length }) => {
      // Broadcasting takes an unknown dimension for 1 or equal; in a target shape it may be anything.
      const own = axis - (length - wanted.length);
      return own >= 0 && typeof wanted[own] !== 'number' && typeof dim === 'number' && dim <= 1
        ? (wanted[own] ?? null)
        : dim;
    });
    const lead = shape.length - input.shape.length;
    const before = batchOf(input);
    const batch = typeof before === 'number' ? before + lead : lead > 0 && before === 'merged' ? 'lost' : before;
    return rearranged('expand', shape, batch);
  },
};

const tile: Operator = {
  infer: context => {
    const input = requiredInput(context, 0);
    const repeats = listParameter(context, 'repeats', 1);
    if (!repeats.given) fail('its repeats are missing');
    if (input.shape === null) return rearranged('repeat', null, batchOf(input));
    const counts = repeats.values;
    if (counts && counts.length !== input.shape.length) {
      fail(`it has ${counts.length} repeats for an input of shape ${shapeText(input.shape)}`);
    }
    const shape = input.shape.map((dim, axis) => {
      const count = counts?.[axis] ?? null;
      return checkedDim(times(dim, count));
    });
    return rearranged('repeat', shape, batchOf(input));
  },
};

export const reshapeOperators: Readonly<Record<string, Operator>> = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
};
