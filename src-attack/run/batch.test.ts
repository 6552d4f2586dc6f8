import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu } from '../engines/onnxruntime/load.ts';
import { prepareRun } from './prepare.ts';
import type { RunSource } from './source.ts';
import { imageBytes, simulatedRun, smallCode, sourceOf } from './testing/simulated.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await loadOnnxCpu();
});
afterAll(() => engine.dispose());

const pictures = ['test/fixtures/images/landscape-8.png', 'media/samples/digit.png'].map(imageBytes);
const two = (part: Partial<RunSource> = {}) =>
  sourceOf(smallCode, { example: { kind: 'image', bytes: pictures }, label: [3, 1], ...part });

describe('a batch of two', () => {
  test('comes back image by image, and what takes one image only says so', async () => {
    const { report, events } = await simulatedRun(two(), ['r-gap', 'hybrid', 'gauss-newton'], engine);
    const [single, alike, both] = report.results;
    expect(single).toMatchObject({ status: 'failed', note: expect.stringContaining('r-gap takes one image') });
    expect(alike).toMatchObject({ status: 'failed', note: expect.stringContaining('hybrid takes one image') });
    expect(both?.perImage?.map(image => image.label)).toEqual([3, 1]);
    for (const image of both?.perImage ?? []) expect(image.psnr ?? 300).toBeGreaterThan(40);
    const psnrs = both?.perImage?.map(image => image.psnr ?? 300) ?? [];
    expect(both?.psnr).toBeCloseTo((psnrs[0]! + psnrs[1]!) / 2, 9);
    expect(both?.best?.psnr).toBeCloseTo(Math.max(...psnrs), 9);
    expect(report).toMatchObject({ label: 3, labels: [3, 1] });
    const result = events.find(event => event.type === 'result');
    expect(result?.type === 'result' && result.pictures).toHaveLength(2);
  });

  test('images are matched to the places where they stand, whatever the order of the labels', async () => {
    const { report, prepared } = await simulatedRun(two({ label: null }), ['gauss-newton'], engine);
    const given = await prepareRun(two({ label: prepared.labels }), engine);
    expect(prepared.labelFrom).toBe('inferred');
    expect([...prepared.labels].sort()).toEqual(prepared.labels);
    expect(given.labels).toEqual(prepared.labels);
    expect(report.results[0]?.perImage).toHaveLength(2);
    expect(report).toMatchObject({ label: null, labels: prepared.labels, labelFrom: 'inferred' });
  });

  test.each([
    [[3], /2 images and 1 label do not agree/],
    [[1, 2, 3], /2 images and 3 labels do not agree/],
    [[1, 9], /label 9 is out of range/],
  ])('labels %j are refused', async (label, message) => {
    await expect(prepareRun(two({ label }), engine)).rejects.toThrow(message);
  });
});

describe('labels of a batch read from its gradient', () => {
  const dense = (activation: string, useBias: boolean) => `export const m = tf.sequential({ layers: [
    tf.layers.flatten({ inputShape: [6, 6, 1] }),
    tf.layers.dense({ units: 30, activation: '${activation}' }),
    tf.layers.dense({ units: 6, useBias: ${useBias} }),
  ] });`;
  /** The gradient of known labels, then attacked as if captured, with nobody telling them. */
  async function inferred(code: string, labels: readonly number[]) {
    const source = sourceOf(code, {
      example: { kind: 'image', bytes: labels.map((_, i) => pictures[i % 2]!) },
      label: labels,
    });
    const { problem } = await prepareRun(source, engine);
    const { inferLabels } = await import('./label.ts');
    const expected = async () => Array<number>(6).fill(1 / 6);
    return inferLabels(problem.victim, problem.observed, labels.length, expected);
  }

  test.each([
    ['distinct ones by their signs', dense('tanh', true), [0, 3, 5], /signs of the last bias/],
    [
      'distinct ones by the minima of the weights, where there is no bias',
      dense('relu', false),
      [1, 2],
      /negative minima/,
    ],
    ['equal ones by estimated counts', dense('tanh', true), [2, 2, 4], /estimated counts/],
  ])('%s', async (_, code, labels, rule) => {
    const found = await inferred(code, labels);
    expect(found?.labels).toEqual(labels);
    expect(found?.rule).toMatch(rule);
  });

  test('one label without a bias, by the row that points against the others', async () => {
    const found = await inferred(dense('tanh', false), [4]);
    expect(found).toEqual({ labels: [4], rule: expect.stringContaining('points against') });
  });

  test('none where no rule is valid', async () => {
    expect(await inferred(dense('tanh', false), [1, 2])).toBeUndefined();
  });
});
