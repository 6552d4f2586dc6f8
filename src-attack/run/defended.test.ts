import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { normOf } from '../defences/defence.ts';
import { parseDefence } from '../defences/spec.ts';
import { parseSweep } from '../defences/sweep.ts';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu } from '../engines/onnxruntime/load.ts';
import type { Values } from '../ir/graph.ts';
import type { AttackEvent } from '../process/protocol.ts';
import { prepareRun } from './prepare.ts';
import { planOf, runSweep } from './run-sweep.ts';
import { imageBytes, simulatedRun, smallCode, sourceOf } from './testing/simulated.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await loadOnnxCpu();
});
afterAll(() => engine.dispose());

const defended = (...specs: string[]) => sourceOf(smallCode, { defences: specs.map(parseDefence) });
const observed = async (...specs: string[]) => (await prepareRun(defended(...specs), engine)).problem.observed;
const precise = (tensors: readonly Values[]) => tensors.map(tensor => Float64Array.from(tensor));

function expectClose(a: readonly Values[], b: readonly Values[], tolerance: number): void {
  const difference = precise(a).map((tensor, l) => tensor.map((value, i) => value - b[l]![i]!));
  expect(normOf(difference)).toBeLessThan(tolerance * normOf(precise(b)));
}

test('the same seed gives the same defended gradient', async () => {
  expect(await observed('noise:0.01')).toEqual(await observed('noise:0.01'));
});

test('what was done is told with its numbers, defence by defence', async () => {
  const { defence, assumptions } = await prepareRun(defended('clip:0.1', 'noise:0.01,relative'), engine);
  expect(defence.map(({ spec }) => spec)).toEqual(['clip:0.1', 'noise:0.01,relative']);
  expect(defence[0]?.description).toMatch(/clipped to norm 0.1: the whole gradient times 0\.\d+/);
  expect(defence[1]?.description).toMatch(/0.01 times its root mean square/);
  expect(assumptions).toContain('the attacker knows which defence was used');
});

describe('clipping one example', () => {
  test('is undone exactly from the last layer, so that every attack works as before', async () => {
    expectClose(await observed('clip:0.001'), await observed(), 1e-6);
    const { report } = await simulatedRun(defended('clip:0.001'), ['r-gap', 'gauss-newton'], engine);
    expect(report.results.map(result => result.pixelExact)).toEqual([true, true]);
    expect(report.assumptions.join()).toContain('the attacker undoes the clipping');
  });

  test('is undone as exactly without a bias, by the direction of the last layer’s gradient', async () => {
    const noBias = smallCode.replace('units: 5', 'units: 5, useBias: false');
    const source = { ...sourceOf(noBias), defences: [parseDefence('clip:0.001')] };
    const { problem: plain } = await prepareRun(sourceOf(noBias), engine);
    expectClose((await prepareRun(source, engine)).problem.observed, plain.observed, 1e-4);
    const { report } = await simulatedRun(source, ['r-gap'], engine);
    expect(report.results[0]?.pixelExact).toBe(true);
  });

  test('is undone by a guess where no last layer tells', async () => {
    const pooled = `export const m = tf.sequential({ layers: [
      tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 5, kernelSize: 3, activation: 'tanh' }),
      tf.layers.globalAveragePooling2d(),
    ] });`;
    const source = { ...sourceOf(pooled), defences: [parseDefence('clip:0.001')] };
    const { problem, assumptions } = await prepareRun(source, engine);
    const { problem: plain } = await prepareRun(sourceOf(pooled), engine);
    const ratio = normOf(precise(problem.observed)) / normOf(precise(plain.observed));
    expect(ratio).toBeGreaterThan(0.2);
    expect(ratio).toBeLessThan(5);
    expect(assumptions.join()).toContain('guesses the clipping’s factor');
  });

  test('changes no step of the cosine attack, whose objective does not see the scale', async () => {
    const prepared = await prepareRun(defended(), engine);
    const losses = async (factor: number) => {
      const scaled = prepared.problem.observed.map(tensor => tensor.map(value => value * factor));
      const { runAttack } = await import('../attacks/run-attack.ts');
      const { cosine } = await import('../attacks/cosine/cosine.ts');
      const problem = { ...prepared.problem, observed: scaled };
      return (await runAttack(cosine, problem, { seed: 1, steps: 5 }, { cancel: neverCancelled })).loss;
    };
    const [plain, clipped] = [await losses(1), await losses(1 / 64)];
    plain.forEach((loss, i) => {
      expect(clipped[i]).toBeCloseTo(loss, 4);
    });
  });
});

test('signs are attacked with likely norms', async () => {
  const { problem, assumptions } = await prepareRun(defended('sign'), engine);
  const magnitudes = new Set(Array.from(problem.observed[0]!, value => Math.abs(value).toPrecision(6)));
  magnitudes.delete('0.00000');
  expect(magnitudes.size).toBe(1);
  expect(assumptions.join()).toContain('norm that it has for a picture of ordinary contrast');
});

describe('defences of the training step', () => {
  test('one local step is the plain gradient, several are not', async () => {
    expectClose(await observed('local-steps:1,rate=0.1'), await observed(), 1e-6);
    const [g, several] = [await observed(), await observed('local-steps:3,rate=0.1')];
    const difference = precise(several).map((tensor, l) => tensor.map((value, i) => value - g[l]![i]!));
    expect(normOf(difference) / normOf(precise(g))).toBeGreaterThan(0.01);
  });

  test('local steps share the difference of the weights over steps and rate', async () => {
    const [g, tiny] = [await observed(), await observed('local-steps:5,rate=1e-7')];
    expectClose(tiny, g, 1e-4);
  });

  test('an attacker who simulates the local steps gets the image back', async () => {
    const psnr = async (spec: string) => {
      const { report } = await simulatedRun(defended(spec), ['gauss-newton'], engine);
      expect(report.defence[0]?.description).toMatch(
        spec.includes('simulated') ? /gauss-newton, dlg and cosine simulate the steps/ : /as if it were one/,
      );
      return report.results[0]?.psnr ?? 300;
    };
    const [naive, informed] = [await psnr('local-steps:4,rate=0.2'), await psnr('local-steps:4,rate=0.2,simulated')];
    expect(naive).toBeLessThan(40);
    expect(informed).toBeGreaterThan(70);
  });

  test('a larger batch has neighbours with other labels, and the image is scored alone', async () => {
    const { prepared, report } = await simulatedRun(defended('batch:3'), ['gauss-newton'], engine);
    expect(prepared.labels[0]).toBe(3);
    expect(new Set(prepared.labels).size).toBe(3);
    expect(prepared.targets?.pictures).toHaveLength(1);
    expect(report.results[0]?.perImage).toBeUndefined();
    expect(report.results[0]?.mse).toBeLessThan(0.2);
    expect(report.defence[0]?.description).toContain('batch of 3');
  });

  test('clipping in a batch acts on every example before the mean', async () => {
    const [without, [bound]] = [await observed('batch:3'), [1e-3]];
    const { problem, defence } = await prepareRun(defended('batch:3', `clip:${bound}`), engine);
    expect(defence[1]?.description).toContain('3 of 3 were longer');
    // Each example counts alike now: the mean points elsewhere, however it is scaled.
    const [a, b] = [precise(problem.observed), precise(without)];
    const inner = a.reduce((sum, tensor, l) => sum + tensor.reduce((s, value, i) => s + value * b[l]![i]!, 0), 0);
    expect(inner / (normOf(a) * normOf(b))).toBeLessThan(1 - 1e-6);
  });
});

describe('a chain that cannot be', () => {
  test.each([
    ['two batch sizes', ['batch:2', 'batch:3'], /one size/],
    ['two ways of training', ['local-steps:2', 'local-steps:3'], /one way/],
  ])('%s', async (_, specs, message) => {
    await expect(prepareRun(defended(...specs), engine)).rejects.toThrow(message);
  });
  test('a batch smaller than the images', async () => {
    const bytes = ['test/fixtures/images/landscape-8.png', 'media/samples/digit.png', 'media/samples/balloon.png'].map(
      imageBytes,
    );
    const source = { ...defended('batch:2'), example: { kind: 'image', bytes } as const, label: [0, 1, 2] };
    await expect(prepareRun(source, engine)).rejects.toThrow(/batch of 2 has no room for 3 images/);
  });
  test('a captured gradient with a defence', async () => {
    const source = { ...defended('noise:1'), example: { kind: 'gradient', tensors: new Map() } as const };
    await expect(prepareRun(source, engine)).rejects.toThrow(/captured gradient is attacked as it is/);
  });
});

test('a level that cannot be runs no attack, and the others go on', async () => {
  const source = { ...defended(), samples: () => [] };
  const request = { model: 'm', summary: '', image: 'a.png', methods: ['gauss-newton'], seed: 10, steps: 2 };
  const { report: before } = await simulatedRun(source, ['gauss-newton'], engine);
  const hooks = { cancel: neverCancelled, emit: () => {} };
  const { sweep } = await runSweep(source, engine, parseSweep('batch:1..2'), request, before, hooks);
  expect(sweep?.levels.map(({ results }) => results[0]?.status)).toEqual(['done', 'failed']);
  expect(sweep?.levels[1]?.results[0]?.note).toContain('no sample pictures');
});

test('a sweep runs every attack against every level, and more noise leaves less', async () => {
  const events: AttackEvent[] = [];
  const source = defended();
  const sweep = parseSweep('noise:1e-6..1/3');
  const request = { model: 'm', summary: '', image: 'a.png', methods: ['r-gap', 'gauss-newton'], seed: 10 };
  const { report: before } = await simulatedRun(source, ['r-gap', 'gauss-newton'], engine);
  const hooks = { cancel: neverCancelled, emit: (event: AttackEvent) => events.push(event) };
  const { sweep: swept, results } = await runSweep(source, engine, sweep, request, before, hooks);
  expect(planOf(sweep)).toMatchObject({ defence: 'noise', parameter: 'σ', levels: [1e-6, 0.001, 1] });
  expect(results).toEqual(before.results);
  expect(swept?.levels.map(({ level }) => level)).toEqual([1e-6, 0.001, 1]);
  for (const method of request.methods) {
    const psnrs = swept?.levels.map(({ results: r }) => r.find(result => result.method === method)?.psnr ?? 300) ?? [];
    expect(psnrs).toEqual([...psnrs].sort((a, b) => b - a));
    expect(psnrs[0]! - psnrs[2]!).toBeGreaterThan(20);
  }
  expect(swept?.levels[2]?.defence[0]).toMatchObject({ spec: 'noise:1' });
  expect(events.filter(event => event.type === 'sweep-result')).toHaveLength(6);
});
