import { type CancellationToken, throwIfCancelled } from '../../src-analysis/readers/reader.ts';
import type { MatrixProducts } from './products.ts';
import type { TiledSymmetric } from './tiled.ts';

/** A Cholesky factor L (A = L·Lᵀ), in the lower tiles of the matrix it was made from. */
export interface CholeskyFactor {
  readonly kind: 'factor';
  readonly lower: TiledSymmetric;
}

/** The matrix is not (numerically) positive definite: the pivot in this row is not positive. */
export interface NotPositiveDefinite {
  readonly kind: 'not-positive-definite';
  readonly row: number;
}

/**
 * Tiled Cholesky factorisation in float64, in place: the diagonal tiles in plain code, all else as products A·Bᵀ
 * (right-looking, Golub & Van Loan §4.2.9). n³/3 multiply-adds.
 * @throws Cancelled when the token asks for it, between tiles.
 */
export async function cholesky(
  matrix: TiledSymmetric,
  products: MatrixProducts,
  cancel: CancellationToken,
): Promise<CholeskyFactor | NotPositiveDefinite> {
  const { side, tiles } = matrix;
  const multiply = (a: Float64Array, b: Float64Array) => products.multiplyTransposed(a, b, side, side, side);
  for (let k = 0; k < tiles.length; k++) {
    const pivot = factorTile(tiles[k]![k]!, side);
    if (pivot >= 0) return { kind: 'not-positive-definite', row: k * side + pivot };
    const inverse = invertLower(tiles[k]![k]!, side);
    for (let i = k + 1; i < tiles.length; i++) {
      throwIfCancelled(cancel);
      tiles[i]![k]!.set(await multiply(tiles[i]![k]!, inverse));
    }
    for (let i = k + 1; i < tiles.length; i++) {
      for (let j = k + 1; j <= i; j++) {
        throwIfCancelled(cancel);
        const product = await multiply(tiles[i]![k]!, tiles[j]![k]!);
        const target = tiles[i]![j]!;
        for (let p = 0; p < target.length; p++) target[p]! -= product[p]!;
      }
    }
  }
  return { kind: 'factor', lower: matrix };
}

/** Solves A x = b with a factor of A. */
export function choleskySolve(factor: CholeskyFactor, b: Float64Array): Float64Array {
  const { side, tiles, order } = factor.lower;
  const x = new Float64Array(tiles.length * side);
  x.set(b);
  for (let i = 0; i < tiles.length; i++) {
    for (let j = 0; j < i; j++) subtractProduct(tiles[i]![j]!, side, x, j * side, x, i * side, false);
    solveTile(tiles[i]![i]!, side, x, i * side, false);
  }
  for (let i = tiles.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < tiles.length; j++) subtractProduct(tiles[j]![i]!, side, x, j * side, x, i * side, true);
    solveTile(tiles[i]![i]!, side, x, i * side, true);
  }
  return x.slice(0, order);
}

/** Factors one tile in place, upper part cleared; returns the row of the first bad pivot, or −1. */
function factorTile(a: Float64Array, n: number): number {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0, p = i * n, q = j * n; k < j; k++) sum -= a[p + k]! * a[q + k]!;
      if (i !== j) a[i * n + j] = sum / a[j * n + j]!;
      else if (sum > 0) a[i * n + i] = Math.sqrt(sum);
      else return i;
    }
  }
  for (let i = 0; i < n; i++) a.fill(0, i * n + i + 1, (i + 1) * n);
  return -1;
}

/** Inverse of a lower triangular tile. */
function invertLower(l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  const row = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    row.fill(0, 0, i);
    for (let k = 0; k < i; k++) {
      const factor = l[i * n + k]!;
      for (let j = 0, q = k * n; j <= k; j++) row[j]! -= factor * inverse[q + j]!;
    }
    const scale = 1 / l[i * n + i]!;
    for (let j = 0; j < i; j++) inverse[i * n + j] = row[j]! * scale;
    inverse[i * n + i] = scale;
  }
  return inverse;
}

/** y −= T x, or y −= Tᵀ x. */
function subtractProduct(
  tile: Float64Array,
  n: number,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
  transposed: boolean,
): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (transposed) y[yStart + j]! -= tile[i * n + j]! * x[xStart + i]!;
      else y[yStart + i]! -= tile[i * n + j]! * x[xStart + j]!;
    }
  }
}

/** Solves L x = x, or Lᵀ x = x, in place. */
function solveTile(l: Float64Array, n: number, x: Float64Array, start: number, transposed: boolean): void {
  for (let step = 0; step < n; step++) {
    const i = transposed ? n - 1 - step : step;
    let sum = x[start + i]!;
    if (transposed) for (let k = i + 1; k < n; k++) sum -= l[k * n + i]! * x[start + k]!;
    else for (let k = 0; k < i; k++) sum -= l[i * n + k]! * x[start + k]!;
    x[start + i] = sum / l[i * n + i]!;
  }
}
