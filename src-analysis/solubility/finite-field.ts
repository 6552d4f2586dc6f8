/**
 * Generic ranks of a convolution's system U = [W; K] by elimination over GF(p), with random weights and gradients.
 *
 * A rank over GF(p) at random entries never exceeds the generic rank, and falls short of it with probability of the order of
 * n/p ≈ 10⁻⁴ (Schwartz–Zippel). Floating point cannot do this: zero-padded Toeplitz matrices have exponentially small
 * singular values, and numpy's tolerance calls them singular.
 *
 * Groups are independent copies of one system, so one group is eliminated. The rows that share an output position (of W) or
 * a tap (of K) are added as random combinations until one is dependent: with fresh random factors that says, up to the same
 * probability, that all of them are.
 */

import type { ConvGeometry, ConvRanks } from '../model/analysis.ts';
import { type CancellationToken, throwIfCancelled } from '../readers/reader.ts';
import { EchelonBasis } from './echelon.ts';
import { productsPerReduction, residue } from './modular.ts';
import { type SparseSystem, sparseSystem } from './sparse-system.ts';

/** Generic ranks by exact elimination; null when the problem is out of reach. */
export function exactRanks(g: ConvGeometry, cancel: CancellationToken, seed = 1, mode=''): ConvRanks & {work: number[]} | null {
  const system = sparseSystem(g, seed);
  const weights = weightBasis(system, cancel);
  const plane = gradientBasis(system, cancel);
  const gradients = system.channels * plane.rank;
  let rank: number, w3 = 0;
  if (weights.rank === system.columns || plane.rank === system.positions) rank = system.columns;
  else if (mode === 'A') { const w0=weights.work, r0 = weights.rank; rank = addGradientRows(system, weights, cancel); w3 = weights.work-w0; 
    return { touched: g.groups*system.columns, weights: g.groups*r0, gradients: g.groups*gradients, system: g.groups*rank, work: [w0,plane.work,w3]}; }
  else { const b = rankModuloGradients(system, plane, cancel); rank = gradients + b.rank; w3 = b.work; }
  return { touched: g.groups*system.columns, weights: g.groups*weights.rank, gradients: g.groups*gradients, system: g.groups*rank, work: [weights.work,plane.work,w3] };
}

/** Row space of W, windows in order. */
function weightBasis(system: SparseSystem, cancel: CancellationToken): EchelonBasis {
  const basis = new EchelonBasis(system.columns);
  const row = new Float64Array(system.columns);
  for (const { taps, cells } of system.windows) {
    throwIfCancelled(cancel);
    for (let o = 0; o < system.filters && basis.rank < system.columns; o++) {
      const kernel = system.kernel();
      for (let i = 0; i < taps.length; i++) {
        for (let c = 0; c < system.channels; c++) {
          row[cells[i]! * system.channels + c] = kernel[c * system.taps + taps[i]!]!;
        }
      }
      const from = Math.min(...cells) * system.channels;
      const to = (Math.max(...cells) + 1) * system.channels;
      if (!basis.add(row, from, to)) break;
    }
  }
  return basis;
}

/** Row space of K₁, the gradient rows of one input channel: columns are positions. */
function gradientBasis(system: SparseSystem, cancel: CancellationToken): EchelonBasis {
  const basis = new EchelonBasis(system.positions);
  const row = new Float64Array(system.positions);
  for (const tap of tapCells(system)) {
    for (let o = 0; o < system.filters && basis.rank < system.positions; o++) {
      throwIfCancelled(cancel);
      const gradient = system.gradient();
      for (const { window, cell } of tap) row[cell] = gradient[window]!;
      if (!basis.add(row, 0, system.positions)) break;
    }
  }
  return basis;
}

function tapCells(system: SparseSystem): { window: number; cell: number }[][] {
  const taps: { window: number; cell: number }[][] = Array.from({ length: system.taps }, () => []);
  system.windows.forEach(({ taps: used, cells }, window) => {
    used.forEach((tap, i) => taps[tap]!.push({ window, cell: cells[i]! }));
  });
  return taps;
}

/** Adds the rows of K = I ⊗ K₁ to the row space of W. */
function addGradientRows(system: SparseSystem, basis: EchelonBasis, cancel: CancellationToken): number {
  const row = new Float64Array(system.columns);
  for (const tap of tapCells(system)) {
    for (let c = 0; c < system.channels; c++) {
      for (let o = 0; o < system.filters && basis.rank < system.columns; o++) {
        throwIfCancelled(cancel);
        const gradient = system.gradient();
        for (const { window, cell } of tap) row[cell * system.channels + c] = gradient[window]!;
        if (!basis.add(row, 0, system.columns)) break;
      }
    }
  }
  return basis.rank;
}

/** Row space of W on the null space of K: rank U = rank K + its rank. */
function rankModuloGradients(system: SparseSystem, plane: EchelonBasis, cancel: CancellationToken): EchelonBasis {
  const { free, solved } = nullSpace(plane);
  const freeNumber = new Int32Array(system.positions).fill(-1);
  free.forEach((column, i) => { freeNumber[column] = i; });
  const width = free.length;
  const columns = system.channels * width;
  const basis = new EchelonBasis(columns);
  const row = new Float64Array(columns);
  for (const { taps, cells } of system.windows) {
    for (let o = 0; o < system.filters && basis.rank < columns; o++) {
      throwIfCancelled(cancel);
      const kernel = system.kernel();
      for (let c = 0; c < system.channels; c++) {
        const start = c * width;
        let products = 0;
        for (let i = 0; i < taps.length; i++) {
          const value = kernel[c * system.taps + taps[i]!]!;
          const number = freeNumber[cells[i]!]!;
          if (number >= 0) { row[start + number]! += value; continue; }
          const image = solved[cells[i]!]!;
          for (let k = 0; k < width; k++) row[start + k]! -= value * image[k]!;
          if (++products === productsPerReduction - 1) { products = 0; for (let k = start; k < start + width; k++) row[k] = residue(row[k]!); }
        }
        for (let k = start; k < start + width; k++) row[k] = residue(row[k]!);
      }
      if (!basis.add(row, 0, columns)) break;
    }
  }
  return basis;
}

function nullSpace(plane: EchelonBasis): { free: number[]; solved: (Int32Array | undefined)[] } {
  const free: number[] = [];
  plane.rows.forEach((row, column) => { if (!row) free.push(column); });
  const solved: (Int32Array | undefined)[] = new Array(plane.rows.length).fill(undefined);
  for (let column = plane.rows.length - 1; column >= 0; column--) {
    const pivot = plane.rows[column];
    if (!pivot) continue;
    const image = new Float64Array(free.length);
    free.forEach((f, k) => { const i = f - column; if (i > 0 && i < pivot.length) image[k] = pivot[i]!; });
    let products = 0;
    for (let i = 1; i < pivot.length; i++) {
      const other = solved[column + i];
      const factor = pivot[i]!;
      if (!other || factor === 0) continue;
      for (let k = 0; k < image.length; k++) image[k]! -= factor * other[k]!;
      if (++products === productsPerReduction - 1) { products = 0; for (let k = 0; k < image.length; k++) image[k] = residue(image[k]!); }
    }
    solved[column] = Int32Array.from(image, residue);
  }
  return { free, solved };
}
