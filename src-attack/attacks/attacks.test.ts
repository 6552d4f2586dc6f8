import { afterAll, describe, expect, test } from 'vitest';
import { loadOnnxCpu } from '../engines/onnxruntime/load.ts';
import { type Attack, NotApplicable } from './attack.ts';
import { cosine } from './cosine/cosine.ts';
import { dlg } from './dlg/dlg.ts';
import { hybrid } from './hybrid/hybrid.ts';
import { rGap } from './r-gap/r-gap.ts';
import { attackNamed, attacks } from './registry.ts';
import type { AttackProgress } from './run-attack.ts';
import { type ChainLayer, chainVictim, uniformWeights } from './testing/chain-victim.ts';
import { attackWith, landscape, observe } from './testing/problem.ts';

const loading = loadOnnxCpu();
afterAll(async () => (await loading).dispose());

async function smallProblem(filters = 6) {
  const layers: readonly ChainLayer[] = [
    { type: 'conv', filters, kernel: 3 },
    { type: 'tanh' },
    { type: 'dense', units: 5, bias: true },
  ];
  return observe(chainVictim([1, 3, 8, 8], layers, uniformWeights(3)), await loading, [landscape(8)], [2]);
}

describe.each(attacks.map(attack => [attack.name, attack] as const))('%s', (_, attack) => {
  const options = { steps: 5 };

  test('reports progress, losses and time, and repeats itself with the same seed', async () => {
    const { problem } = await smallProblem();
    const seen: AttackProgress[] = [];
    const first = await attackWith(attack, problem, options, { progress: p => seen.push(p), interval: 0 });
    const second = await attackWith(attack, problem, options);
    expect(first.status).toBe('done');
    expect(seen.length).toBe(first.steps);
    expect(first.loss.every(Number.isFinite)).toBe(true);
    expect([second.x, second.loss]).toEqual([first.x, first.loss]);
  });

  test('stops when it is cancelled, with what it has', async () => {
    const { problem } = await smallProblem();
    const token = { isCancellationRequested: false };
    const result = await attackWith(
      attack,
      problem,
      {},
      {
        cancel: token,
        interval: 0,
        progress: ({ step }) => {
          token.isCancellationRequested = step >= (attack === rGap ? 1 : 2);
        },
      },
    );
    expect(result.x).not.toBeNull();
    if (attack !== rGap)
      expect(result).toMatchObject({ status: 'cancelled', note: expect.stringContaining('as asked') });
  });

  test('says so when the observed gradient is not a number', async () => {
    const { problem } = await smallProblem();
    const observed = problem.observed.map(g => Float32Array.from(g, () => Number.NaN));
    const result = await attackWith(attack, { ...problem, observed }, options);
    expect(result).toMatchObject({ status: 'failed', x: null });
    expect(result.note).toMatch(/"0.kernel" holds values that are not finite/);
  });
});

test('dlg finds the picture of a small model', async () => {
  const layers: readonly ChainLayer[] = [
    { type: 'conv', filters: 12, kernel: 5, stride: 2, padding: 2 },
    { type: 'sigmoid' },
    { type: 'dense', units: 5, bias: true },
  ];
  const victim = chainVictim([1, 3, 8, 8], layers, uniformWeights(3));
  const { problem, psnr } = await observe(victim, await loading, [landscape(8)], [2]);
  const result = await attackWith(dlg, problem, { steps: 100 });
  expect(psnr(result.x!)).toBeGreaterThan(25);
});

test('cosine turns the gradient towards the observed one', async () => {
  const { problem } = await smallProblem();
  const { loss } = await attackWith(cosine, problem, { steps: 400 });
  expect(loss.at(-1)!).toBeLessThan(0.8 * loss[0]!);
});

describe('hybrid', () => {
  test('never ends worse than its least-squares start', async () => {
    const { problem, psnr } = await smallProblem();
    const [refined, start] = [await attackWith(hybrid, problem, { steps: 200 }), await attackWith(rGap, problem)];
    expect(psnr(refined.x!)).toBe(psnr(start.x!));
    expect(refined.note).toMatch(/least-squares start was kept/);
  });

  test('takes the equations of the units of a ReLU that are on', async () => {
    const layers: readonly ChainLayer[] = [
      { type: 'conv', filters: 12, kernel: 3 },
      { type: 'leakyRelu', alpha: 0 },
      { type: 'dense', units: 5, bias: true },
    ];
    const victim = chainVictim([1, 3, 8, 8], layers, uniformWeights(3));
    const { problem, psnr } = await observe(victim, await loading, [landscape(8)], [2]);
    const { x, status } = await attackWith(hybrid, problem, { steps: 50 });
    expect(status).toBe('done');
    expect(psnr(x!)).toBeGreaterThan(65);
  });

  test('improves on a start that does not give the gradient', async () => {
    const layers: readonly ChainLayer[] = [
      { type: 'conv', filters: 8, kernel: 3 },
      { type: 'tanh' },
      { type: 'conv', filters: 2, kernel: 3 },
      { type: 'tanh' },
      { type: 'dense', units: 5, bias: true },
    ];
    const victim = chainVictim([1, 3, 8, 8], layers, uniformWeights(3));
    const { problem } = await observe(victim, await loading, [landscape(8)], [2]);
    const [refined, start] = [await attackWith(hybrid, problem, { steps: 1500 }), await attackWith(rGap, problem)];
    expect(refined.loss.at(-1)!).toBeLessThan(start.loss[0]!);
  });
});

describe('running an attack', () => {
  const scripted = (run: Attack['run']): Attack => ({ name: 'scripted', description: '', run });

  test('keeps the input of the smallest loss when the objective diverges', async () => {
    const { problem } = await smallProblem();
    const attack = scripted(async (_problem, _options, recorder) => {
      for (const loss of [3, 1, 2, Number.NaN]) recorder.record(loss, [loss]);
    });
    const result = await attackWith(attack, problem);
    expect(result).toMatchObject({ status: 'done', steps: 4, loss: [3, 1, 2], x: Float64Array.of(1) });
    expect(result.note).toMatch(/no longer a finite number at step 4/);
  });

  test('thins the losses of long runs and shows previews without keeping them', async () => {
    const { problem } = await smallProblem();
    const shown: (number | undefined)[] = [];
    const attack = scripted(async (_problem, _options, recorder) => {
      recorder.expect(5000);
      recorder.record(9, [9]);
      for (let i = 1; i < 5000; i++) recorder.preview(1 / i, [i]);
    });
    const result = await attackWith(attack, problem, {}, { interval: 0, progress: p => shown.push(p.x?.[0]) });
    expect(result.loss.length).toBeLessThanOrEqual(1000);
    expect(result.loss[1]).toBe(1 / result.lossStride);
    expect(result.x).toEqual(Float64Array.of(9));
    expect(shown.slice(0, 3)).toEqual([9, 1, 2]);
  });

  test('progress comes at a bounded rate', async () => {
    const { problem } = await smallProblem();
    let calls = 0;
    const attack = scripted(async (_problem, _options, recorder) => {
      for (let i = 0; i < 5000; i++) recorder.record(1, [0]);
    });
    await attackWith(attack, problem, {}, { interval: 60_000, progress: () => calls++ });
    expect(calls).toBe(1);
  });

  test.each([
    [new NotApplicable('Not for this model.'), 'Not for this model.'],
    [new Error('engine lost'), 'The attack stopped: engine lost'],
  ])('turns %s into a sentence', async (error, note) => {
    const { problem } = await smallProblem();
    const attack = scripted(async () => {
      throw error;
    });
    expect(await attackWith(attack, problem)).toMatchObject({ status: 'failed', x: null, note });
  });
});

test('attacks are found by name', () => {
  expect(attackNamed('r-gap')).toBe(rGap);
  expect(attackNamed('nonsense')).toBeUndefined();
});
