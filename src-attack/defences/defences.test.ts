import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../optimisers/random.ts';
import { entriesOf, mean, normOf, type Tensors } from './defence.ts';
import { parseDefence } from './spec.ts';

const entry = fc.integer({ min: -1_000_000, max: 1_000_000 }).map(value => value / 100_000);
const tensor = fc.array(entry, { minLength: 1, maxLength: 40 }).map(values => Float64Array.from(values));
const update: fc.Arbitrary<Tensors> = fc.array(tensor, { minLength: 1, maxLength: 4 });

function protect(spec: string, parts: readonly Tensors[], seed = 1) {
  return parseDefence(spec).protect!(parts, createRandom(seed));
}
const shared = (spec: string, g: Tensors, seed?: number) => mean(protect(spec, [g], seed).parts);

describe('noise', () => {
  const g: Tensors = [new Float64Array(20_000).fill(0.5), Float64Array.of(3)];
  const deviation = (spec: string) => {
    const changed = shared(spec, g);
    return Math.sqrt(g[0]!.reduce((sum, value, i) => sum + (changed[0]![i]! - value) ** 2, 0) / g[0]!.length);
  };
  test('has the stated standard deviation, absolute or relative to the root mean square', () => {
    // The standard error of σ from 20,000 draws is half a per cent.
    expect(deviation('noise:0.2')).toBeCloseTo(0.2, 2);
    const rootMeanSquare = normOf(g) / Math.sqrt(entriesOf(g));
    expect(deviation('noise:0.2,relative') / rootMeanSquare).toBeCloseTo(0.2, 2);
  });
  test('is the same for the same seed, another for another, and grows with σ in the same direction', () => {
    expect(shared('noise:0.1', g, 3)).toEqual(shared('noise:0.1', g, 3));
    expect(shared('noise:0.1', g, 3)).not.toEqual(shared('noise:0.1', g, 4));
    const [once, twice] = [shared('noise:0.1', g, 3), shared('noise:0.2', g, 3)];
    expect(twice[0]![7]! - g[0]![7]!).toBeCloseTo(2 * (once[0]![7]! - g[0]![7]!), 12);
  });
  test('of zero changes nothing', () => {
    expect(shared('noise:0', g)).toEqual(g);
  });
});

test('clipping keeps the direction, bounds the norm of every part and says when the scale is lost', () => {
  fc.assert(
    fc.property(fc.array(update, { minLength: 1, maxLength: 1 }), fc.double({ min: 0.01, max: 50 }), (parts, bound) => {
      const result = protect(`clip:${bound}`, parts);
      for (const [b, part] of result.parts.entries()) {
        const [before, after] = [normOf(parts[b]!), normOf(part)];
        expect(after).toBeLessThanOrEqual(bound * (1 + 1e-12));
        const factor = before > bound ? bound / before : 1;
        part.forEach((tensor, l) => {
          tensor.forEach((value, i) => {
            expect(value).toBeCloseTo(parts[b]![l]![i]! * factor, 9);
          });
        });
        expect(result.scale).toBe(before > bound ? 'factor' : 'kept');
      }
    }),
  );
});

test('clipping a batch treats every example by itself', () => {
  const [long, brief]: Tensors[] = [[Float64Array.of(30, 40)], [Float64Array.of(0, 0.5)]];
  const result = protect('clip:1', [long!, brief!]);
  expect(mean(result.parts)[0]).toEqual(Float64Array.of(0.3, 0.65));
  expect(result.words).toContain('1 of 2 were longer');
});

test('DP-SGD adds σ = z·C/B to the mean of the clipped examples, and writes σ/clip out', () => {
  const parts: Tensors[] = Array.from({ length: 4 }, () => [new Float64Array(40_000)]);
  const { parts: noisy, words } = protect('dp-sgd:1.2,clip=2', parts);
  const rootMeanSquare = normOf(mean(noisy)) / 200;
  expect(rootMeanSquare).toBeCloseTo(0.6, 2);
  expect(words).toMatch(/σ\/clip = 1.2: .* norm 2 .* σ = 2.4 on their sum, 0.6 on their mean; ε .* not stated/);
});

test('pruning zeroes the stated share of every tensor and keeps the largest magnitudes', () => {
  fc.assert(
    fc.property(update, fc.double({ min: 0, max: 1, noNaN: true }), (g, share) => {
      shared(`prune:${share}`, g).forEach((after, l) => {
        const before = g[l]!;
        const zeroed = Math.floor(share * before.length);
        const gone = [...before.keys()].filter(i => after[i] !== before[i]);
        expect([...after].filter(value => value === 0).length).toBeGreaterThanOrEqual(zeroed);
        expect(gone.length).toBeLessThanOrEqual(zeroed);
        const kept = [...after].filter(value => value !== 0).map(Math.abs);
        for (const i of gone) expect(Math.abs(before[i]!)).toBeLessThanOrEqual(Math.min(...kept));
      });
    }),
  );
});

test('signs are −1, 0 and 1, and the scale is lost', () => {
  const result = protect('sign', [[Float64Array.of(-2, 0, 1e-9)]]);
  expect(result.parts).toEqual([[Float64Array.of(-1, 0, 1)]]);
  expect(result.scale).toBe('lost');
});

test.each(['', ',stochastic'])('quantised values lie on the grid, less than a step away%s', flag => {
  fc.assert(
    fc.property(update, fc.integer({ min: 2, max: 12 }), (g, bits) => {
      shared(`quantise:${bits}${flag}`, g).forEach((after, l) => {
        const largest = Math.max(...g[l]!.map(Math.abs));
        const step = largest / (2 ** (bits - 1) - 1);
        after.forEach((value, i) => {
          if (largest === 0) expect(value).toBe(g[l]![i]);
          else {
            expect(Math.abs(value / step - Math.round(value / step))).toBeLessThan(1e-9);
            expect(Math.abs(value - g[l]![i]!)).toBeLessThanOrEqual((flag ? 1 : 0.5) * step * (1 + 1e-9));
          }
        });
      });
    }),
  );
});

test('stochastic rounding has the right mean', () => {
  const g: Tensors = [Float64Array.from({ length: 20_000 }, (_, i) => (i === 0 ? 1 : 0.3))];
  const total = shared('quantise:2,stochastic', g)[0]!.reduce((sum, value) => sum + value, 0);
  expect(total / 20_000).toBeCloseTo(0.3, 1);
});
