import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { createRandom } from '../optimisers/random.ts';
import { cholesky, choleskySolve } from './cholesky.ts';
import { conjugateGradients, type LinearOperator, leastSquares } from './conjugate-gradients.ts';
import { gramMatrix } from './gram.ts';
import { plainProducts } from './products.ts';
import { addSymmetric, copyTiled, diagonalOf, multiplyVector, type TiledSymmetric, tiledZeros } from './tiled.ts';
import { addScaled, maxAbs, norm } from './vector.ts';

function randomRows(rows: number, columns: number, seed: number): Float64Array[] {
  const random = createRandom(seed);
  return Array.from({ length: rows }, () => Float64Array.from({ length: columns }, () => random.normal()));
}

function entry(matrix: TiledSymmetric, i: number, j: number): number {
  const [row, column] = i >= j ? [i, j] : [j, i];
  const { side } = matrix;
  return matrix.tiles[Math.floor(row / side)]![Math.floor(column / side)]![(row % side) * side + (column % side)]!;
}

const difference = (a: Float64Array, b: Float64Array) => {
  const d = a.slice();
  addScaled(d, -1, b);
  return maxAbs(d);
};

describe('Cholesky', () => {
  /** Orders below, at and above the side of a tile. */
  const orders = [1, 2, 191, 192, 193, 400];

  test.each(orders)('solves a random positive definite system of order %i', async order => {
    const gram = await gramMatrix(randomRows(order, order + 5, order), plainProducts, neverCancelled);
    for (let i = 0; i < order; i++) addSymmetric(gram, i, i, 1);
    const x = Float64Array.from({ length: order }, (_, i) => Math.sin(i + 1));
    const b = multiplyVector(gram, x);
    const factor = await cholesky(copyTiled(gram), plainProducts, neverCancelled);
    if (factor.kind !== 'factor') throw new Error('the matrix is positive definite');
    expect(difference(choleskySolve(factor, b), x)).toBeLessThan(1e-9);
  });

  test('solves a Hilbert matrix as well as float64 can: the residual is small though the condition is 1e13', async () => {
    const order = 9;
    const hilbert = tiledZeros(order, 4);
    for (let i = 0; i < order; i++) for (let j = 0; j <= i; j++) addSymmetric(hilbert, i, j, 1 / (i + j + 1));
    const b = multiplyVector(hilbert, new Float64Array(order).fill(1));
    const factor = await cholesky(copyTiled(hilbert), plainProducts, neverCancelled);
    if (factor.kind !== 'factor') throw new Error('the matrix is positive definite');
    const x = choleskySolve(factor, b);
    expect(difference(multiplyVector(hilbert, x), b)).toBeLessThan(1e-14);
    expect(difference(x, new Float64Array(order).fill(1))).toBeLessThan(0.01);
  });

  test.each([
    ['an indefinite matrix', [1, 2, 1], 1],
    ['a zero matrix', [0, 0, 0], 0],
    ['a matrix with NaN', [1, Number.NaN, 1], 1],
  ])('names the row where %s stops it', async (_, [a, b, c], row) => {
    const matrix = tiledZeros(2);
    addSymmetric(matrix, 0, 0, a!);
    addSymmetric(matrix, 1, 0, b!);
    addSymmetric(matrix, 1, 1, c!);
    expect(await cholesky(matrix, plainProducts, neverCancelled)).toEqual({ kind: 'not-positive-definite', row });
  });

  test('stops when it is cancelled', async () => {
    const gram = tiledZeros(20, 5);
    for (let i = 0; i < 20; i++) addSymmetric(gram, i, i, 1);
    await expect(cholesky(gram, plainProducts, { isCancellationRequested: true })).rejects.toThrow('cancelled');
  });
});

test('the Gram matrix holds the products of the rows, also of float32 rows and over several chunks', async () => {
  const exact = randomRows(7, 4500, 3);
  const rows = exact.map(row => Float32Array.from(row));
  const gram = await gramMatrix(rows, plainProducts, neverCancelled);
  for (let i = 0; i < 7; i++) {
    for (let j = 0; j <= i; j++) {
      const expected = rows[i]!.reduce((sum, value, k) => sum + value * rows[j]![k]!, 0);
      expect(entry(gram, i, j)).toBeCloseTo(expected, 8);
    }
  }
  expect([...diagonalOf(gram)]).toEqual(Array.from({ length: 7 }, (_, i) => entry(gram, i, i)));
});

function denseOperator(rows: readonly Float64Array[], columns: number): LinearOperator {
  return {
    columns,
    apply: x => Float64Array.from(rows, row => row.reduce((sum, value, k) => sum + value * x[k]!, 0)),
    applyTransposed: y => {
      const result = new Float64Array(columns);
      rows.forEach((row, i) => {
        addScaled(result, y[i]!, row);
      });
      return result;
    },
  };
}

describe('iterative solvers', () => {
  const limits = { maxIterations: 500, tolerance: 1e-13 };
  const sizes = fc.record({
    rows: fc.integer({ min: 1, max: 12 }),
    columns: fc.integer({ min: 1, max: 12 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
  });

  test('least squares meets the normal equations, and from zero its solution has the least norm', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async ({ rows, columns, seed }) => {
        const matrix = randomRows(rows, columns, seed);
        const operator = denseOperator(matrix, columns);
        const b = randomRows(1, rows, seed + 1)[0]!;
        const { x } = await leastSquares(operator, b, limits, neverCancelled);
        const residual = b.slice();
        addScaled(residual, -1, await operator.apply(x));
        expect(norm(await operator.applyTransposed(residual))).toBeLessThan(1e-6 * (1 + norm(b)));
        // Least norm: x = Aᵀy. Solving for y leaves nothing.
        const transposed: LinearOperator = {
          columns: rows,
          apply: y => operator.applyTransposed(y),
          applyTransposed: z => operator.apply(z),
        };
        expect((await leastSquares(transposed, x, limits, neverCancelled)).residual).toBeLessThan(1e-5 * (1 + norm(x)));
      }),
      { numRuns: 60 },
    );
  });

  test('conjugate gradients solve a badly scaled system once it is preconditioned', async () => {
    const scales = Float64Array.from({ length: 40 }, (_, i) => 10 ** (i / 4));
    const gram = await gramMatrix(randomRows(40, 80, 5), plainProducts, neverCancelled);
    const apply = (x: Float64Array) =>
      multiplyVector(
        gram,
        x.map((v, i) => v * scales[i]!),
      ).map((v, i) => v * scales[i]!);
    const x = Float64Array.from({ length: 40 }, (_, i) => 1 / scales[i]!);
    const diagonal = diagonalOf(gram).map((d, i) => d * scales[i]! ** 2);
    const precondition = (r: Float64Array) => r.map((v, i) => v / diagonal[i]!);
    const found = await conjugateGradients(apply, apply(x), precondition, limits, neverCancelled);
    expect(maxAbs(found.x.map((v, i) => v * scales[i]! - 1))).toBeLessThan(1e-8);
  });

  test('a zero right-hand side has the zero solution', async () => {
    const operator = denseOperator(randomRows(3, 4, 9), 4);
    expect(await leastSquares(operator, new Float64Array(3), limits, neverCancelled)).toMatchObject({ iterations: 0 });
  });
});
