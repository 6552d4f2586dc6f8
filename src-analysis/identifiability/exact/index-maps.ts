/** Which entries of its input a layer's output entries are made of, for tensors stored row by row without the batch axis. */
import { convOutputLength, resolvePadding } from '../../model/geometry.ts';
import type { DataFormat, Dim, Padding, RearrangeOp } from '../../model/graph.ts';

export function sizeOfKnown(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Entries between neighbours along every axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Every index of a shape in storage order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const index = new Array<number>(shape.length).fill(0);
  for (let left = sizeOfKnown(shape); left > 0; left--) {
    yield [...index];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** For every output entry the input entry that `source` names by index (null: none), as −1 or a flat position. */
export function entryMap(
  output: readonly number[],
  input: readonly number[],
  source: (index: readonly number[]) => readonly number[] | null,
): Int32Array {
  const strides = stridesOf(input);
  const map = new Int32Array(sizeOfKnown(output));
  let at = 0;
  for (const index of indices(output)) {
    const from = source(index);
    map[at++] = from ? from.reduce((sum, i, axis) => sum + i * strides[axis]!, 0) : -1;
  }
  return map;
}

/** A feature map: channels and spatial axes, whatever their order in storage. */
export interface Layout {
  readonly channels: number;
  readonly spatial: readonly number[];
  /** Flat position of a channel at a spatial position. */
  readonly at: (channel: number, position: readonly number[]) => number;
}

export function layoutOf(shape: readonly number[], format: DataFormat): Layout {
  const last = format === 'channelsLast';
  const channels = last ? shape[shape.length - 1]! : shape[0]!;
  const spatial = last ? shape.slice(0, -1) : shape.slice(1);
  const strides = stridesOf(shape);
  const spatialStrides = last ? strides.slice(0, -1) : strides.slice(1);
  const step = last ? 1 : strides[0]!;
  return {
    channels,
    spatial,
    at: (channel, position) => position.reduce((sum, i, axis) => sum + i * spatialStrides[axis]!, channel * step),
  };
}

export interface Window {
  /** Spatial position seen. */
  readonly cell: readonly number[];
  /** Number of the kernel tap that sees it. */
  readonly tap: number;
}

interface WindowedOp {
  readonly strides: readonly Dim[];
  readonly dilations: readonly Dim[];
  readonly padding: Padding;
}

/** For every output position in storage order, what its window sees inside the input; null where a size is unknown. */
export function windowsOf(
  input: readonly number[],
  kernel: readonly Dim[],
  op: WindowedOp,
  outputs?: readonly number[],
): { readonly outputs: readonly number[]; readonly seen: readonly (readonly Window[])[] } | null {
  const axes: { outputs: number; seen: { cell: number; tap: number }[][] }[] = [];
  for (const [axis, length] of input.entries()) {
    const [k, s, d] = [kernel[axis], op.strides[axis], op.dilations[axis] ?? 1];
    if (k == null || s == null) return null;
    const count = outputs?.[axis] ?? convOutputLength(length, k, s, d, op.padding, axis) ?? 0;
    const { before } = resolvePadding(length, k, s, d, op.padding, axis);
    const seen = Array.from({ length: count }, (_, position) =>
      Array.from({ length: k }, (_, tap) => ({ cell: position * s + tap * d - before, tap })).filter(
        ({ cell }) => cell >= 0 && cell < length,
      ),
    );
    axes.push({ outputs: count, seen });
  }
  let all: Window[][] = [[{ cell: [], tap: 0 }]];
  for (const [axis, { seen }] of axes.entries()) {
    const taps = kernel[axis]!;
    all = all.flatMap(windows =>
      seen.map(next =>
        windows.flatMap(({ cell, tap }) => next.map(n => ({ cell: [...cell, n.cell], tap: tap * taps + n.tap }))),
      ),
    );
  }
  return { outputs: axes.map(axis => axis.outputs), seen: all };
}

/** The entries that a rearranging layer takes for its output `part`; null where that is not covered. */
export function rearrangedEntries(
  op: RearrangeOp,
  input: readonly number[],
  outputs: readonly (readonly number[])[],
  part: number,
): Int32Array | null {
  const output = outputs[part]!;
  switch (op.how) {
    case 'flatten':
    case 'reshape':
    case 'squeeze':
    case 'unsqueeze':
      if (op.permutation) return permuted(op.permutation, input);
      return sizeOfKnown(input) === sizeOfKnown(output)
        ? Int32Array.from({ length: sizeOfKnown(output) }, (_, i) => i)
        : null;
    case 'permute':
      return op.permutation ? permuted(op.permutation, input) : null;
    case 'reverse':
      return Int32Array.from({ length: sizeOfKnown(output) }, (_, i) => i);
    case 'pad':
      if ((op.padMode ?? 'constant') !== 'constant' || !op.before) return null;
      return moved(output, input, (i, axis) => i - (op.before![axis] ?? 0));
    case 'crop':
    case 'slice':
      if (!op.before || op.before.includes(null)) return null;
      return moved(output, input, (i, axis) => i * (op.steps?.[axis] ?? 1) + (op.before![axis] ?? 0));
    case 'upsample':
      return moved(output, input, (i, axis) => Math.floor((i * input[axis]!) / output[axis]!));
    case 'repeat':
    case 'expand':
      if (input.length > output.length) return null;
      return entryMap(output, input, index =>
        input.map((dim, axis) => index[axis + output.length - input.length]! % dim),
      );
    case 'split': {
      const { axis } = op;
      if (axis === undefined) return null;
      const offset = outputs.slice(0, part).reduce((sum, shape) => sum + shape.at(axis)!, 0);
      const split = axis < 0 ? axis + input.length : axis;
      return moved(output, input, (i, a) => (a === split ? i + offset : i));
    }
    case 'gather':
      return gathered(op, input, output);
    default:
      return null;
  }
}

/** Entries of the positions taken along an axis, whatever axes these are listed in. */
function gathered(
  { axis, positions }: RearrangeOp,
  input: readonly number[],
  output: readonly number[],
): Int32Array | null {
  if (axis === undefined || !positions) return null;
  const along = axis < 0 ? axis + input.length : axis;
  const taken = input.with(along, positions.length);
  if (sizeOfKnown(taken) !== sizeOfKnown(output)) return null;
  return entryMap(taken, input, index => index.with(along, positions[index[along]!]!));
}

function permuted(permutation: readonly number[], input: readonly number[]): Int32Array {
  const output = permutation.map(axis => input[axis]!);
  return entryMap(output, input, index => {
    const from = new Array<number>(input.length).fill(0);
    for (const [to, axis] of permutation.entries()) from[axis] = index[to]!;
    return from;
  });
}

function moved(
  output: readonly number[],
  input: readonly number[],
  source: (i: number, axis: number) => number,
): Int32Array | null {
  if (output.length !== input.length) return null;
  return entryMap(output, input, index => {
    const from = index.map(source);
    return from.every((i, axis) => i >= 0 && i < input[axis]!) ? from : null;
  });
}
