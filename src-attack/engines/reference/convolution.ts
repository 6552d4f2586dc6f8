import type { ConvolutionGeometry } from '../../ir/graph.ts';

/** The tensors of one convolution: x [N, C, H, W], w [M, C/g, kh, kw], y [N, M, h', w'] and their shapes. */
export interface ConvolutionTensors {
  readonly x: Float64Array;
  readonly w: Float64Array;
  readonly y: Float64Array;
  readonly xShape: readonly number[];
  readonly wShape: readonly number[];
  readonly yShape: readonly number[];
}

/**
 * Visits every product x·w·y of the trilinear form ⟨conv(x, w), y⟩ and adds the other two factors' product to `into`,
 * which is one of the three tensors: the definition of a convolution and of both its gradients, by direct summation.
 */
export function accumulateConvolution(
  t: ConvolutionTensors,
  geometry: ConvolutionGeometry,
  into: 'x' | 'w' | 'y',
): void {
  const { x, w, y } = t;
  const [batch, channels, height, width] = t.xShape as [number, number, number, number];
  const [filters, inGroup, kernelRows, kernelColumns] = t.wShape as [number, number, number, number];
  const [, , rows, columns] = t.yShape as [number, number, number, number];
  const filtersInGroup = filters / geometry.groups;
  const tap = (n: number, m: number, c: number, i: number, j: number): void => {
    const channel = Math.floor(m / filtersInGroup) * inGroup + c;
    const atW = ((m * inGroup + c) * kernelRows + i) * kernelColumns + j;
    for (let p = 0; p < rows; p++) {
      const row = p * geometry.strides[0] + i * geometry.dilations[0] - geometry.padBefore[0];
      if (row < 0 || row >= height) continue;
      for (let q = 0; q < columns; q++) {
        const column = q * geometry.strides[1] + j * geometry.dilations[1] - geometry.padBefore[1];
        if (column < 0 || column >= width) continue;
        const atX = ((n * channels + channel) * height + row) * width + column;
        const atY = ((n * filters + m) * rows + p) * columns + q;
        if (into === 'y') y[atY]! += x[atX]! * w[atW]!;
        else if (into === 'x') x[atX]! += y[atY]! * w[atW]!;
        else w[atW]! += x[atX]! * y[atY]!;
      }
    }
  };
  for (let n = 0; n < batch; n++) {
    for (let m = 0; m < filters; m++) {
      for (let c = 0; c < inGroup; c++) {
        for (let i = 0; i < kernelRows; i++) for (let j = 0; j < kernelColumns; j++) tap(n, m, c, i, j);
      }
    }
  }
}
