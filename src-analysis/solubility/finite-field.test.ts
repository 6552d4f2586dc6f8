import * as path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyGeometry, goldenModels, square } from '../../bench/geometries.ts';
import { geometryKey } from '../model/analysis.ts';
import { Cancelled, neverCancelled } from '../readers/reader.ts';
import { planElimination } from './elimination-cost.ts';
import { exactRanks, isWithinReach } from './finite-field.ts';

const golden = [...goldenModels(path.join(import.meta.dirname, '../../test/fixtures')).values()].flat();
const different = [...new Map(golden.map(layer => [geometryKey(layer.geometry), layer])).values()];
/** The rest takes seconds each: `npm run bench` eliminates all of them. */
const quick = different.filter(({ geometry }) => planElimination(geometry)!.work < 5e8);

describe('the published models’ convolutions', () => {
  test('are all within reach, most of them quickly', () => {
    expect(different).toHaveLength(33);
    expect(different.every(({ geometry }) => isWithinReach(geometry))).toBe(true);
    expect(quick.length).toBeGreaterThan(20);
  });

  test.each(quick.map(layer => [`${layer.model}[${layer.index}]`, layer] as const))('%s', (_, { geometry, ranks }) => {
    const { weights, gradients, system } = exactRanks(geometry, neverCancelled)!;
    expect({ weights, gradients, system }).toEqual(ranks);
  });
});

test('the ranks do not depend on the random weights', () => {
  fc.assert(
    fc.property(anyGeometry, fc.integer({ min: 1, max: 1e6 }), (g, seed) => {
      expect(exactRanks(g, neverCancelled, seed)).toEqual(exactRanks(g, neverCancelled, seed + 1));
    }),
    { seed: 10, numRuns: 100 },
  );
});

test.each([
  ['64 → 64 at 56²', square({ inChannels: 64, filters: 64, input: [56, 56], kernel: [3, 3], padding: 1 })],
  ['512 → 512 at 224²', square({ inChannels: 512, filters: 512, input: [224, 224], kernel: [7, 7] })],
  ['an axis of 2⁴⁰ entries', square({ inChannels: 1, filters: 1, input: [1, 2 ** 40], kernel: [1, 3] })],
])('out of reach: %s', (_, g) => {
  expect(isWithinReach(g)).toBe(false);
  expect(exactRanks(g, neverCancelled)).toBeNull();
});

test('elimination stops when it is asked to', () => {
  const g = square({ inChannels: 6, filters: 16, input: [28, 28], kernel: [5, 5], stride: 2 });
  let checks = 0;
  const token = {
    get isCancellationRequested() {
      return ++checks > 100;
    },
  };
  expect(() => exactRanks(g, token)).toThrow(Cancelled);
  expect(checks).toBe(101);
});
