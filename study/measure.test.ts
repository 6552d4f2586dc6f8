import * as path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadOnnxCpu } from '../src-attack/engines/onnxruntime/load.ts';
import { architecture } from './architectures.ts';
import { compare, measure } from './measure.ts';

const root = path.resolve(import.meta.dirname, '..');
const engine = loadOnnxCpu(1);
afterAll(async () => (await engine).dispose());

const scores = { psnr: 0, ssim: 0, seconds: 0 };
const blank = { picture: 'boat', measured: 0, method: 'gauss-newton', distance: 1, variation: 0, ...scores };

describe('the study', () => {
  test('reads each of its models, and predicts no more than there is to know', () => {
    for (const population of ['wide', 'narrow'] as const) {
      for (let seed = 1; seed <= 20; seed++) {
        const [compared] = compare([{ seed, population, ...blank }]);
        expect(compared!.unknowns % 256).toBe(0);
        expect(compared!.predicted ?? 0).toBeLessThanOrEqual(compared!.unknowns);
      }
    }
  });

  test('measures what it predicts, and gets back a picture that is determined', async () => {
    const result = await measure(architecture(fullyKnown, 'wide'), 'boat', await engine, root);
    const [compared] = compare([result]);
    expect(compared).toMatchObject({ predicted: 256, measured: 256, unknowns: 256 });
    expect(result.psnr).toBeGreaterThan(60);
    expect(result.distance).toBeLessThan(1e-3);
    expect(result.variation).toBeCloseTo(1, 2);
  });
});

/** A smooth model of one channel that gives all of its input away. */
const fullyKnown = 20261122;
