import { type CancellationToken, throwIfCancelled } from '../readers/reader.ts';
import type { EchelonBasis } from './echelon.ts';
import { productsPerReduction, residue } from './modular.ts';

/** Null space of a matrix over GF(p): free columns are coordinates, the others are combinations of them. */
export interface NullSpace {
  readonly dimension: number;
  /**
   * Restricts a functional, given by coefficients on some columns, to the null space and writes its coordinates (residues)
   * to `out[at … at + dimension)`, which must be zero before.
   */
  restrict(columns: Int32Array, coefficients: Float64Array, out: Float64Array, at: number): void;
}

/** The null space of the rows of a basis. Time O(rank² · dimension). */
export function nullSpace(basis: EchelonBasis, cancel: CancellationToken): NullSpace {
  const free = new Int32Array(basis.rows.length).fill(-1);
  let dimension = 0;
  basis.rows.forEach((row, column) => {
    if (!row) free[column] = dimension++;
  });
  const solved = solve(basis, free, dimension, cancel);
  return {
    dimension,
    restrict(columns, coefficients, out, at) {
      let products = 0;
      for (let i = 0; i < columns.length; i++) {
        const column = columns[i]!;
        const coordinate = free[column]!;
        if (coordinate >= 0) out[at + coordinate]! += coefficients[i]!;
        else addMultiple(out, at, coefficients[i]!, solved[column]!);
        if (++products >= productsPerReduction - 1) products = reduceAll(out, at, dimension);
      }
      reduceAll(out, at, dimension);
    },
  };
}

/** For every pivot column its value in terms of the free ones, from the last to the first. */
function solve(basis: EchelonBasis, free: Int32Array, dimension: number, cancel: CancellationToken): Int32Array[] {
  const solved: Int32Array[] = new Array(basis.rows.length);
  const image = new Float64Array(dimension);
  for (let column = basis.rows.length - 1; column >= 0; column--) {
    const pivot = basis.rows[column];
    if (!pivot) continue;
    throwIfCancelled(cancel);
    image.fill(0);
    let products = 0;
    for (let i = 1; i < pivot.length; i++) {
      const coordinate = free[column + i]!;
      if (coordinate >= 0) image[coordinate]! -= pivot[i]!;
      else addMultiple(image, 0, -pivot[i]!, solved[column + i]!);
      if (++products >= productsPerReduction - 1) products = reduceAll(image, 0, dimension);
    }
    solved[column] = Int32Array.from(image, residue);
  }
  return solved;
}

function addMultiple(out: Float64Array, at: number, factor: number, row: Int32Array): void {
  for (let k = 0; k < row.length; k++) out[at + k]! += factor * row[k]!;
}

/** Returns 0, the number of products since the last reduction. */
function reduceAll(out: Float64Array, at: number, length: number): 0 {
  for (let k = at; k < at + length; k++) out[k] = residue(out[k]!);
  return 0;
}
