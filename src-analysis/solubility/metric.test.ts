import { expect, test } from 'vitest';
import type { LayerAnalysis } from '../model/analysis.ts';
import { metricOf, metricWeight, roundHalfToEven } from './metric.ts';

test.each([
  [0.5, 0],
  [1.5, 2],
  [2.5, 2],
  [-0.5, 0],
  [-1.5, -2],
  [-2266.5, -2266],
  [-2267.5, -2268],
  [-6210.666666666667, -6211],
  [3, 3],
])('%d rounds to %d, as in Python', (value, rounded) => {
  expect(roundHalfToEven(value)).toBe(rounded);
});

const layer = (deficiency: number | null, index: number, count: number): LayerAnalysis => ({
  layer: index,
  unknowns: 10,
  touched: 10,
  rows: null,
  rank: null,
  deficiency,
  metricWeight: metricWeight(index, count),
  verdict: deficiency === null ? 'unknown' : 'deficient',
  basis: 'law',
  assumptions: [],
});

test('terms are weighted from 1 at the input to 1/d and rounded one by one', () => {
  expect(metricOf([layer(-5, 0, 2), layer(-5, 1, 2)])).toEqual({ c: -7.5, cRounded: -7, coverage: 'complete' });
});

test('a layer without a verdict makes the coverage partial', () => {
  expect(metricOf([layer(-5, 0, 2), layer(null, 1, 2)])).toEqual({ c: -5, cRounded: -5, coverage: 'partial' });
  expect(metricOf([layer(null, 0, 1)])).toEqual({ c: null, cRounded: null, coverage: 'partial' });
});

test('without convolutions there is no metric', () => {
  expect(metricOf([])).toEqual({ c: null, cRounded: null, coverage: 'complete' });
});
