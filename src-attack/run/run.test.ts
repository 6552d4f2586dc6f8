import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu } from '../engines/onnxruntime/load.ts';
import { loadTfjs } from '../engines/tfjs/load.ts';
import { prepareRun } from './prepare.ts';
import type { RunSource } from './source.ts';
import { leakyCode, root, simulatedRun, sourceOf } from './testing/simulated.ts';

const leaky = sourceOf(leakyCode);

let engine: Engine;
beforeAll(async () => {
  engine = await loadOnnxCpu();
});
afterAll(() => engine.dispose());

const run = (source: RunSource, methods: readonly string[], on: Engine = engine) => simulatedRun(source, methods, on);

describe('a simulated run', () => {
  test('reconstructs the picture exactly, and tells from start to result', async () => {
    const { events, report } = await run(leaky, ['r-gap', 'gauss-newton']);
    expect(report.results.map(result => [result.method, result.pixelExact])).toEqual([
      ['r-gap', true],
      ['gauss-newton', true],
    ]);
    expect(report).toMatchObject({ version: 1, label: 3, labelFrom: 'given', engine: { name: 'onnxruntime-cpu' } });
    expect(events[0]).toMatchObject({ type: 'started', targets: [{ width: 8, height: 8 }] });
    expect(events.filter(event => event.type === 'result')).toHaveLength(2);
    expect(events.some(event => event.type === 'progress' && event.pictures)).toBe(true);
  });

  test('infers the label from the gradient, and it is the one that the gradient was made with', async () => {
    const { prepared } = await run({ ...leaky, label: null }, []);
    const given = await run({ ...leaky, label: prepared.labels }, []);
    expect(prepared.labelFrom).toBe('inferred');
    expect(prepared.problem.observed).toEqual(given.prepared.problem.observed);
  });

  test('goes on with the next attack where one cannot treat the model', async () => {
    const pooled = sourceOf(`export const m = tf.sequential({ layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 8, kernelSize: 3, activation: 'tanh' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(), tf.layers.dense({ units: 5 })] });`);
    const { events, report } = await run(pooled, ['r-gap', 'dlg']);
    const [first, second] = report.results;
    expect(first).toMatchObject({ method: 'r-gap', status: 'failed', residual: null });
    expect(first?.note.length).toBeGreaterThan(20);
    expect(second?.residual).toBeLessThan(1);
    expect(events.some(event => event.type === 'method-failed' && event.method === 'r-gap')).toBe(true);
  });
});

test('TensorFlow.js as the engine gives the same picture as ONNX Runtime', async () => {
  const tfjs = await loadTfjs('tfjs-cpu', root);
  const small = sourceOf(
    `export const m = tf.sequential({ layers: [
    tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 4, kernelSize: 3, padding: 'same', activation: 'sigmoid' }),
    tf.layers.flatten(), tf.layers.dense({ units: 3 })] });`,
    { label: 1 },
  );
  const pictureBy = async (on: Engine) => {
    const { events, report } = await run(small, ['gauss-newton'], on);
    const result = events.find(event => event.type === 'result');
    return {
      exact: report.results[0]?.pixelExact,
      png: result?.type === 'result' ? result.pictures[0]?.png : undefined,
    };
  };
  const [ours, theirs] = [await pictureBy(engine), await pictureBy(tfjs)];
  expect(theirs).toEqual(ours);
  expect(ours.exact).toBe(true);
  await tfjs.dispose();
});

test('a captured gradient is reconstructed without a picture, and the residual says how well', async () => {
  const { prepared } = await run(leaky, []);
  const { parameters } = prepared.problem.victim;
  const tensors = new Map(
    parameters.map(({ name, node }, i) => [
      `client.${name}`,
      { shape: node.shape, data: Float64Array.from(prepared.problem.observed[i]!) },
    ]),
  );
  const { report, events } = await run({ ...leaky, label: null, example: { kind: 'gradient', tensors } }, [
    'gauss-newton',
  ]);
  expect(events[0]).toMatchObject({ type: 'started', targets: [], labelFrom: 'inferred', labels: [3] });
  expect(report.results[0]).toMatchObject({ psnr: null, mse: null, pixelExact: false });
  expect(report.results[0]?.residual).toBeLessThan(1e-8);
});

test('a captured difference of weights is turned and scaled back to a gradient', async () => {
  const { prepared } = await run(leaky, []);
  const { parameters } = prepared.problem.victim;
  const captured = (factor: number) =>
    new Map(
      parameters.map(({ name, node }, i) => [
        name,
        { shape: node.shape, data: Float64Array.from(prepared.problem.observed[i]!, value => value * factor) },
      ]),
    );
  const attacked = (factor: number) =>
    prepareRun({ ...leaky, label: null, example: { kind: 'gradient', tensors: captured(factor) } }, engine);
  const [whole, scaled] = [await attacked(1), await attacked(-1e-3)];
  expect(scaled.assumptions.join()).toContain('0.001 times a gradient');
  expect(scaled.assumptions.join()).toContain('new minus old weights');
  expect(scaled.labels).toEqual([3]);
  expect(whole.assumptions.join()).not.toContain('times a gradient');
  const [a, b] = [scaled.problem.observed[0]!, whole.problem.observed[0]!];
  expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeLessThan(1e-5 * Math.max(...b.map(Math.abs)));
});

describe('what cannot be run is refused with a sentence', () => {
  test.each([
    ['a label out of range', { ...leaky, label: 7 }, /label 7 is out of range: .* 5 classes/],
    ['a picture that is none', { ...leaky, example: { kind: 'image', bytes: Uint8Array.of(1, 2, 3) } }, /./],
    ['preprocessing that is no expression', { ...leaky, preprocess: 'x +' }, /Preprocessing expression/],
    [
      'a model with five channels',
      sourceOf(
        `export const m = tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [8, 8, 5], filters: 2, kernelSize: 3 }), tf.layers.flatten(), tf.layers.dense({ units: 5 })] });`,
      ),
      /5 channels/,
    ],
    [
      'a layer that the engine does not have',
      sourceOf(
        `export const m = tf.sequential({ layers: [tf.layers.convLstm2d({ inputShape: [2, 8, 8, 3], filters: 2, kernelSize: 3 }), tf.layers.flatten(), tf.layers.dense({ units: 5 })] });`,
      ),
      /cannot be built.*convLstm2d.*inside a recurrent cell/i,
    ],
    [
      'a model of sequences',
      sourceOf(
        `export const m = tf.sequential({ layers: [tf.layers.lstm({ inputShape: [8, 3], units: 2 }), tf.layers.dense({ units: 5 })] });`,
      ),
      /\[8, 3\], which is no picture/,
    ],
    [
      'a model of tokens',
      sourceOf(
        `export const m = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 9, outputDim: 3, inputLength: 4 }), tf.layers.lstm({ units: 2 }), tf.layers.dense({ units: 5 })] });`,
      ),
      /made of integers.* attacks on pictures do not apply/,
    ],
  ] as const)('%s', async (_, source, message) => {
    await expect(prepareRun(source as RunSource, engine)).rejects.toThrow(message);
  });
});
