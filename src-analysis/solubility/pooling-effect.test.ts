import { describe, expect, test } from 'vitest';
import { differentMaxima } from './pooling-effect.ts';

/** Different maxima for each window on a random field of 120 × 120 entries. */
function drawn(size: number, stride: number): number {
  const side = 120;
  let seed = 7;
  const field = Array.from({ length: side * side }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed;
  });
  const count = Math.floor((side - size) / stride) + 1;
  const maxima = new Set<number>();
  for (let y = 0; y < count; y++) {
    for (let x = 0; x < count; x++) {
      let best = y * stride * side + x * stride;
      for (let i = 0; i < size * size; i++) {
        const entry = (y * stride + Math.floor(i / size)) * side + x * stride + (i % size);
        if (field[entry]! > field[best]!) best = entry;
      }
      maxima.add(best);
    }
  }
  return maxima.size / count ** 2;
}

const square = (size: number, stride: number) => [0, 1].map(() => ({ size, stride, dilation: 1 }));

describe('different maxima for each window', () => {
  test.each([
    [2, 2],
    [2, 1],
    [3, 2],
    [3, 1],
  ])('windows of %d at stride %d', (size, stride) => {
    const expected = differentMaxima(square(size, stride));
    expect(Math.abs(expected - drawn(size, stride))).toBeLessThan(0.03);
    if (stride < size) expect(expected).toBeLessThan(0.95);
  });

  test('windows that do not overlap, or overlap beyond counting, count each', () => {
    expect(differentMaxima(square(3, 3))).toBe(1);
    expect(differentMaxima(square(7, 1))).toBe(1);
  });
});
