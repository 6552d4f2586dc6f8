import type { ConvGeometry } from '../model/analysis.ts';
import { effectiveKernel } from '../model/geometry.ts';

/** One axis of a convolution, with explicit padding. */
export interface GridAxis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/**
 * A convolution over any number of axes. A three-dimensional convolution has three; a batch of B examples is one more axis
 * of B entries with a kernel of 1, since its examples share the weights and add up their gradients.
 */
export interface GridGeometry {
  readonly inChannels: number;
  readonly filters: number;
  readonly groups: number;
  readonly axes: readonly GridAxis[];
}

/** An axis along which a kernel of one entry is applied at every position: examples, steps, tokens. */
export function pointwiseAxis(length: number): GridAxis {
  return { input: length, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };
}

/** Output length along an axis; 0 when the kernel does not fit. */
export function axisOutputs(a: GridAxis): number {
  const span = a.input + a.before + a.after - effectiveKernel(a.kernel, a.dilation);
  return span < 0 ? 0 : Math.floor(span / a.stride) + 1;
}

export function gridOf(g: ConvGeometry): GridGeometry {
  const axes = ([0, 1] as const).map(axis => ({
    input: g.input[axis],
    kernel: g.kernel[axis],
    stride: g.strides[axis],
    dilation: g.dilations[axis],
    before: g.before[axis],
    after: g.after[axis],
  }));
  return { inChannels: g.inChannels, filters: g.filters, groups: g.groups, axes };
}

/** The same geometry over two axes; null where more than two have a length or a kernel of their own. */
export function planeOf(g: GridGeometry): ConvGeometry | null {
  const axes = g.axes.filter(a => a.input !== 1 || a.kernel !== 1 || a.before !== 0 || a.after !== 0);
  if (axes.length > 2) return null;
  const [y, x] = [...[pointwiseAxis(1), pointwiseAxis(1)].slice(axes.length), ...axes] as [GridAxis, GridAxis];
  return {
    inChannels: g.inChannels,
    filters: g.filters,
    groups: g.groups,
    input: [y.input, x.input],
    kernel: [y.kernel, x.kernel],
    strides: [y.stride, x.stride],
    dilations: [y.dilation, x.dilation],
    before: [y.before, x.before],
    after: [y.after, x.after],
  };
}

/** Entries of the unpadded input. */
export function gridUnknowns(g: GridGeometry): number {
  return g.inChannels * product(g.axes.map(a => a.input));
}

/** Rows of W and of K. */
export function gridRows(g: GridGeometry): { readonly weights: number; readonly gradients: number } {
  return {
    weights: g.filters * product(g.axes.map(axisOutputs)),
    gradients: g.filters * (g.inChannels / g.groups) * product(g.axes.map(a => a.kernel)),
  };
}

export function product(values: readonly number[]): number {
  return values.reduce((result, value) => result * value, 1);
}
