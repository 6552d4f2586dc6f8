import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign } from './assignment.ts';
import { meanSquaredError, psnrOf, scoreImage } from './scores.ts';
import { ssim } from './ssim.ts';

describe('SSIM', () => {
  const [width, height] = [20, 14];
  const wave = (phase: (i: number) => number) =>
    Float64Array.from({ length: width * height }, (_, i) => 0.5 + 0.4 * Math.sin(0.37 * i + phase(i)));

  test('agrees with scikit-image 0.26 (gaussian_weights, σ 1.5, population covariance)', () => {
    const value = ssim(
      wave(() => 0),
      wave(i => 0.3 * Math.cos(0.11 * i)),
      width,
      height,
    );
    expect(value).toBeCloseTo(0.9773534564086145, 10);
  });

  test('of constant images follows the luminance term alone', () => {
    const constant = (value: number) => new Float64Array(width * height).fill(value);
    expect(ssim(constant(0.2), constant(0.6), width, height)).toBeCloseTo((0.24 + 1e-4) / (0.4 + 1e-4), 10);
  });

  test('is 1 for an image and itself, also where the window does not fit', () => {
    const noisy = Float64Array.from({ length: 35 }, (_, i) => Math.abs(Math.sin(12.9 * i)));
    expect(ssim(noisy, noisy, 7, 5)).toBeCloseTo(1, 12);
    expect(
      ssim(
        wave(() => 0),
        wave(() => 0),
        width,
        height,
      ),
    ).toBeCloseTo(1, 12);
  });
});

describe('MSE and PSNR', () => {
  test('values are clamped to [0,1] first', () => {
    expect(meanSquaredError([1.7, -3, 0.5], [1, 0, 0.25])).toBeCloseTo(0.0625 / 3, 12);
    expect(meanSquaredError([Number.NaN], [1])).toBe(1);
  });
  test('20 dB is an error of a tenth, and identical images read 300 dB', () => {
    expect(psnrOf(0.01)).toBeCloseTo(20, 12);
    expect(psnrOf(0)).toBe(300);
  });
  test('an image scores the mean over its channels whatever the layout', () => {
    const shape = { width: 6, height: 5, channels: 3 as const };
    const first = Float64Array.from({ length: 90 }, (_, i) => ((i * 37) % 90) / 90);
    const noisy = first.map(v => 0.9 * v + 0.03);
    const toLast = (image: Float64Array) => image.map((_, i) => image[(i % 3) * 30 + Math.floor(i / 3)]!);
    const a = scoreImage(noisy, first, { ...shape, dataFormat: 'channelsFirst' });
    const b = scoreImage(toLast(noisy), toLast(first), { ...shape, dataFormat: 'channelsLast' });
    expect(a.psnr).toBeCloseTo(b.psnr, 10);
    expect(a.ssim).toBeCloseTo(b.ssim, 10);
    expect(a.ssim).toBeLessThan(1);
  });
});

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap(p =>
    Array.from({ length: n }, (_, i) => [...p.slice(0, i), n - 1, ...p.slice(i)]),
  );
}

test('the assignment is as cheap as the cheapest permutation', () => {
  const square = fc.integer({ min: 1, max: 5 }).chain(n =>
    fc.array(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: n, maxLength: n }), {
      minLength: n,
      maxLength: n,
    }),
  );
  fc.assert(
    fc.property(square, cost => {
      const total = (columns: readonly number[]) => columns.reduce((sum, column, row) => sum + cost[row]![column]!, 0);
      const found = assign(cost);
      expect([...found].sort()).toEqual(cost.map((_, i) => i));
      expect(total(found)).toBe(Math.min(...permutations(cost.length).map(total)));
    }),
  );
});
