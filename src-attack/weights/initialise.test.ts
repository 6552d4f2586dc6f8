import { describe, expect, test } from 'vitest';
import { InitializerError, initialise, seedOf } from './initialise.ts';

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: ArrayLike<number>) => {
  const m = mean(values);
  return Math.sqrt(mean(Array.from(values, value => (value - m) ** 2)));
};

describe('initializers have TensorFlow.js’s distributions', () => {
  /** Standard deviation by the initializer's definition; for a normal cut at 2σ it shrinks by 0.8796. */
  test.each([
    ['glorotUniform', [5, 5, 12, 24], Math.sqrt(2 / (25 * 36)), Math.sqrt(6 / (25 * 36))],
    ['glorotNormal', [5, 5, 12, 24], 0.8796 * Math.sqrt(2 / (25 * 36)), 2 * Math.sqrt(2 / (25 * 36))],
    ['heUniform', [300, 40], Math.sqrt(2 / 300), Math.sqrt(6 / 300)],
    ['heNormal', [300, 40], 0.8796 * Math.sqrt(2 / 300), 2 * Math.sqrt(2 / 300)],
    ['leCunUniform', [300, 40], Math.sqrt(1 / 300), Math.sqrt(3 / 300)],
    ['randomNormal', [100, 100], 0.05, 0.5],
    ['randomUniform', [100, 100], 0.05 / Math.sqrt(3), 0.05],
    ['truncatedNormal', [100, 100], 0.8796 * 0.05, 0.1],
  ] as const)('%s', (name, shape, sigma, bound) => {
    const values = initialise(name, shape, 10);
    expect(deviation(values) / sigma).toBeGreaterThan(0.96);
    expect(deviation(values) / sigma).toBeLessThan(1.04);
    expect(Math.abs(mean(values))).toBeLessThan(0.05 * sigma);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound * (1 + 1e-6));
  });

  test.each([[[6, 20]], [[20, 6]], [[3, 3, 2, 5]]])('orthogonal %j', shape => {
    const values = initialise('orthogonal', shape, 3);
    const columns = shape[shape.length - 1]!;
    const rows = values.length / columns;
    const vector = (i: number) =>
      rows < columns
        ? values.subarray(i * columns, (i + 1) * columns)
        : values.filter((_, index) => index % columns === i);
    for (let i = 0; i < Math.min(rows, columns); i++) {
      for (let j = 0; j <= i; j++) {
        const product = vector(i).reduce((sum, value, k) => sum + value * vector(j)[k]!, 0);
        expect(product).toBeCloseTo(i === j ? 1 : 0, 5);
      }
    }
  });
});

test('a seed gives the same values again, and tensors of different names differ', () => {
  const of = (seed: number) => initialise('heNormal', [4, 4], seed);
  expect(of(seedOf(10, 'a/kernel'))).toEqual(of(seedOf(10, 'a/kernel')));
  expect(of(seedOf(10, 'a/kernel'))).not.toEqual(of(seedOf(10, 'b/kernel')));
  expect(of(seedOf(10, 'a/kernel'))).not.toEqual(of(seedOf(11, 'a/kernel')));
});

test('the forget gate of an LSTM begins open', () => {
  expect([...initialise('unitForgetBias', [8], 1)]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  const drawn = initialise('unitForgetBias and randomNormal', [8], 1);
  expect([...drawn.subarray(2, 4)]).toEqual([1, 1]);
  expect(deviation([...drawn.subarray(0, 2), ...drawn.subarray(4)])).toBeGreaterThan(0);
});

test('what cannot be drawn is refused with a sentence', () => {
  expect(() => initialise('magic', [2], 1)).toThrow(InitializerError);
  expect(() => initialise('identity', [2, 3], 1)).toThrow(/square/);
});
