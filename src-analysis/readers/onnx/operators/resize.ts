import type { Op } from '../../../model/graph.ts';
import {
  batchOf,
  fail,
  floatsAttribute,
  inputElements,
  intAttribute,
  intsAttribute,
  type NodeContext,
  normalizeAxes,
  type Operator,
  type Outcome,
  type OutputValue,
  requiredInput,
  sameAsInput,
  shapeText,
  stringAttribute,
} from '../context.ts';
import { allNumbers, checkedDim, type Dim, exactQuotient, minus, plainDim, times } from '../dimension.ts';
import type { Batch, Elements } from '../value.ts';

/** Upsample: scales are an attribute at first, an input from operator set 9 on. */
const upsample: Operator = {
  attributes: ['mode', 'scales'],
  infer: context => {
    const input = sameAsInput(context);
    const scales = floatsAttribute(context, 'scales') ?? inputElements(context, 1);
    const output = scaled(input, scales, null);
    return resizeOutcome(context, output, stringAttribute(context, 'mode', 'nearest') === 'nearest');
  },
};

/** Resize by scales or to sizes; of the modes only the one that repeats every entry a whole number of times is covered. */
const resize: Operator = {
  attributes: [
    'antialias',
    'axes',
    'coordinate_transformation_mode',
    'cubic_coeff_a',
    'exclude_outside',
    'extrapolation_value',
    'keep_aspect_ratio_policy',
    'mode',
    'nearest_mode',
  ],
  infer: context => {
    const input = sameAsInput(context);
    const early = context.opset < 11;
    const scales = inputElements(context, early ? 1 : 2);
    const sizes = early ? null : inputElements(context, 3);
    const axes = intsAttribute(context, 'axes');
    const crops = stringAttribute(context, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
    if (input.shape === null) return resizeOutcome(context, input, false);
    const { shape } = input;
    const ones = shape.map(() => 1);
    const all = scales && onAllAxes(scales, axes, ones);
    const output = sizes?.length
      ? resized(input, onAllAxes(keepingAspect(context, sizes, axes, shape), axes, shape))
      : scaled(input, crops ? onAllAxes(croppedScales(context, scales, axes), axes, ones) : all, scales);
    return resizeOutcome(context, output, !crops && repeatsEntries(context, early));
  },
};

/** Sizes under a policy that keeps the ratio of the lengths: one scale for all named axes, the smallest or largest. */
function keepingAspect(
  context: NodeContext,
  sizes: Elements,
  axes: readonly number[] | null,
  shape: readonly Dim[],
): Elements {
  const policy = stringAttribute(context, 'keep_aspect_ratio_policy', 'stretch');
  if (policy === 'stretch') return sizes;
  const positions = axes ? normalizeAxes(axes, shape.length) : [...shape.keys()];
  const lengths = allNumbers(positions.map(axis => shape[axis] ?? null));
  const wanted = allNumbers(sizes);
  if (!lengths || !wanted || lengths.includes(0)) return sizes.map(() => null);
  const ratios = wanted.map((size, i) => size / (lengths[i] ?? Number.NaN));
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return lengths.map(length => checkedDim(Math.floor(length * scale + 0.5)));
}

/** tf_crop_and_resize: the region of interest lists all starts, then all ends, as shares of the lengths. */
function croppedScales(context: NodeContext, scales: Elements | null, axes: readonly number[] | null): Elements {
  const region = inputElements(context, 1);
  const count = scales?.length ?? axes?.length ?? 0;
  return Array.from({ length: count }, (_, i) =>
    times(scales?.[i] ?? null, minus(region?.[i + count] ?? null, region?.[i] ?? null)),
  );
}

/** Values for the named axes, the rest as they are. */
function onAllAxes(values: Elements, axes: readonly number[] | null, rest: Elements): Elements {
  if (axes === null) return values;
  if (values.length !== axes.length) fail(`it has ${values.length} sizes or scales for ${axes.length} axes`);
  const positions = normalizeAxes(axes, rest.length);
  return rest.map((own, axis) => (positions.includes(axis) ? (values[positions.indexOf(axis)] ?? null) : own));
}

function resized({ shape, batch }: OutputValue, sizes: Elements): OutputValue {
  if (shape && sizes.length !== shape.length) fail(`it has ${sizes.length} sizes for ${shapeText(shape)}`);
  return { shape: sizes.map(checkedDim), batch };
}

function scaled({ shape, batch }: OutputValue, scales: Elements | null, given: Elements | null): OutputValue {
  if (shape === null) return { shape, batch };
  if (scales === null || scales.length === 0) return { shape: shape.map(() => null), batch };
  if (scales.length !== shape.length) fail(`it has ${(given ?? scales).length} scales for ${shapeText(shape)}`);
  const dims = shape.map((dim, axis) => {
    const scale = scales[axis] ?? null;
    return scaledDim(dim, plainDim(scale));
  });
  return { shape: dims, batch };
}

/** An expression is enlarged by whole factors only. */
function scaledDim(dim: Dim, scale: number | null): Dim {
  if (dim === null || scale === null) return null;
  return typeof dim === 'number' ? checkedDim(Math.floor(dim * scale)) : times(dim, scale);
}

/** Nearest neighbour with a rule under which k-fold enlargement repeats every entry exactly k times. */
function repeatsEntries(context: NodeContext, early: boolean): boolean {
  if (stringAttribute(context, 'mode', 'nearest') !== 'nearest') return false;
  // Operator set 10 has no choice of rules: it is asymmetric and rounds down.
  if (early) return true;
  const transformation = stringAttribute(context, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = stringAttribute(context, 'nearest_mode', 'round_prefer_floor');
  if (transformation === 'asymmetric' || transformation === 'tf_half_pixel_for_nn') return rounding === 'floor';
  return transformation.startsWith('half_pixel') && rounding.startsWith('round_prefer');
}

function resizeOutcome(context: NodeContext, output: OutputValue, repeats: boolean): Outcome {
  const input = requiredInput(context, 0);
  const whole = (dim: Dim, axis: number) => {
    const before = input.shape?.[axis] ?? null;
    return typeof exactQuotient(dim, before) === 'number';
  };
  // Anything else interpolates between entries, or leaves some out.
  const isUpsample = repeats && output.shape?.every(whole);
  const op: Op = isUpsample ? { kind: 'rearrange', how: 'upsample' } : { kind: 'elementwise', name: 'resize' };
  return { op, outputs: [output] };
}

/** Blocks of entries between the channels and the two spatial axes. */
function blockOperator(how: 'depthToSpace' | 'spaceToDepth'): Operator {
  return {
    attributes: ['blocksize', 'mode'],
    infer: context => {
      const input = requiredInput(context, 0);
      const block = intAttribute(context, 'blocksize', 0);
      const batch: Batch = batchOf(input);
      if (block < 1) fail("its attribute 'blocksize' is missing or not positive");
      const [first = null, channels = null, height = null, width = null] = input.shape ?? [];
      if (input.shape && input.shape.length !== 4)
        fail(`its input has shape ${shapeText(input.shape)}; 4 axes are needed`);
      const grow = how === 'depthToSpace';
      const shape = [
        first,
        grow ? divided(channels, block * block) : multiplied(channels, block * block),
        grow ? multiplied(height, block) : divided(height, block),
        grow ? multiplied(width, block) : divided(width, block),
      ];
      return { op: { kind: 'rearrange', how }, outputs: [{ shape, batch }] };
    },
  };
}

function multiplied(dim: Dim, factor: number): Dim {
  return checkedDim(times(dim, factor));
}

function divided(dim: Dim, divisor: number): Dim {
  if (typeof dim === 'number' && dim % divisor !== 0)
    fail(`its input cannot be divided into blocks: ${dim} is no multiple of ${divisor}`);
  return exactQuotient(dim, divisor);
}

export const resizeOperators: Readonly<Record<string, Operator>> = {
  Upsample: upsample,
  Resize: resize,
  DepthToSpace: blockOperator('depthToSpace'),
  SpaceToDepth: blockOperator('spaceToDepth'),
};
