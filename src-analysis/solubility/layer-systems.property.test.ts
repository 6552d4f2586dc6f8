import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layerKinds } from '../../bench/layer-cases.ts';

// How often the laws are right is measured by `npm run bench layer-systems`; these are a few layers of every kind.
describe('the law against elimination of the system written out', () => {
  test.each(layerKinds.map(kind => [kind.name, kind] as const))('%s', (_, kind) => {
    const errors = fc.sample(kind.geometry, { seed: 11, numRuns: 12 }).map((g, i) => {
      const { law, exact } = kind.compare(g, i + 1);
      expect(law.system).toBeGreaterThanOrEqual(law.weights);
      expect(law.system).toBeLessThanOrEqual(law.touched);
      return Math.abs(law.system - exact.system) / Math.max(1, exact.touched);
    });
    const wrong = errors.filter(error => error > 0).length;
    // Which entries are known is random for some kinds: then the law gives the expected rank, and draws lie around it.
    expect(wrong).toBeLessThanOrEqual(kind.random ? 6 : 1);
    expect(Math.max(...errors)).toBeLessThanOrEqual(kind.random ? 0.15 : 0.1);
  });
});
