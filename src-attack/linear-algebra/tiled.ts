/**
 * A symmetric matrix as square tiles of its lower triangle: tiles[i][j], j ≤ i, each row-major, side × side. The last
 * tiles are padded, with ones on the diagonal, so that all tiles are alike (one compiled product serves them all).
 */
export interface TiledSymmetric {
  /** Order of the matrix, without the padding. */
  readonly order: number;
  readonly side: number;
  readonly tiles: readonly (readonly Float64Array[])[];
}

/** Tiles of about this side keep a product in cache and the plain parts of the factorisation small. */
export const preferredSide = 192;

/** The zero matrix (with ones on the padding's diagonal). */
export function tiledZeros(order: number, side = Math.min(preferredSide, Math.max(1, order))): TiledSymmetric {
  const count = Math.ceil(order / side);
  const tiles = Array.from({ length: count }, (_, i) =>
    Array.from({ length: i + 1 }, () => new Float64Array(side * side)),
  );
  const matrix = { order, side, tiles };
  for (let i = order; i < count * side; i++) addTo(matrix, i, i, 1);
  return matrix;
}

export function copyTiled(matrix: TiledSymmetric): TiledSymmetric {
  return { ...matrix, tiles: matrix.tiles.map(row => row.map(tile => tile.slice())) };
}

/** Adds to the entry (row, column), which must be in the lower triangle of tiles (column's tile ≤ row's tile). */
export function addTo(matrix: TiledSymmetric, row: number, column: number, value: number): void {
  const { side } = matrix;
  const tile = matrix.tiles[Math.floor(row / side)]![Math.floor(column / side)]!;
  tile[(row % side) * side + (column % side)]! += value;
}

/** Adds a value to both entries (i, j) and (j, i); the diagonal once. */
export function addSymmetric(matrix: TiledSymmetric, i: number, j: number, value: number): void {
  const { side } = matrix;
  const [row, column] = i >= j ? [i, j] : [j, i];
  addTo(matrix, row, column, value);
  // A tile on the diagonal holds both triangles.
  if (row !== column && Math.floor(row / side) === Math.floor(column / side)) addTo(matrix, column, row, value);
}

export function diagonalOf(matrix: TiledSymmetric): Float64Array {
  const { side } = matrix;
  return Float64Array.from({ length: matrix.order }, (_, i) => {
    const t = Math.floor(i / side);
    return matrix.tiles[t]![t]![(i % side) * (side + 1)]!;
  });
}

/** The product with a vector of length `order`. */
export function multiplyVector(matrix: TiledSymmetric, x: Float64Array): Float64Array {
  const { side, order } = matrix;
  const result = new Float64Array(order);
  matrix.tiles.forEach((row, i) => {
    row.forEach((tile, j) => {
      for (let a = 0; a < side && i * side + a < order; a++) {
        for (let b = 0; b < side && j * side + b < order; b++) {
          const value = tile[a * side + b]!;
          result[i * side + a]! += value * x[j * side + b]!;
          if (i !== j) result[j * side + b]! += value * x[i * side + a]!;
        }
      }
    });
  });
  return result;
}
