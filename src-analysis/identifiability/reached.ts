/**
 * Composed receptive fields along one axis: which positions of a layer's input its outputs look at, and the geometry of the
 * part of a convolution that computes some of its outputs.
 */

import type { ConvGeometry } from '../model/analysis.ts';
import { effectiveKernel } from '../model/geometry.ts';

/** Positions along an axis: an arithmetic progression, or a sorted list where they are none. */
export type Positions =
  | { readonly first: number; readonly step: number; readonly count: number }
  | { readonly list: readonly number[]; readonly count: number };

/** Positions are listed one by one up to this many. */
const maxListed = 1 << 18;

/** The windows of a convolution or pooling along one axis: window w begins at w·stride − before. */
export interface AxisWindows {
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  /** Entries of the input along this axis. */
  readonly input: number;
}

/**
 * Inputs that the given outputs of a convolution see along an axis. Null when they form no progression and are too many to
 * list, which takes a stride or dilation beyond the kernel on an axis of hundreds of thousands of entries.
 */
export function inputsSeenBy(axis: AxisWindows, outputs: Positions): Positions | null {
  const { taps, stride, dilation, before, input } = axis;
  if ('list' in outputs || !isContiguous(taps, dilation, outputs.step * stride, outputs.count)) {
    return outputs.count * taps > maxListed ? null : listed(axis, outputs);
  }
  const start = outputs.first * stride - before;
  const end = start + (outputs.count - 1) * outputs.step * stride + (taps - 1) * dilation;
  const first = Math.max(0, start);
  return { first, step: 1, count: Math.max(0, Math.min(input - 1, end) - first + 1) };
}

/** Whether windows `shift` apart, of `taps` cells `dilation` apart, leave no gap between their first and last cell. */
function isContiguous(taps: number, dilation: number, shift: number, windows: number): boolean {
  if (dilation === 1) return shift <= taps || windows === 1;
  return shift === 1 && windows >= dilation;
}

function listed({ taps, stride, dilation, before, input }: AxisWindows, outputs: Positions): Positions {
  const seen = new Set<number>();
  for (const output of each(outputs)) {
    for (let tap = 0; tap < taps; tap++) {
      const cell = output * stride + tap * dilation - before;
      if (cell >= 0 && cell < input) seen.add(cell);
    }
  }
  return positionsOf([...seen].sort((a, b) => a - b));
}

/** A sorted list of positions, as a progression where it is one. */
export function positionsOf(list: readonly number[]): Positions {
  const step = list.length > 1 ? list[1]! - list[0]! : 1;
  const isProgression = list.every((cell, i) => cell === list[0]! + i * step);
  return isProgression && list.length > 0
    ? { first: list[0]!, step, count: list.length }
    : { list, count: list.length };
}

export function* each(positions: Positions): Generator<number> {
  if ('list' in positions) yield* positions.list;
  else for (let i = 0; i < positions.count; i++) yield positions.first + i * positions.step;
}

/** The convolution that computes the given outputs only, on the inputs they see. */
export function restrictTo(g: ConvGeometry, outputs: readonly [Positions, Positions]): ConvGeometry {
  const y = restrictAxis(g, 0, outputs[0]);
  const x = restrictAxis(g, 1, outputs[1]);
  return {
    ...g,
    input: [y.input, x.input],
    strides: [y.stride, x.stride],
    before: [y.before, x.before],
    after: [y.after, x.after],
  };
}

/** Outputs that are no progression are taken with those between them. */
function restrictAxis(g: ConvGeometry, axis: 0 | 1, outputs: Positions) {
  const { stride, dilation, before, input, taps } = axisOf(g, axis);
  const { first, step, count } = 'list' in outputs ? hull(outputs.list) : outputs;
  const start = first * stride - before;
  const end = start + (count - 1) * step * stride + effectiveKernel(taps, dilation) - 1;
  const from = Math.min(Math.max(0, start), input - 1);
  const to = Math.max(from, Math.min(input - 1, end));
  return { input: to - from + 1, stride: stride * step, before: from - start, after: Math.max(0, end - to) };
}

export function hull(list: readonly number[]): { first: number; step: number; count: number } {
  const first = list[0] ?? 0;
  return { first, step: 1, count: (list[list.length - 1] ?? 0) - first + 1 };
}

export function axisOf(g: ConvGeometry, axis: 0 | 1): AxisWindows {
  return {
    taps: g.kernel[axis],
    stride: g.strides[axis],
    dilation: g.dilations[axis],
    before: g.before[axis],
    input: g.input[axis],
  };
}
