import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { mapped, type Verification, type VerifyProgress } from '../process/verify-protocol.ts';
import { openModel } from '../run/model-file.ts';
import { twinOf } from './twin.ts';
import { type VerifyRequest, verifyModel } from './verify.ts';

const open = (layers: string) =>
  openModel({
    path: 'model.js',
    text: `import * as tf from '@tensorflow/tfjs'; const model = tf.sequential({ layers: [${layers}] });`,
  });

const hooks = { cancel: neverCancelled, progress: () => {} };

async function verify(layers: string, part: Partial<VerifyRequest> = {}): Promise<Verification> {
  return verifyModel(await open(layers), { seed: 3, batch: 1, ...part }, hooks);
}

/** Layers, and the rank that counting by hand or the law gives. */
const cases: readonly [string, string, number, number, number?][] = [
  ['a dense layer with bias gives everything', 'tf.layers.dense({ inputShape: [20], units: 4 })', 20, 20],
  [
    'stride and padding leave pixels that no window touches',
    `tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 8, kernelSize: 2, strides: 3, activation: 'tanh' }),
     tf.layers.flatten(), tf.layers.dense({ units: 3 })`,
    16,
    36,
  ],
  [
    'a frozen layer shares no gradient',
    `tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 1, kernelSize: 3, strides: 3, trainable: false, activation: 'tanh' }),
     tf.layers.flatten(), tf.layers.dense({ units: 3 })`,
    4,
    36,
  ],
  // Rows of p − y sum to zero over the classes: of two rows of five weights and one bias, one is independent.
  ['two examples in a dense layer of two classes', 'tf.layers.dense({ inputShape: [5], units: 2 })', 6, 10, 2],
];

describe('the measured identifiable dimension', () => {
  test.each(cases)('%s', async (_, layers, rank, unknowns, batch) => {
    const { whole, twin } = await verify(layers, { batch: batch ?? 1 });
    expect(whole).toMatchObject({ rank, unknowns, bound: 'exact', certain: true });
    expect(twin).toBeNull();
  });

  test('the map is dark where no window looks', async () => {
    const { whole } = await verify(
      `tf.layers.conv2d({ inputShape: [5, 5, 1], filters: 4, kernelSize: 2, strides: 2, activation: 'tanh' }),
       tf.layers.flatten(), tf.layers.dense({ units: 3 })`,
    );
    const expected = Array.from({ length: 25 }, (_, p) => (p % 5 < 4 && p < 20 ? 1 : 0));
    expect(whole?.maps).toEqual([{ width: 5, height: 5, shares: expected }]);
  });

  test('tells how far it is', async () => {
    const told: VerifyProgress[] = [];
    const layers = 'tf.layers.dense({ inputShape: [80], units: 4 })';
    const progress = (progress: VerifyProgress) => void told.push(progress);
    await verifyModel(await open(layers), { seed: 3, batch: 1 }, { cancel: neverCancelled, progress });
    expect(told.map(({ what, rank, most }) => [what, rank, most]).slice(0, 3)).toEqual([
      ['model', 32, 80],
      ['model', 64, 80],
      ['model', 80, 80],
    ]);
    expect(told[0]?.secondsLeft).toBeNull();
    expect(told[2]?.secondsLeft).toBeCloseTo(0, 9);
  });

  test('a model that cannot be run says why', async () => {
    await expect(verify('tf.layers.dense({ units: 4 })')).rejects.toThrow(/shape of the input is not known/);
  });
});

describe('at pictures', () => {
  const relu = `tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, strides: 2, activation: 'relu' }),
    tf.layers.flatten(), tf.layers.dense({ units: 4 })`;
  const picture = (name: string) => readFileSync(path.resolve(import.meta.dirname, '../../test/fixtures/images', name));
  const bytes = [picture('landscape-8.png'), picture('landscape-16.png')];

  test('every picture of the batch has a map, and the labels are those that the model predicts', async () => {
    const pictures = { bytes, labels: null, preprocess: 'x/255 - 0.5' };
    const { whole } = await verify(relu, { batch: 2, pictures });
    expect(whole).toMatchObject({ unknowns: 128, bound: 'exact' });
    expect(whole?.maps).toHaveLength(2);
    const total = whole!.maps.flatMap(({ shares }) => shares).reduce((sum, share) => sum + share, 0);
    expect(total).toBeCloseTo(whole!.rank, 0);
    expect(whole!.assumptions.join('; ')).toMatch(/pictures fitted .* labels \d, \d, as the model predicts/);
  });

  test('a vector is read as a picture, as an attack reads it', async () => {
    const pictures = { bytes: bytes.slice(0, 1), labels: [1], preprocess: 'x/255' };
    const { whole } = await verify('tf.layers.dense({ inputShape: [64], units: 4, useBias: false })', { pictures });
    expect(whole?.maps).toMatchObject([{ width: 8, height: 8 }]);
    expect(whole?.assumptions).toContain('label 1');
  });

  test('a label out of range is refused', async () => {
    const pictures = { bytes: bytes.slice(0, 1), labels: [9], preprocess: 'x/255' };
    await expect(verify(relu, { pictures })).rejects.toThrow(/label 9 is out of range/);
  });
});

describe('an input that is too large', () => {
  const large = `tf.layers.averagePooling2d({ inputShape: [132, 132, 1], poolSize: 4 }),
    tf.layers.conv2d({ filters: 1, kernelSize: 3, strides: 3, activation: 'tanh' }),
    tf.layers.flatten(), tf.layers.dense({ units: 3 })`;

  test('is measured on a smaller twin alone, which has the map', async () => {
    const result = await verify(large);
    expect(result).toMatchObject({ unknowns: 132 * 132, whole: null, twin: { bound: 'exact', unknowns: 64 * 64 } });
    const { twin } = result;
    expect(twin && 'rank' in twin && twin.rank).toBe(twin && 'rank' in twin && twin.predicted.rank);
    expect(mapped(result)).toBe(result.twin);
  });

  test('is sketched besides where the whole is asked for', async () => {
    const { whole, twin } = await verify(large, { largestWhole: Number.POSITIVE_INFINITY });
    expect(whole).toMatchObject({ bound: 'sketch', unknowns: 132 * 132, maps: [] });
    expect(whole!.rank).toBeLessThan(200);
    expect(twin).toHaveProperty('rank');
  });

  test('is sketched all the same where it has no twin', async () => {
    const result = await verify(
      'tf.layers.dense({ inputShape: [20000], units: 2, trainable: false }), tf.layers.dense({ units: 3 })',
    );
    const twin = { reason: expect.stringContaining('picture') };
    expect(result).toMatchObject({ whole: { rank: 2, bound: 'sketch' }, twin });
    expect(mapped(result)).toBeNull();
  });
});

describe('the smaller twin', () => {
  const classifier = `tf.layers.conv2d({ inputShape: [224, 224, 3], filters: 8, kernelSize: 3, strides: 2, padding: 'same' }),
    tf.layers.maxPooling2d({ poolSize: 2 }), tf.layers.flatten(), tf.layers.dense({ units: 10 })`;

  test('keeps hyper-parameters, shrinks the picture and refits the dense layer', async () => {
    const { model } = await open(classifier);
    const twin = twinOf(model, 4096);
    if (!('graph' in twin)) throw new Error(twin.reason);
    const shapes = twin.graph.layers.map(layer => layer.outputShapes[0]);
    expect(shapes).toEqual([[32, 32, 3], [16, 16, 8], [8, 8, 8], [512], [10]]);
    expect(twin.graph.layers[4]).toMatchObject({ op: { kind: 'dense', inFeatures: 512, units: 10 } });
  });

  const halvings = (end: string, padding = 'same') => `tf.layers.inputLayer({ inputShape: [224, 224, 3] }),
    ${`tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: '${padding}' }), tf.layers.maxPooling2d({ poolSize: 2 }),`.repeat(5)}
    ${end}, tf.layers.flatten(), tf.layers.dense({ units: 10 })`;

  test('of a picture halved five times pools the whole map where the model does', async () => {
    const { model } = await open(halvings('tf.layers.averagePooling2d({ poolSize: 7 })'));
    const twin = twinOf(model, 4096);
    if (!('graph' in twin)) throw new Error(twin.reason);
    const pool = twin.graph.layers.at(-3);
    expect(pool).toMatchObject({ inputShapes: [[1, 1, 4]], outputShapes: [[1, 1, 4]], op: { window: [1, 1] } });
  });

  test('pads and crops as the model does', async () => {
    const { model } =
      await open(`tf.layers.inputLayer({ inputShape: [224, 224, 3] }), tf.layers.zeroPadding2d({ padding: [[1, 2], [3, 3]] }),
      tf.layers.cropping2D({ cropping: [[0, 5], [1, 0]] }), tf.layers.flatten(), tf.layers.dense({ units: 2 })`);
    const twin = twinOf(model, 4096);
    if (!('graph' in twin)) throw new Error(twin.reason);
    expect(twin.graph.layers.slice(1, 3).map(layer => layer.outputShapes[0])).toEqual([
      [35, 38, 3],
      [30, 37, 3],
    ]);
  });

  test('says how large a picture a model needs, where the twin’s would vanish', async () => {
    const { model } = await open(halvings('tf.layers.dropout({ rate: 0.5 })', 'valid'));
    // Five times (s − 2) / 2 leaves something from 94 on.
    expect(twinOf(model, 4096)).toEqual({
      reason: expect.stringMatching(/would vanish in .* about 98 × 98 is the least/),
    });
    const filled = await open(halvings('tf.layers.conv2d({ filters: 4, kernelSize: 7 })'));
    expect(twinOf(filled.model, 4096)).toEqual({ reason: 'the picture would vanish in conv2d_6' });
    const windowed = await open(halvings('tf.layers.averagePooling2d({ poolSize: 6, strides: 1 })'));
    expect(twinOf(windowed.model, 4096)).toEqual({ reason: expect.stringContaining('about 196 × 196 is the least') });
  });

  test('there is none for a model whose input is no picture', async () => {
    const { model } = await open('tf.layers.dense({ inputShape: [9000], units: 2 })');
    expect(twinOf(model, 4096)).toHaveProperty('reason');
  });
});
