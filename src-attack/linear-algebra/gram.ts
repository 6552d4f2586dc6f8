import { type CancellationToken, throwIfCancelled } from '../../src-analysis/readers/reader.ts';
import type { MatrixProducts } from './products.ts';
import { type TiledSymmetric, tiledZeros } from './tiled.ts';

/** Rows of a matrix, each of the same length; float32 rows are enough for a Jacobian and halve its memory. */
export type Rows = readonly (Float32Array | Float64Array)[];

/** Entries of a row that are multiplied at a time: bounds the float64 copy of the rows. */
const chunk = 2048;

/**
 * The Gram matrix A·Aᵀ of the given rows, accumulated in float64 whatever the rows' precision.
 * @throws Cancelled when the token asks for it, between tiles.
 */
export async function gramMatrix(
  rows: Rows,
  products: MatrixProducts,
  cancel: CancellationToken,
): Promise<TiledSymmetric> {
  const gram = tiledZeros(rows.length);
  const { side, tiles } = gram;
  const length = rows[0]?.length ?? 0;
  const width = Math.min(chunk, length);
  for (let start = 0; start < length; start += chunk) {
    // The last chunk is padded with zeros: one shape, hence one compiled product.
    const panels = tiles.map((_, i) => panel(rows, i * side, side, start, width));
    for (let i = 0; i < tiles.length; i++) {
      for (let j = 0; j <= i; j++) {
        throwIfCancelled(cancel);
        const product = await products.multiplyTransposed(panels[i]!, panels[j]!, side, width, side);
        const tile = tiles[i]![j]!;
        for (let p = 0; p < tile.length; p++) tile[p]! += product[p]!;
      }
    }
  }
  return gram;
}

function panel(rows: Rows, first: number, side: number, start: number, width: number): Float64Array {
  const values = new Float64Array(side * width);
  for (let r = 0; r < side && first + r < rows.length; r++) {
    values.set(rows[first + r]!.subarray(start, start + width), r * width);
  }
  return values;
}
