/**
 * Generic ranks of a convolution's system U = [W; K] by elimination over GF(p), with random weights and gradients.
 *
 * A rank over GF(p) at random entries never exceeds the generic rank, and falls short of it with probability of the order of
 * n/p ≈ 10⁻⁴ (Schwartz–Zippel). Floating point cannot do this: zero-padded Toeplitz matrices have exponentially small
 * singular values, and a tolerance takes them for zero.
 *
 * Groups are independent copies of one system, so one group is eliminated. The rows that share an output position (of W) or
 * a tap (of K) are added as fresh random combinations until one is dependent: up to the same probability, all of them are.
 */

import type { ConvGeometry, ConvRanks } from '../model/analysis.ts';
import { type CancellationToken, throwIfCancelled } from '../readers/reader.ts';
import { EchelonBasis } from './echelon.ts';
import { planElimination } from './elimination-cost.ts';
import { nullSpace } from './null-space.ts';
import { type SparseSystem, sparseSystem } from './sparse-system.ts';

/** Whether {@link exactRanks} would take the geometry on. */
export function isWithinReach(g: ConvGeometry): boolean {
  return planElimination(g) !== null;
}

/**
 * Generic ranks by exact elimination, or null when that is out of reach (then the law is all there is).
 * Throws `Cancelled` when the token asks for it.
 */
export function exactRanks(g: ConvGeometry, cancel: CancellationToken, seed = 1): ConvRanks | null {
  const plan = planElimination(g);
  if (!plan) return null;
  const system = sparseSystem(g, seed);
  const basis = new EchelonBasis(system.columns);
  addWeightRows(system, basis, cancel);
  const weights = basis.rank;
  const plane = planeBasis(system, cancel);
  const gradients = system.channels * plane.rank;
  const rank = (): number => {
    if (weights === system.columns || gradients === system.columns) return system.columns;
    if (plan.system === 'reduce by K') return gradients + rankOnNullSpace(system, plane, cancel);
    addGradientRows(system, basis, cancel);
    return basis.rank;
  };
  return {
    touched: g.groups * system.columns,
    weights: g.groups * weights,
    gradients: g.groups * gradients,
    system: g.groups * rank(),
  };
}

function addWeightRows(system: SparseSystem, basis: EchelonBasis, cancel: CancellationToken): void {
  const row = new Float64Array(system.columns);
  for (const { taps, cells } of system.windows) {
    const from = cells[0]! * system.channels;
    const to = (cells[cells.length - 1]! + 1) * system.channels;
    addUntilDependent(system, basis, row, cancel, () => {
      const kernel = system.kernel();
      for (let i = 0; i < taps.length; i++) {
        const column = cells[i]! * system.channels;
        for (let c = 0; c < system.channels; c++) row[column + c] = kernel[c * system.taps + taps[i]!]!;
      }
      return [from, to];
    });
  }
}

/** Row space of K₁, the gradient rows of one input channel; columns are positions. */
function planeBasis(system: SparseSystem, cancel: CancellationToken): EchelonBasis {
  const basis = new EchelonBasis(system.positions);
  const row = new Float64Array(system.positions);
  for (const tap of system.tapCells) {
    addUntilDependent(system, basis, row, cancel, () => {
      const gradient = system.gradient();
      for (const { window, cell } of tap) row[cell] = gradient[window]!;
      return [0, system.positions];
    });
  }
  return basis;
}

/** Adds the rows of K = I ⊗ K₁ to a basis that holds those of W. */
function addGradientRows(system: SparseSystem, basis: EchelonBasis, cancel: CancellationToken): void {
  const row = new Float64Array(system.columns);
  for (const tap of system.tapCells) {
    for (let c = 0; c < system.channels; c++) {
      addUntilDependent(system, basis, row, cancel, () => {
        const gradient = system.gradient();
        for (const { window, cell } of tap) row[cell * system.channels + c] = gradient[window]!;
        return [0, system.columns];
      });
    }
  }
}

/** Rank of W restricted to the null space of K: what W adds to rank K. */
function rankOnNullSpace(system: SparseSystem, plane: EchelonBasis, cancel: CancellationToken): number {
  const space = nullSpace(plane, cancel);
  const basis = new EchelonBasis(system.channels * space.dimension);
  const row = new Float64Array(system.channels * space.dimension);
  const coefficients = new Float64Array(system.taps);
  for (const { taps, cells } of system.windows) {
    addUntilDependent(system, basis, row, cancel, () => {
      const kernel = system.kernel();
      for (let c = 0; c < system.channels; c++) {
        for (let i = 0; i < taps.length; i++) coefficients[i] = kernel[c * system.taps + taps[i]!]!;
        space.restrict(cells, coefficients, row, c * space.dimension);
      }
      return [0, row.length];
    });
  }
  return basis.rank;
}

/** Adds rows made by `fill` until one is dependent, there are as many as filters, or the basis is full. */
function addUntilDependent(
  system: SparseSystem,
  basis: EchelonBasis,
  row: Float64Array,
  cancel: CancellationToken,
  fill: () => readonly [from: number, to: number],
): void {
  for (let o = 0; o < system.filters && basis.rank < row.length; o++) {
    throwIfCancelled(cancel);
    const [from, to] = fill();
    if (!basis.add(row, from, to)) return;
  }
}
