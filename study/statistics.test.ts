import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areaUnderRoc, spearman } from './statistics.ts';

describe('the study’s statistics', () => {
  test('Spearman of a monotone relation is 1, of its reverse −1', () => {
    const x = [1, 5, 2, 9];
    expect(spearman(x, x.map(Math.exp))).toBeCloseTo(1);
    expect(
      spearman(
        x,
        x.map(value => -value),
      ),
    ).toBeCloseTo(-1);
  });

  test('Spearman shares the ranks of ties', () => {
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / √(4.5 · 5).
    expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5));
  });

  test('the area under the ROC curve counts ordered pairs', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { minLength: 2 }), pairs => {
        const positives = pairs.filter(([, positive]) => positive).map(([score]) => score);
        const negatives = pairs.filter(([, positive]) => !positive).map(([score]) => score);
        fc.pre(positives.length > 0 && negatives.length > 0);
        let won = 0;
        for (const p of positives) for (const n of negatives) won += p > n ? 1 : p === n ? 0.5 : 0;
        const area = areaUnderRoc(
          pairs.map(([score]) => score),
          pairs.map(([, positive]) => positive),
        );
        expect(area).toBeCloseTo(won / (positives.length * negatives.length));
      }),
    );
  });
});
