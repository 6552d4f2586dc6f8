import type { CancellationToken } from '../../../src-analysis/readers/reader.ts';
import { cholesky, choleskySolve } from '../../linear-algebra/cholesky.ts';
import { gramMatrix } from '../../linear-algebra/gram.ts';
import { addSymmetric, copyTiled, diagonalOf, type TiledSymmetric } from '../../linear-algebra/tiled.ts';
import { addScaled, dot } from '../../linear-algebra/vector.ts';
import { type AttackProblem, batchOf } from '../attack.ts';
import type { GradientModel, Misfit } from './model.ts';
import { addPrior, applyPrior, type SmoothnessPrior } from './prior.ts';

/** The picture and its misfit. */
export interface Iterate {
  readonly u: Float64Array;
  readonly misfit: Misfit;
}

export interface StepSettings {
  readonly prior: SmoothnessPrior;
  /** Weight of the prior. */
  readonly mu: number;
  /**
   * `picture`: the prior is on the picture itself; `change`: on the change of it, so that the steps converge to where
   * the gradient alone leads (iterated Tikhonov regularisation).
   */
  readonly priorOn: 'picture' | 'change';
  /** Levenberg's damping, relative to the mean of the normal matrix's diagonal. */
  readonly damping: number;
}

/** The normal matrix JᵀJ at one picture: made once, used for several trials. */
export interface Linearisation {
  readonly normal: TiledSymmetric;
  readonly meanDiagonal: number;
  /** Jᵀ(g* − g). */
  readonly descent: Float64Array;
}

export async function linearise(
  model: GradientModel,
  at: Iterate,
  problem: AttackProblem,
  cancel: CancellationToken,
): Promise<Linearisation> {
  const columns = await model.jacobianColumns(at.u, at.misfit.gradients, cancel);
  const normal = await gramMatrix(columns, problem.products, cancel);
  const descent = await model.pullBack(at.u, at.misfit.residual);
  return { normal, meanDiagonal: diagonalOf(normal).reduce((sum, d) => sum + d, 0) / model.unknowns, descent };
}

/** Against rounding only: relative to the mean diagonal of JᵀJ. */
export const minimalDamping = 1e-12;
/** Damping is raised by this factor while the matrix is not positive definite in floating point. */
const dampingGrowth = 100;

/** Weight of intensities beyond black and white, squared. It is zero on every true picture, hence need not fade. */
const rangeWeight = 1e-3;

/** How far an intensity − 0.5 is above white, or (negative) below black. */
function beyondRange(value: number): number {
  return value - Math.min(0.5, Math.max(-0.5, value));
}

/** (JᵀJ + μL + range + damping) d = Jᵀ(g* − g) − range [− μL u], range the price of what lies beyond black and white. Null when no damping makes the matrix definite (NaN in it). */
export async function direction(
  linear: Linearisation,
  u: Float64Array,
  settings: StepSettings,
  problem: AttackProblem,
  cancel: CancellationToken,
): Promise<Float64Array | null> {
  const { prior, mu } = settings;
  const batch = batchOf(problem);
  const right = linear.descent.slice();
  const outside = u.map(beyondRange);
  addScaled(right, -rangeWeight, outside);
  if (settings.priorOn === 'picture') addScaled(right, -mu, applyPrior(prior, u, problem.shape, batch));
  for (let damping = settings.damping; damping < 1e3; damping *= dampingGrowth) {
    const matrix = copyTiled(linear.normal);
    if (mu > 0) addPrior(matrix, prior, mu, problem.shape, batch);
    for (let i = 0; i < u.length; i++) {
      addSymmetric(matrix, i, i, damping * linear.meanDiagonal + (outside[i] === 0 ? 0 : rangeWeight));
    }
    const factor = await cholesky(matrix, problem.products, cancel);
    if (factor.kind === 'factor') return choleskySolve(factor, right);
  }
  return null;
}

/**
 * The misfit, and what lies beyond black and white: by it pictures are compared. What the gradient hardly holds would
 * otherwise be fitted to its rounding by intensities that no picture has.
 */
export function lossOf({ u, misfit }: Iterate): number {
  const outside = u.map(beyondRange);
  return misfit.value + rangeWeight * dot(outside, outside);
}

/** Loss plus prior where it is on the picture: what a step decreases. */
export function objective(iterate: Iterate, settings: StepSettings, problem: AttackProblem): number {
  if (settings.priorOn === 'change' || settings.mu === 0) return lossOf(iterate);
  const pulled = applyPrior(settings.prior, iterate.u, problem.shape, batchOf(problem));
  return lossOf(iterate) + settings.mu * dot(iterate.u, pulled);
}

const shortestLength = 1e-3;

/** Halves the step until the objective falls; the shortest step is taken as it is, null when even it is not finite. */
export async function lineSearch(
  model: GradientModel,
  from: Iterate,
  d: Float64Array,
  settings: StepSettings,
  problem: AttackProblem,
): Promise<{ readonly iterate: Iterate; readonly decreased: boolean } | null> {
  const before = objective(from, settings, problem);
  for (let length = 1; ; length /= 2) {
    const u = from.u.slice();
    addScaled(u, length, d);
    const iterate = { u, misfit: await model.misfit(u) };
    const after = objective(iterate, settings, problem);
    if (after <= before) return { iterate, decreased: true };
    if (length < shortestLength) return Number.isFinite(after) ? { iterate, decreased: false } : null;
  }
}
