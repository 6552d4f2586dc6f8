import { concat, expand, pad, reshape, slice, transpose, zerosBetween } from '../ir/arrange.ts';
import { conv } from '../ir/convolution.ts';
import type { ConvolutionGeometry, Node } from '../ir/graph.ts';
import { matmul } from '../ir/matmul.ts';
import { addAll, sum } from '../ir/reduce.ts';

/*
 * Convolutions and their gradients in terms of simpler operations, for engines that lack a kernel. All of it is
 * graph to graph; shapes are those of `ConvolutionGeometry`: x [N, C, H, W], w [M, C/g, kh, kw], y [N, M, h', w'].
 */

/**
 * The weight gradient as a convolution of x with dy as the kernel: batch and channels change places, strides and
 * dilations too. Best for few channels, and for depthwise convolution, which stays one grouped convolution.
 */
export function weightGradientByConvolution(
  x: Node,
  dy: Node,
  wShape: readonly number[],
  geometry: ConvolutionGeometry,
): Node {
  const [batch, channels] = x.shape as [number, number];
  const [filters, inGroup, ...kernel] = wShape as [number, number, number, number];
  const { groups } = geometry;
  const grouped = reshape(x, [batch, groups, channels / groups, ...x.shape.slice(2)]);
  const images = reshape(transpose(grouped, [2, 1, 0, 3, 4]), [channels / groups, groups * batch, ...x.shape.slice(2)]);
  const kernels = transpose(dy, [1, 0, 2, 3]);
  const { cropped, padAfter } = exactWindow(images, kernels, kernel, geometry);
  const taps = conv(cropped, kernels, {
    strides: geometry.dilations,
    dilations: geometry.strides,
    padBefore: geometry.padBefore,
    padAfter,
    groups,
  });
  return reshape(transpose(taps, [1, 0, 2, 3]), [filters, inGroup, ...kernel]);
}

/** Crops or pads at the end, so that the swapped convolution makes exactly kernel-many outputs. */
function exactWindow(
  images: Node,
  kernels: Node,
  kernel: readonly [number, number],
  geometry: ConvolutionGeometry,
): { readonly cropped: Node; readonly padAfter: [number, number] } {
  const after = ([0, 1] as const).map(axis => {
    const span = (kernels.shape[axis + 2]! - 1) * geometry.strides[axis] + 1;
    const wanted = (kernel[axis] - 1) * geometry.dilations[axis] + span;
    return wanted - images.shape[axis + 2]! - geometry.padBefore[axis];
  }) as [number, number];
  const ends = images.shape.map((dim, axis) => dim + Math.min(0, after[axis - 2] ?? 0));
  return {
    cropped: slice(
      images,
      images.shape.map(() => 0),
      ends,
    ),
    padAfter: [Math.max(0, after[0]), Math.max(0, after[1])],
  };
}

/** The weight gradient as a matrix product of dy with the patches of x. Best for many channels. */
export function weightGradientByPatches(
  x: Node,
  dy: Node,
  wShape: readonly number[],
  geometry: ConvolutionGeometry,
): Node {
  const [filters, inGroup, rows, columns] = wShape as [number, number, number, number];
  const { groups } = geometry;
  const columnsOfX = patches(x, dy.shape, [rows, columns], geometry);
  const rowsOfDy = reshape(dy, [dy.shape[0]!, groups, filters / groups, -1]);
  const perSample = matmul(rowsOfDy, columnsOfX, false, true);
  const product = reshape(sum(perSample, [0]), [filters, rows * columns, inGroup]);
  return reshape(transpose(product, [0, 2, 1]), wShape);
}

/** A convolution as a matrix product of its kernel with the patches of x. */
export function convolutionByPatches(x: Node, w: Node, yShape: readonly number[], geometry: ConvolutionGeometry): Node {
  const [, , rows, columns] = w.shape as [number, number, number, number];
  const columnsOfX = patches(x, yShape, [rows, columns], geometry);
  return reshape(matmul(kernelMatrix(w, yShape[0]!, geometry.groups), columnsOfX), yShape);
}

/** The input gradient as a matrix product, each tap's share of which is added where its window lies. */
export function inputGradientByPatches(
  dy: Node,
  w: Node,
  xShape: readonly number[],
  geometry: ConvolutionGeometry,
): Node {
  const [batch, channels, height, width] = xShape as [number, number, number, number];
  const [, inGroup, rows, columns] = w.shape as [number, number, number, number];
  const { groups, strides, dilations, padBefore, padAfter } = geometry;
  const rowsOfDy = reshape(dy, [batch, groups, dy.shape[1]! / groups, -1]);
  const shares = matmul(kernelMatrix(w, batch, groups), rowsOfDy, true, false);
  const taps = reshape(shares, [batch, groups, rows * columns, inGroup, ...dy.shape.slice(2)]);
  const total: number[] = [height + padBefore[0] + padAfter[0], width + padBefore[1] + padAfter[1]];
  const placed: Node[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const tap = i * columns + j;
      const starts = [0, 0, tap, 0, 0, 0];
      const ends = taps.shape.map((dim, axis) => (axis === 2 ? tap + 1 : dim));
      const share = reshape(slice(taps, starts, ends), [batch, channels, ...dy.shape.slice(2)]);
      const spread = zerosBetween(share, [1, 1, ...strides]);
      const [y, x] = [i * dilations[0], j * dilations[1]];
      placed.push(
        pad(spread, [0, 0, y, x], [0, 0, total[0]! - y - spread.shape[2]!, total[1]! - x - spread.shape[3]!]),
      );
    }
  }
  const [y, x] = padBefore;
  return slice(addAll(placed), [0, 0, y, x], [batch, channels, y + height, x + width]);
}

/** What every tap of the kernel sees: [N, g, kh·kw·C/g, h'·w'], taps outermost. */
function patches(
  x: Node,
  yShape: readonly number[],
  [rows, columns]: readonly [number, number],
  geometry: ConvolutionGeometry,
): Node {
  const [batch, channels] = x.shape as [number, number];
  const { groups, strides, dilations, padBefore, padAfter } = geometry;
  const [height, width] = yShape.slice(2) as [number, number];
  const padded = pad(x, [0, 0, ...padBefore], [0, 0, ...padAfter]);
  const taps: Node[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const starts = [0, 0, i * dilations[0], j * dilations[1]];
      const ends = [
        batch,
        channels,
        starts[2]! + (height - 1) * strides[0] + 1,
        starts[3]! + (width - 1) * strides[1] + 1,
      ];
      taps.push(slice(padded, starts, ends, [1, 1, ...strides]));
    }
  }
  const inGroup = channels / groups;
  // With one group the taps of a sample already stand one after the other.
  const joined =
    groups === 1
      ? concat(taps, 1)
      : concat(
          taps.map(tap => reshape(tap, [batch, groups, 1, inGroup, -1])),
          2,
        );
  return reshape(joined, [batch, groups, rows * columns * inGroup, -1]);
}

/** w as [N, g, M/g, kh·kw·C/g], columns in the order of {@link patches}, the same for every sample. */
function kernelMatrix(w: Node, batch: number, groups: number): Node {
  const [filters, inGroup, rows, columns] = w.shape as [number, number, number, number];
  const taps = transpose(reshape(w, [filters, inGroup, rows * columns]), [0, 2, 1]);
  const matrix = reshape(taps, [1, groups, filters / groups, -1]);
  return expand(matrix, [batch, ...matrix.shape.slice(1)]);
}
