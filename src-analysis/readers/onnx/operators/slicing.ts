import type { RearrangeOp } from '../../../model/graph.ts';
import {
  fail,
  inputElements,
  intAttribute,
  intsAttribute,
  listParameter,
  type NodeContext,
  normalizeAxes,
  normalizeAxis,
  notCovered,
  type Operator,
  type Outcome,
  type OutputValue,
  sameAsInput,
  shapeText,
} from '../context.ts';
import {
  allNumbers,
  checkedDim,
  type Dim,
  differ,
  exactQuotient,
  floorQuotient,
  minus,
  plainDim,
  plus,
  times,
} from '../dimension.ts';
import { type Batch, type Elements, sampleAxis } from '../value.ts';

/** One axis of a slice: `count` entries from `start` on, `step` apart. Null where not known. */
interface AxisSlice {
  readonly start: Dim;
  readonly count: Dim;
  readonly step: number | null;
}

const slice: Operator = {
  attributes: ['starts', 'ends', 'axes'],
  infer: context => {
    const { shape, batch } = sameAsInput(context);
    if (shape === null) return notCovered('The rank of its input is unknown.', [{ shape: null, batch }]);
    const slices = readSlices(context, shape);
    if (slices === null) {
      const unknown = { shape: shape.map(() => null), batch };
      return notCovered('The axes it cuts are not known.', [unknown]);
    }
    const dims = shape.map((dim, axis) => (slices.has(axis) ? (slices.get(axis)?.count ?? null) : dim));
    const outputs = [{ shape: dims, batch }];
    const own = typeof batch === 'number' ? slices.get(batch) : undefined;
    if (own && own.count !== shape[batch as number]) {
      return notCovered('It selects samples of the batch.', [{ shape: dims, batch: 'lost' }]);
    }
    return { op: sliceOp(shape, batch, slices), outputs };
  },
};

/** A slice in steps of 1 is a crop, described by what is cut off. */
function sliceOp(shape: readonly Dim[], batch: Batch, slices: ReadonlyMap<number, AxisSlice>): RearrangeOp {
  const whole = { start: 0, step: 1 };
  const axes = shape.map((_, axis) => axis).filter(axis => axis !== batch);
  const before = axes.map(axis => (slices.get(axis) ?? whole).start);
  if (axes.every(axis => (slices.get(axis) ?? whole).step === 1)) {
    const after = axes.map(axis => {
      const cut = slices.get(axis);
      const dim = shape[axis] ?? null;
      if (cut === undefined) return 0;
      return plainDim(minus(minus(dim, cut.start), cut.count));
    });
    return { kind: 'rearrange', how: 'crop', before: before.map(plainDim), after };
  }
  return {
    kind: 'rearrange',
    how: 'slice',
    before: before.map(plainDim),
    steps: axes.map(axis => (slices.get(axis) ?? whole).step),
  };
}

/** The slices by axis, or null where the axes are unknown. */
export function readSlices(context: NodeContext, shape: readonly Dim[]): ReadonlyMap<number, AxisSlice> | null {
  const starts = listParameter(context, 'starts', 1);
  const ends = listParameter(context, 'ends', 2);
  if (!starts.given || !ends.given) fail('its starts or ends are missing');
  const length = starts.values?.length ?? ends.values?.length;
  const axesGiven = listParameter(context, 'axes', 3);
  const axes = allNumbers(axesGiven.given ? axesGiven.values : length === undefined ? null : countUp(length));
  if (axes === null) return null;
  const positions = normalizeAxes(axes, shape.length);
  const steps = inputElements(context, 4);
  const hasSteps = context.inputs[4] !== undefined && context.inputs[4] !== null;
  return new Map(
    positions.map((axis, i) => [
      axis,
      sliceAxis(
        shape[axis] ?? null,
        starts.values?.[i] ?? null,
        ends.values?.[i] ?? null,
        hasSteps ? plainDim(steps?.[i] ?? null) : 1,
      ),
    ]),
  );
}

function countUp(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}

/** ONNX Slice along one axis: negative positions count from the end, positions outside are clamped. */
export function sliceAxis(dim: Dim, start: Dim, end: Dim, step: number | null): AxisSlice {
  if (step === 0) fail('its step is 0');
  if (typeof dim !== 'number' || typeof start !== 'number' || typeof end !== 'number' || step === null) {
    const first = typeof start === 'number' && start < 0 ? plus(dim, start) : checkedDim(start);
    return { start: first, count: step === null ? null : symbolicCount(dim, start, end, step), step };
  }
  const fromEnd = (position: number) => (position < 0 ? position + dim : position);
  const clamp = (position: number, low: number, high: number) => Math.min(Math.max(position, low), high);
  const [low, high] = step > 0 ? [0, dim] : [-1, dim - 1];
  const first = clamp(fromEnd(start), 0, high);
  const last = clamp(fromEnd(end), low, high);
  return { start: first, count: Math.max(0, Math.ceil((last - first) / step)), step };
}

/** From the end, or beyond any length: how exporters write "to the end". */
const FAR = 2 ** 31 - 1;

/**
 * Length of a forward slice of or to a symbolic length. A symbol is taken to be at least what the slice leaves out, and
 * at most the length of an axis that is cut to it: positions beyond the axis would be an error elsewhere in the model.
 */
function symbolicCount(dim: Dim, start: Dim, end: Dim, step: number): Dim {
  if (step < 1 || start === null || end === null) return null;
  if (start === -1 && typeof end === 'number' && end >= FAR) return 1;
  if (typeof start === 'number' && start < 0) return null;
  const stop = stopOf(dim, end);
  return stop === null ? null : floorQuotient(plus(minus(stop, start), step - 1), step);
}

function stopOf(dim: Dim, end: number | string): Dim {
  if (end === dim || typeof end === 'string') return end;
  if (end >= FAR) return dim;
  // An axis has at least one entry.
  return end < 0 ? plus(dim, end) : end === 1 ? 1 : null;
}

const split: Operator = {
  attributes: ['axis', 'split', 'num_outputs'],
  infer: context => {
    const { shape, batch } = sameAsInput(context);
    const parts = context.node.outputs.length;
    if (shape === null) return notCovered('The rank of its input is unknown.', []);
    const axis = normalizeAxis(intAttribute(context, 'axis', 0), shape.length);
    const lengths = splitLengths(context, shape[axis] ?? null, parts);
    const outputs = lengths.map((length): OutputValue => ({ shape: shape.with(axis, length), batch }));
    const ofSample = sampleAxis(axis, batch);
    if (ofSample === null) {
      return notCovered(
        'It splits the batch.',
        outputs.map(output => ({ ...output, batch: 'lost' })),
      );
    }
    return { op: { kind: 'rearrange', how: 'split', axis: ofSample }, outputs };
  },
};

/** Given lengths, or equal ones of which the last may be shorter (operator set 18). */
function splitLengths(context: NodeContext, dim: Dim, parts: number): readonly Dim[] {
  const given = listParameter(context, 'split', 1);
  if (given.given) {
    if (given.values === null) return Array<null>(parts).fill(null);
    if (given.values.length !== parts) fail(`it names ${given.values.length} lengths for ${parts} outputs`);
    const total = given.values.reduce(plus, 0);
    if (differ(total, dim)) fail(`its parts add up to ${total}, but the axis has ${dim}`);
    return given.values.map(length => checkedDim(length));
  }
  const wanted = intAttribute(context, 'num_outputs', parts);
  if (wanted < 1 || wanted < parts) fail(`its attribute 'num_outputs' is ${wanted}, but it has ${parts} outputs`);
  const length = typeof dim === 'number' ? Math.ceil(dim / wanted) : exactQuotient(dim, wanted);
  const last = minus(dim, times(length, wanted - 1));
  return Array.from({ length: parts }, (_, i) => (i === wanted - 1 ? last : length));
}

const padModes: ReadonlySet<string> = new Set(['constant', 'reflect', 'edge', 'wrap']);

/** Pad: all begins, then all ends; attributes before operator set 11, an axes input since 18. */
const pad: Operator = {
  attributes: ['mode', 'pads', 'paddings', 'value'],
  infer: context => {
    const { shape, batch } = sameAsInput(context);
    if (shape === null) return notCovered('The rank of its input is unknown.', [{ shape: null, batch }]);
    const amounts = padAmounts(context, shape);
    if (amounts === null) {
      return notCovered('How much it pads is not known.', [{ shape: shape.map(() => null), batch }]);
    }
    const dims = shape.map((dim, axis) => {
      const [before, after] = amounts[axis] ?? [0, 0];
      const padded = plus(dim, before + after);
      if (typeof padded === 'number' && padded < 0)
        fail(`its pads leave nothing of axis ${axis} of ${shapeText(shape)}`);
      return checkedDim(padded);
    });
    return padOutcome(context, amounts, { shape: dims, batch });
  },
};

type PadAmounts = readonly (readonly [number, number])[];

function padAmounts(context: NodeContext, shape: readonly Dim[]): PadAmounts | null {
  const early = intsAttribute(context, 'paddings');
  const parameter = listParameter(context, 'pads', 1);
  const pads: Elements | null = early ?? (parameter.given ? parameter.values : fail('its pads are missing'));
  const axesInput = listParameter(context, 'axes', 3);
  const axes = allNumbers(axesInput.given ? axesInput.values : countUp(shape.length));
  const amounts = allNumbers(pads);
  if (amounts === null || axes === null) return null;
  if (amounts.length !== 2 * axes.length) fail(`it has ${amounts.length} pads for ${axes.length} axes`);
  const positions = normalizeAxes(axes, shape.length);
  return shape.map((_, axis) => {
    const i = positions.indexOf(axis);
    return i < 0 ? [0, 0] : [amounts[i] ?? 0, amounts[i + axes.length] ?? 0];
  });
}

function padOutcome(context: NodeContext, amounts: PadAmounts, output: OutputValue): Outcome {
  const outputs = [output];
  const { batch } = output;
  const mode = padMode(context);
  if (typeof batch === 'number' && amounts[batch]?.some(amount => amount !== 0)) {
    return notCovered('It pads the batch.', [{ ...output, batch: 'lost' }]);
  }
  const ofSample = amounts.filter((_, axis) => axis !== batch);
  const flat = ofSample.flat();
  const before = ofSample.map(([amount]) => Math.abs(amount));
  const after = ofSample.map(([, amount]) => Math.abs(amount));
  if (flat.some(amount => amount < 0)) {
    if (flat.some(amount => amount > 0)) return notCovered('It pads and crops at once.', outputs);
    return { op: { kind: 'rearrange', how: 'crop', before, after }, outputs };
  }
  const op: RearrangeOp = {
    kind: 'rearrange',
    how: 'pad',
    before,
    after,
    ...(mode === 'constant' ? padValue(context) : { padMode: mode }),
  };
  return { op, outputs };
}

function padMode(context: NodeContext): NonNullable<RearrangeOp['padMode']> {
  const attribute = context.node.attributes.get('mode');
  const mode = attribute?.type === 'string' ? attribute.value : 'constant';
  if (!padModes.has(mode)) fail(`its attribute 'mode' is '${mode}', which ONNX does not have`);
  return mode as NonNullable<RearrangeOp['padMode']>;
}

/** The filling, where it is not 0. */
function padValue(context: NodeContext): Pick<RearrangeOp, 'padValue'> {
  const attribute = context.node.attributes.get('value');
  const given = context.inputs[2] ?? null;
  const value =
    attribute?.type === 'float'
      ? attribute.value
      : given === null
        ? 0
        : plainDim(inputElements(context, 2)?.[0] ?? null);
  return value === 0 ? {} : { padValue: value };
}

export const slicingOperators: Readonly<Record<string, Operator>> = { Slice: slice, Split: split, Pad: pad };
