/**
 * Where matrix products are computed. Everything heavy in this folder is made of the one product A·Bᵀ, so that an
 * engine with a fast one can do it.
 */
export interface MatrixProducts {
  /** A·Bᵀ of row-major A [rows × inner] and B [columns × inner]. */
  multiplyTransposed(
    a: Float64Array,
    b: Float64Array,
    rows: number,
    inner: number,
    columns: number,
  ): Promise<Float64Array>;
}

/** Products in plain JavaScript: about fifty times slower than an engine's, always there. */
export const plainProducts: MatrixProducts = {
  async multiplyTransposed(a, b, rows, inner, columns) {
    const result = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0, p = i * inner, q = j * inner; k < inner; k++) sum += a[p + k]! * b[q + k]!;
        result[i * columns + j] = sum;
      }
    }
    return result;
  },
};
