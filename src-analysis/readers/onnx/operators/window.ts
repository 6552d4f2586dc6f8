import { convOutputLength, effectiveKernel } from '../../../model/geometry.ts';
import type { Padding } from '../../../model/graph.ts';
import { fail, intsAttribute, type NodeContext, stringAttribute } from '../context.ts';
import { checkedDim, type Dim, floorQuotient, MAX_DIM, plainDim, plus } from '../dimension.ts';

/** How a window moves over the spatial axes: what convolution and pooling have in common. */
export interface WindowGeometry {
  readonly kernel: readonly (number | null)[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

/** A list attribute with one entry for every spatial axis, each within `[smallest, MAX_DIM]`. */
export function spatialList(
  context: NodeContext,
  name: string,
  length: number,
  smallest: number,
  fallback: number,
): readonly number[] {
  const values = intsAttribute(context, name);
  if (values === null) return Array<number>(length).fill(fallback);
  if (values.length !== length) fail(`its attribute '${name}' has ${values.length} entries, not ${length}`);
  const bad = values.find(value => !(value >= smallest && value <= MAX_DIM));
  if (bad !== undefined) fail(`its attribute '${name}' holds ${bad}, which is not possible`);
  return values;
}

export function windowGeometry(context: NodeContext, kernel: readonly Dim[]): WindowGeometry {
  const rank = kernel.length;
  return {
    kernel: kernel.map(plainDim),
    strides: spatialList(context, 'strides', rank, 1, 1),
    dilations: spatialList(context, 'dilations', rank, 1, 1),
    padding: windowPadding(context, rank),
  };
}

/** `pads` lists all begins, then all ends. With any other `auto_pad` than NOTSET it has no meaning. */
function windowPadding(context: NodeContext, rank: number): Padding {
  const autoPad = stringAttribute(context, 'auto_pad', 'NOTSET');
  switch (autoPad) {
    case 'SAME_UPPER':
      return { mode: 'same' };
    case 'SAME_LOWER':
      return { mode: 'sameLower' };
    case 'VALID':
      return { mode: 'valid' };
    case 'NOTSET':
    case '': {
      const pads = spatialList(context, 'pads', 2 * rank, 0, 0);
      return { mode: 'explicit', before: pads.slice(0, rank), after: pads.slice(rank) };
    }
    default:
      fail(`its attribute 'auto_pad' is '${autoPad}', which ONNX does not have`);
  }
}

/** Output length along every spatial axis. */
export function windowOutput(spatial: readonly Dim[], geometry: WindowGeometry, ceilMode = false): readonly Dim[] {
  const { kernel, strides, dilations, padding } = geometry;
  return spatial.map((input, axis) => {
    const stride = strides[axis] ?? 1;
    const dilation = dilations[axis] ?? 1;
    const size = kernel[axis] ?? null;
    const length =
      typeof input === 'string'
        ? symbolicLength(input, size, stride, dilation, padding, axis, ceilMode)
        : convOutputLength(input, size, stride, dilation, padding, axis, ceilMode);
    if (typeof length === 'number' && length < 1) {
      fail(
        `its window of ${size} (dilation ${dilation}) does not fit into a map of length ${input} along axis ${axis}`,
      );
    }
    return checkedDim(length);
  });
}

/** The same rule as {@link convOutputLength} for a symbolic length, which is taken to hold at least one window. */
function symbolicLength(
  input: string,
  kernel: number | null,
  stride: number,
  dilation: number,
  padding: Padding,
  axis: number,
  ceilMode: boolean,
): Dim {
  if (padding.mode === 'same' || padding.mode === 'sameLower') return floorQuotient(plus(input, stride - 1), stride);
  // A last window that would start in the padding is dropped: that cannot be told without the length.
  if (kernel === null || (ceilMode && stride > 1)) return null;
  const [before, after] = padding.mode === 'explicit' ? [padding.before[axis] ?? 0, padding.after[axis] ?? 0] : [0, 0];
  return plus(floorQuotient(plus(input, before + after - effectiveKernel(kernel, dilation)), stride), 1);
}
