import { type CancellationToken, throwIfCancelled } from '../../src-analysis/readers/reader.ts';
import { addScaled, dot, norm } from './vector.ts';

/** A linear map known by its products only. Either may be computed elsewhere. */
export interface LinearOperator {
  readonly columns: number;
  /** A·x. */
  apply(x: Float64Array): Float64Array | Promise<Float64Array>;
  /** Aᵀ·y. */
  applyTransposed(y: Float64Array): Float64Array | Promise<Float64Array>;
}

export interface IterationLimits {
  readonly maxIterations: number;
  /** Stop when the norm of the normal equations' residual has fallen by this factor. */
  readonly tolerance: number;
}

export interface IterativeSolution {
  readonly x: Float64Array;
  readonly iterations: number;
  /** ‖A x − b‖ (least squares), or ‖b − A x‖ of the last iterate (positive definite systems). */
  readonly residual: number;
}

/**
 * Least squares min ‖A x − b‖ by CGLS (Hestenes & Stiefel 1952; Björck 1996, algorithm 7.4.1): conjugate gradients on
 * the normal equations without forming AᵀA. From zero it converges to the solution of least norm.
 * @throws Cancelled when the token asks for it, between iterations.
 */
export async function leastSquares(
  operator: LinearOperator,
  b: Float64Array,
  limits: IterationLimits,
  cancel: CancellationToken,
): Promise<IterativeSolution> {
  const x = new Float64Array(operator.columns);
  const residual = b.slice();
  let gradient = await operator.applyTransposed(residual);
  const direction = gradient.slice();
  let squared = dot(gradient, gradient);
  const goal = limits.tolerance ** 2 * squared;
  let iterations = 0;
  while (iterations < limits.maxIterations && squared > goal) {
    throwIfCancelled(cancel);
    const image = await operator.apply(direction);
    const curvature = dot(image, image);
    if (!(curvature > 0)) break;
    const length = squared / curvature;
    addScaled(x, length, direction);
    addScaled(residual, -length, image);
    gradient = await operator.applyTransposed(residual);
    const next = dot(gradient, gradient);
    for (let i = 0; i < direction.length; i++) direction[i] = gradient[i]! + (next / squared) * direction[i]!;
    squared = next;
    iterations++;
  }
  return { x, iterations, residual: norm(residual) };
}

/**
 * Solves A x = b, A symmetric positive definite and known by its product, by preconditioned conjugate gradients
 * (Golub & Van Loan §11.5). `precondition` applies an approximate inverse.
 * @throws Cancelled when the token asks for it, between iterations.
 */
export async function conjugateGradients(
  apply: (x: Float64Array) => Float64Array | Promise<Float64Array>,
  b: Float64Array,
  precondition: (r: Float64Array) => Float64Array,
  limits: IterationLimits,
  cancel: CancellationToken,
): Promise<IterativeSolution> {
  const x = new Float64Array(b.length);
  const residual = b.slice();
  let preconditioned = precondition(residual);
  const direction = preconditioned.slice();
  let product = dot(residual, preconditioned);
  const goal = limits.tolerance * norm(b);
  let iterations = 0;
  while (iterations < limits.maxIterations && norm(residual) > goal) {
    throwIfCancelled(cancel);
    const image = await apply(direction);
    const curvature = dot(direction, image);
    // Rounding can leave a direction in the null space: what is solved so far stands.
    if (!(curvature > 0)) break;
    const length = product / curvature;
    addScaled(x, length, direction);
    addScaled(residual, -length, image);
    preconditioned = precondition(residual);
    const next = dot(residual, preconditioned);
    for (let i = 0; i < direction.length; i++) direction[i] = preconditioned[i]! + (next / product) * direction[i]!;
    product = next;
    iterations++;
  }
  return { x, iterations, residual: norm(residual) };
}
