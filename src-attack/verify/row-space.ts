import { type CancellationToken, throwIfCancelled } from '../../src-analysis/readers/reader.ts';
import type { MatrixProducts } from '../linear-algebra/products.ts';
import { addScaled, dot, norm } from '../linear-algebra/vector.ts';

/** The numeric rank of a matrix and an orthonormal basis of its row space. */
export interface RowSpace {
  readonly rank: number;
  /** Share of a random row outside the span of those before it: the smallest that counted as new … */
  readonly smallestKept: number;
  /** … and the largest that counted as rounding; 0 where none was left over. */
  readonly largestDropped: number;
  /** Both are far from the threshold, and from each other. */
  readonly certain: boolean;
  /** Σ_k Q[k,i]², Q the basis: how much of the i-th unit vector lies in the row space, from 0 to 1. */
  readonly shares: Float64Array;
}

/** Rows are orthogonalised so many at a time, by matrix products. */
const blockRows = 32;
/** Rows of the basis that one product takes. */
const tileRows = 256;
/** So many random rows in the span of those before mean that nothing is left. */
const enoughDependent = 16;
/** Share of a row outside the span below which it counts as rounding. */
const threshold = 1e-11;
/** On either side of the threshold nothing may stand between these for the rank to be certain. */
const clearlyKept = 1e-10;
const clearlyDropped = 1e-12;

/**
 * Finds the row space of a matrix from random combinations of its rows (the adaptive range finder of Halko, Martinsson &
 * Tropp 2011, algorithm 4.2, on the transpose): each new combination is orthogonalised twice against those before; what
 * is left of it is new, or rounding. With probability one `rank + 16` combinations suffice, whatever the matrix's height.
 *
 * @param columns length of a row
 * @param randomRow a random combination of the rows, in float64
 * @param progress called with the rank found so far
 * @throws {Error} when a row is not finite
 * @throws Cancelled when the token asks for it
 */
export async function findRowSpace(
  columns: number,
  randomRow: () => Promise<Float64Array>,
  products: MatrixProducts,
  cancel: CancellationToken,
  progress: (rank: number) => void,
): Promise<RowSpace> {
  const basis = createBasis(columns, products);
  let dependent = 0;
  let smallestKept = 1;
  let largestDropped = 0;
  while (dependent < enoughDependent) {
    const rows: Float64Array[] = [];
    while (rows.length < blockRows) {
      throwIfCancelled(cancel);
      rows.push(unit(await randomRow()));
    }
    const fresh: Float64Array[] = [];
    for (const row of await basis.outside(rows)) {
      for (let pass = 0; pass < 2; pass++) for (const other of fresh) addScaled(row, -dot(row, other), other);
      const left = norm(row);
      if (left > threshold && basis.rank() + fresh.length < columns) {
        smallestKept = Math.min(smallestKept, left);
        fresh.push(unit(row));
        dependent = 0;
      } else {
        largestDropped = Math.max(largestDropped, left);
        dependent++;
      }
    }
    basis.add(fresh);
    progress(basis.rank());
  }
  const certain = smallestKept > clearlyKept && (basis.rank() === columns || largestDropped < clearlyDropped);
  return { rank: basis.rank(), smallestKept, largestDropped, certain, shares: basis.shares() };
}

function unit(row: Float64Array): Float64Array {
  const length = norm(row);
  if (!Number.isFinite(length)) {
    throw new Error('The gradient is not a finite number at this point: the weights or the input are too large.');
  }
  return length === 0 ? row : row.map(value => value / length);
}

/** Orthonormal rows in tiles of fixed size, each also transposed, so that two compiled products serve them all. */
function createBasis(columns: number, products: MatrixProducts) {
  const tiles: { readonly rows: Float64Array; readonly transposed: Float64Array }[] = [];
  let rank = 0;

  async function removeTile(block: Float64Array, { rows, transposed }: (typeof tiles)[number]): Promise<void> {
    const along = await products.multiplyTransposed(block, rows, blockRows, columns, tileRows);
    const inside = await products.multiplyTransposed(along, transposed, blockRows, tileRows, columns);
    addScaled(block, -1, inside);
  }

  return {
    rank: () => rank,
    /** The rows less their part in the basis' span. */
    async outside(rows: readonly Float64Array[]): Promise<Float64Array[]> {
      const block = new Float64Array(blockRows * columns);
      rows.forEach((row, i) => {
        block.set(row, i * columns);
      });
      for (let pass = 0; pass < 2; pass++) for (const tile of tiles) await removeTile(block, tile);
      return rows.map((_, i) => block.slice(i * columns, (i + 1) * columns));
    },
    add(rows: readonly Float64Array[]): void {
      for (const row of rows) {
        const place = rank % tileRows;
        if (place === 0) {
          tiles.push({ rows: new Float64Array(tileRows * columns), transposed: new Float64Array(columns * tileRows) });
        }
        const tile = tiles[tiles.length - 1]!;
        tile.rows.set(row, place * columns);
        for (let i = 0; i < columns; i++) tile.transposed[i * tileRows + place] = row[i]!;
        rank++;
      }
    },
    shares(): Float64Array {
      const result = new Float64Array(columns);
      for (const { rows } of tiles) for (const [at, value] of rows.entries()) result[at % columns]! += value ** 2;
      return result;
    },
  };
}
