import { expect, test } from 'vitest';
import type { Measurement, VerifyProgress } from './verify-protocol.ts';
import { comparisonText, mapText, progressText, rankText, twinText, twinWarning } from './verify-text.ts';

const measurement: Measurement = {
  rank: 720,
  unknowns: 768,
  bound: 'exact',
  certain: true,
  smallestKept: 0.1,
  largestDropped: 1e-16,
  inputShape: [1, 3, 16, 16],
  equations: 1000,
  engine: 'onnxruntime-cpu',
  seconds: 1,
  assumptions: [],
  maps: [],
  predicted: { rank: 720, basis: 'law', text: 'r = 720 of 768' },
};

test.each<[Partial<Measurement>, string]>([
  [{}, 'r = 720 of 768 (93.8 %)'],
  [{ bound: 'at least' }, 'r ≥ 720 of 768 (93.8 %)'],
  [{ certain: false }, 'r = 720 of 768 (93.8 %), uncertain: some directions are near rounding'],
])('%j reads %s', (part, text) => expect(rankText({ ...measurement, ...part })).toBe(text));

test('a twin is named by its picture', () => {
  expect(twinText(measurement)).toBe('a smaller twin, the same model on a picture of 16 × 16 × 3');
});

test('a twin of a model with few parameters does not stand for it', () => {
  const about = { unknowns: 1000, predicted: measurement.predicted, whole: null, twin: measurement };
  expect(twinWarning({ ...about, equations: 5000 })).toMatch(/^Its share stands for the model’s only as far as/);
  expect(twinWarning({ ...about, equations: 160 })).toContain(
    'has 160 entries, so that r is at most 16.0 % of its 1000',
  );
});

test.each([
  [720, 'r = 720 of 768: the same'],
  [725, 'r = 720 of 768: 5 more'],
  [null, 'r = 720 of 768'],
])('a prediction of %s is compared', (rank, text) => {
  expect(comparisonText({ ...measurement.predicted, rank }, measurement)).toBe(text);
});

test('a map reads as shares of its pixels', () => {
  expect(mapText({ width: 2, height: 2, shares: [1, 1, 0.5, 0] })).toBe(
    'Of the pixels, 50.0 % are determined by the gradient and 25.0 % do not enter it; the mean share is 62.5 %.',
  );
});

test.each<[Partial<VerifyProgress>, string]>([
  [{ secondsLeft: null }, 'rank 32 so far, at most 96'],
  [{ secondsLeft: 12.3 }, 'rank 32 so far, at most 96, at most 13 s left'],
  [{ secondsLeft: 100, what: 'twin' }, 'smaller twin: rank 32 so far, at most 96, at most 2 min left'],
  [{ secondsLeft: 9000 }, 'rank 32 so far, at most 96, at most 2.5 h left'],
  [{ secondsLeft: 0, rank: 96 }, 'rank 96 so far, at most 96'],
])('%j reads %s', (part, text) => {
  expect(progressText({ what: 'model', rank: 32, most: 96, secondsLeft: null, ...part })).toBe(text);
});
