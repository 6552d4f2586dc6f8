import { type ImageShape, imageSize } from '../../image/tensor.ts';
import { addSymmetric, type TiledSymmetric } from '../../linear-algebra/tiled.ts';

/**
 * A prior μ·uᵀL u on intensities u: L is the Laplacian of the pixel grid, the same for every channel, with one weight
 * an edge. Weights 1 make it quadratic; weights c/√(slope² + ε), slopes from the current picture and averaged over the
 * channels, make it the majoriser of total variation coupled over the channels.
 */
export interface SmoothnessPrior {
  /** Weight of every edge of every image. */
  readonly weights: Float64Array;
}

/** Pixel pairs (first, second) next to each other, by position in the grid. */
interface Edges {
  readonly first: Int32Array;
  readonly second: Int32Array;
}

const slopeScale = 0.05;
const slopeFloor = 1e-4;

function edgesOf(shape: ImageShape): Edges {
  const first: number[] = [];
  const second: number[] = [];
  for (let y = 0; y < shape.height; y++) {
    for (let x = 0; x < shape.width; x++) {
      const p = y * shape.width + x;
      if (x + 1 < shape.width) {
        first.push(p);
        second.push(p + 1);
      }
      if (y + 1 < shape.height) {
        first.push(p);
        second.push(p + shape.width);
      }
    }
  }
  return { first: Int32Array.from(first), second: Int32Array.from(second) };
}

/** Visits every edge of every channel of every image: indices of both ends, and of the edge's weight. */
function forEachEdge(shape: ImageShape, batch: number, visit: (a: number, b: number, weight: number) => void): void {
  const { first, second } = edgesOf(shape);
  const area = shape.width * shape.height;
  for (let image = 0; image < batch; image++) {
    for (let c = 0; c < shape.channels; c++) {
      const at = (p: number) =>
        image * imageSize(shape) + (shape.dataFormat === 'channelsFirst' ? c * area + p : p * shape.channels + c);
      for (let e = 0; e < first.length; e++) visit(at(first[e]!), at(second[e]!), image * first.length + e);
    }
  }
}

export function quadraticPrior(shape: ImageShape, batch: number): SmoothnessPrior {
  return { weights: new Float64Array(batch * edgesOf(shape).first.length).fill(1) };
}

/** The majoriser of total variation at the picture u. */
export function totalVariationPrior(shape: ImageShape, batch: number, u: Float64Array): SmoothnessPrior {
  const squares = new Float64Array(batch * edgesOf(shape).first.length);
  forEachEdge(shape, batch, (a, b, edge) => {
    squares[edge]! += (u[b]! - u[a]!) ** 2 / shape.channels;
  });
  return { weights: squares.map(square => slopeScale / Math.sqrt(square + slopeFloor)) };
}

/** matrix += μ·L. */
export function addPrior(
  matrix: TiledSymmetric,
  prior: SmoothnessPrior,
  mu: number,
  shape: ImageShape,
  batch: number,
): void {
  forEachEdge(shape, batch, (a, b, edge) => {
    const weight = mu * prior.weights[edge]!;
    addSymmetric(matrix, a, a, weight);
    addSymmetric(matrix, b, b, weight);
    addSymmetric(matrix, a, b, -weight);
  });
}

/** L·u. */
export function applyPrior(prior: SmoothnessPrior, u: Float64Array, shape: ImageShape, batch: number): Float64Array {
  const result = new Float64Array(u.length);
  forEachEdge(shape, batch, (a, b, edge) => {
    const flow = prior.weights[edge]! * (u[a]! - u[b]!);
    result[a]! += flow;
    result[b]! -= flow;
  });
  return result;
}
