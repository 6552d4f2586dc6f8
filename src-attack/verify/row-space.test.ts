import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { plainProducts } from '../linear-algebra/products.ts';
import { createRandom, type Random } from '../optimisers/random.ts';
import { findRowSpace } from './row-space.ts';

type Matrix = readonly Float64Array[];

function randomMatrix(rows: number, columns: number, random: Random): Matrix {
  return Array.from({ length: rows }, () => Float64Array.from({ length: columns }, () => random.normal()));
}

/** A·B. */
function product(a: Matrix, b: Matrix): Matrix {
  return a.map(row => {
    const result = new Float64Array(b[0]!.length);
    row.forEach((value, k) => {
      for (const [j, other] of b[k]!.entries()) result[j]! += value * other;
    });
    return result;
  });
}

function combinations(matrix: Matrix, random: Random): () => Promise<Float64Array> {
  return async () => product([Float64Array.from(matrix, () => random.normal())], matrix)[0]!;
}

const rowSpaceOf = (matrix: Matrix, random: Random) =>
  findRowSpace(matrix[0]!.length, combinations(matrix, random), plainProducts, neverCancelled, () => {});

describe('the row space from random combinations', () => {
  test('has the rank of a product of random factors, and shares that sum to it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer(),
        async (inner, rows, columns, seed) => {
          const random = createRandom(seed);
          const matrix = product(randomMatrix(rows, inner, random), randomMatrix(inner, columns, random));
          const found = await rowSpaceOf(matrix, random);
          expect(found.rank).toBe(Math.min(inner, rows, columns));
          expect(found.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(found.rank, 8);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('spans tiles', async () => {
    const random = createRandom(3);
    const matrix = product(randomMatrix(400, 300, random), randomMatrix(300, 350, random));
    expect(await rowSpaceOf(matrix, random)).toMatchObject({ rank: 300, certain: true });
  });

  test('shares tell entries that nothing depends on from those that are known', async () => {
    const random = createRandom(5);
    const matrix = [Float64Array.of(1, 0, 0, 0), Float64Array.of(0, 1, 1, 0)];
    const { rank, shares } = await rowSpaceOf(matrix, random);
    expect(rank).toBe(2);
    [1, 0.5, 0.5, 0].forEach((share, i) => {
      expect(shares[i]).toBeCloseTo(share, 10);
    });
  });

  test('small singular values count, and those near rounding are not certain', async () => {
    const random = createRandom(7);
    const scaled = (smallest: number) =>
      randomMatrix(10, 10, random).map((row, i) => (i === 9 ? row.map(value => value * smallest) : row));
    expect(await rowSpaceOf([...scaled(1e-6)], random)).toMatchObject({ rank: 10, certain: true });
    expect((await rowSpaceOf([...scaled(1e-11)], random)).certain).toBe(false);
  });

  test('a zero matrix has rank 0', async () => {
    const found = await rowSpaceOf([new Float64Array(5)], createRandom(1));
    expect(found).toMatchObject({ rank: 0, certain: true });
  });
});
