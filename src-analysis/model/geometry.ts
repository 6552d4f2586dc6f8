import type { Dim, Padding } from './graph.ts';

/** Extent of a dilated kernel: d·(k − 1) + 1. */
export function effectiveKernel(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1;
}

/**
 * Output length of a convolution or pooling along one axis (TensorFlow and ONNX agree on these rules).
 * Returns null when an argument is unknown, and 0 or less when the window does not fit: the caller reports that.
 */
export function convOutputLength(
  input: Dim,
  kernel: Dim,
  stride: Dim,
  dilation: Dim,
  padding: Padding,
  axis: number,
  ceilMode = false,
): Dim {
  if (input === null || stride === null || stride <= 0) return null;
  if (padding.mode === 'same' || padding.mode === 'sameLower') return Math.ceil(input / stride);
  if (kernel === null || dilation === null) return null;
  const [before, after] = padding.mode === 'explicit' ? [padding.before[axis] ?? 0, padding.after[axis] ?? 0] : [0, 0];
  const span = input + before + after - effectiveKernel(kernel, dilation);
  if (!ceilMode) return Math.floor(span / stride) + 1;
  const length = Math.ceil(span / stride) + 1;
  // A window that would start inside the padding after the input is dropped (PyTorch, ONNX since opset 19).
  return (length - 1) * stride >= input + before ? length - 1 : length;
}

/** Elements of padding before and after the input along one axis, once the input length is known. */
export function resolvePadding(
  input: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: Padding,
  axis: number,
): { readonly before: number; readonly after: number } {
  if (padding.mode === 'explicit') return { before: padding.before[axis] ?? 0, after: padding.after[axis] ?? 0 };
  if (padding.mode === 'valid') return { before: 0, after: 0 };
  const output = Math.ceil(input / stride);
  const total = Math.max(0, (output - 1) * stride + effectiveKernel(kernel, dilation) - input);
  const small = Math.floor(total / 2);
  return padding.mode === 'same' ? { before: small, after: total - small } : { before: total - small, after: small };
}

/** Number of entries of a shape; null if the shape or one of its dimensions is unknown. */
export function sizeOf(shape: readonly Dim[] | null | undefined): Dim {
  if (!shape) return null;
  let size = 1;
  for (const dim of shape) {
    if (dim === null) return null;
    size *= dim;
  }
  return Number.isSafeInteger(size) ? size : null;
}
