import { scale, splitFactor } from './elementwise.ts';
import type { ConvolutionGeometry, Node } from './graph.ts';

/*
 * Convolution and its two gradients. The three are bilinear forms of one trilinear form ⟨conv(x, w), dy⟩, so that each
 * one's derivatives are the other two: the family is closed under differentiation.
 */

/** Unit strides and dilations, no padding, one group, except where told. */
export function convolutionGeometry(given: Partial<ConvolutionGeometry> = {}): ConvolutionGeometry {
  const { strides = [1, 1], padBefore = [0, 0], padAfter = padBefore, dilations = [1, 1], groups = 1 } = given;
  return { strides, padBefore, padAfter, dilations, groups };
}

/** x [N, C, H, W] with w [M, C/groups, kh, kw] → [N, M, h', w']. */
export function conv(x: Node, w: Node, geometry: ConvolutionGeometry): Node {
  return bilinear('conv', x, w, outputShape(x.shape, w.shape, geometry), geometry);
}

/** dy [N, M, h', w'] with w [M, C/groups, kh, kw] → [N, C, H, W] = xShape: the transposed convolution. */
export function convInputGrad(dy: Node, w: Node, xShape: readonly number[], geometry: ConvolutionGeometry): Node {
  expect(dy.shape, outputShape(xShape, w.shape, geometry));
  return bilinear('convInputGrad', dy, w, xShape, geometry);
}

/** x [N, C, H, W] with dy [N, M, h', w'] → [M, C/groups, kh, kw] = wShape: gradient of ⟨conv(x, w), dy⟩ for w. */
export function convWeightGrad(x: Node, dy: Node, wShape: readonly number[], geometry: ConvolutionGeometry): Node {
  expect(dy.shape, outputShape(x.shape, wShape, geometry));
  return bilinear('convWeightGrad', x, dy, wShape, geometry);
}

function bilinear(
  kind: 'conv' | 'convInputGrad' | 'convWeightGrad',
  a: Node,
  b: Node,
  shape: readonly number[],
  geometry: ConvolutionGeometry,
): Node {
  const [first, second] = [splitFactor(a), splitFactor(b)];
  const node = a.graph.node({ kind, geometry }, [first.core, second.core], shape);
  return scale(node, first.factor * second.factor);
}

/** Length along one spatial axis of the output of a window that slides over `input` entries. */
export function windowCount(input: number, kernel: number, geometry: ConvolutionGeometry, axis: 0 | 1): number {
  const span = input + geometry.padBefore[axis] + geometry.padAfter[axis] - geometry.dilations[axis] * (kernel - 1) - 1;
  return Math.floor(span / geometry.strides[axis]) + 1;
}

function outputShape(x: readonly number[], w: readonly number[], geometry: ConvolutionGeometry): number[] {
  const [n = 0, c = 0, height = 0, width = 0] = x;
  const [m = 0, inGroup = 0, kh = 0, kw = 0] = w;
  if (x.length !== 4 || w.length !== 4 || c !== inGroup * geometry.groups || m % geometry.groups !== 0) {
    throw new Error(
      `A kernel [${w.join(', ')}] in ${geometry.groups} groups does not convolve an input [${x.join(', ')}].`,
    );
  }
  const shape = [n, m, windowCount(height, kh, geometry, 0), windowCount(width, kw, geometry, 1)];
  if (shape.some(dim => dim < 1)) {
    throw new Error(`A kernel [${w.join(', ')}] does not fit into the padded input [${x.join(', ')}].`);
  }
  return shape;
}

function expect(shape: readonly number[], expected: readonly number[]): void {
  if (shape.join() !== expected.join()) {
    throw new Error(`The output gradient is [${shape.join(', ')}]; this convolution's is [${expected.join(', ')}].`);
  }
}
