import type { ConvGeometry } from '../model/analysis.ts';
import { effectiveKernel } from '../model/geometry.ts';

/** Output length along an axis (0 = H, 1 = W); 0 when the kernel does not fit. */
export function outputLength(g: ConvGeometry, axis: 0 | 1): number {
  const span = g.input[axis] + g.before[axis] + g.after[axis] - effectiveKernel(g.kernel[axis], g.dilations[axis]);
  return span < 0 ? 0 : Math.floor(span / g.strides[axis]) + 1;
}

/** Entries of the unpadded input: the unknowns n. */
export function unknownsOf(g: ConvGeometry): number {
  return g.inChannels * g.input[0] * g.input[1];
}

/** Rows of W (one for every output entry) and of K (one for every kernel weight). */
export function rowsOf(g: ConvGeometry): { readonly weights: number; readonly gradients: number } {
  return {
    weights: g.filters * outputLength(g, 0) * outputLength(g, 1),
    gradients: g.filters * (g.inChannels / g.groups) * g.kernel[0] * g.kernel[1],
  };
}
