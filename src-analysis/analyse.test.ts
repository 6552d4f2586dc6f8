import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyseModel } from './analyse.ts';
import type { ExactRanks } from './model/analysis.ts';
import { readOnnx } from './readers/onnx/read.ts';
import { neverCancelled } from './readers/reader.ts';
import { readTfjsCode } from './readers/tfjs-code/read.ts';

const fixtures = path.join(import.meta.dirname, '../test/fixtures');
const golden = JSON.parse(fs.readFileSync(path.join(fixtures, 'golden/rank.json'), 'utf8')).models as Record<
  string,
  {
    c_M: number;
    c_M_round: number;
    layers: { rank_W_exact: number; rank_K_exact: number; rank_U_exact: number; n: number }[];
  }
>;
const identifiable = JSON.parse(fs.readFileSync(path.join(fixtures, 'golden/identifiability.json'), 'utf8'))
  .rank as Record<string, number>;

const onnxModels = fs.readdirSync(path.join(fixtures, 'onnx/paper')).filter(file => file.endsWith('.onnx'));
const codeModels = fs.readdirSync(path.join(fixtures, 'tfjs-code/paper')).filter(file => /\.[jt]s$/.test(file));

function expectGolden(name: string, models: ReturnType<typeof readOnnx>['models']): void {
  expect(models).toHaveLength(1);
  const analysis = analyseModel(models[0]!, new Map(), neverCancelled);
  const convolutions = analysis.layers.filter(layer => models[0]!.layers[layer.layer]?.op.kind === 'conv');
  expect(
    convolutions.map(layer => [layer.unknowns, layer.rank?.weights, layer.rank?.gradients, layer.rank?.system]),
  ).toEqual(golden[name]!.layers.map(layer => [layer.n, layer.rank_W_exact, layer.rank_K_exact, layer.rank_U_exact]));
  expect(analysis.metric.c).toBeCloseTo(golden[name]!.c_M, 9);
  expect(analysis.metric).toMatchObject({ cRounded: golden[name]!.c_M_round, coverage: 'complete' });
  expect(analysis.identifiable).toMatchObject({ rank: identifiable[name], unknowns: 3072, basis: 'law' });
}

describe('the paper’s models agree with the golden figures', () => {
  test.each(onnxModels)('exported by PyTorch: %s', file => {
    const bytes = new Uint8Array(fs.readFileSync(path.join(fixtures, 'onnx/paper', file)));
    expectGolden(path.parse(file).name, readOnnx({ path: file, bytes }, neverCancelled).models);
  });

  test.each(codeModels)('in TensorFlow.js code: %s', file => {
    const text = fs.readFileSync(path.join(fixtures, 'tfjs-code/paper', file), 'utf8');
    expectGolden(path.parse(file).name, readTfjsCode({ path: file, text }, neverCancelled).models);
  });
});

describe('elimination of a whole model that a host may supply', () => {
  const text = `import * as tf from '@tensorflow/tfjs';
export const model = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [14, 14, 1], filters: 3, kernelSize: 3, strides: 2, activation: 'relu' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 5, activation: 'softmax' }),
] });`;
  const graph = readTfjsCode({ path: 'model.ts', text }, neverCancelled).models[0]!;
  const analyse = (exact: ExactRanks) => analyseModel(graph, exact, neverCancelled);
  const { identifiable: estimate, pendingRank } = analyse(new Map());

  test('is asked for where r is an estimate, under a key of what r depends on', () => {
    expect(estimate).toMatchObject({ basis: 'law', certainty: 'estimate' });
    expect(pendingRank).toMatch(/^model [0-9a-f]{16}$/);
    const renamed = {
      ...graph,
      name: 'other',
      layers: graph.layers.map(layer => ({ ...layer, name: `other ${layer.id}` })),
    };
    expect(analyseModel(renamed, new Map(), neverCancelled).pendingRank).toBe(pendingRank);
    const frozen = { ...graph, layers: graph.layers.map(layer => ({ ...layer, trainable: layer.id !== 1 })) };
    expect(analyseModel(frozen, new Map(), neverCancelled).pendingRank).not.toBe(pendingRank);
  });

  test('replaces the estimate: exactly, or as a range of draws', () => {
    const exact = analyse(new Map([[pendingRank!, { rank: 97, unknowns: 196 }]]));
    expect(exact.identifiable).toMatchObject({
      rank: 97,
      fraction: 97 / 196,
      basis: 'finite-field',
      certainty: 'exact',
    });
    expect(exact.identifiable.range).toBeUndefined();
    expect(exact.identifiable.assumptions.join()).not.toContain('estimate');
    expect(exact.pendingRank).toBeUndefined();
    const drawn = analyse(new Map([[pendingRank!, { rank: 97, unknowns: 196, range: [96, 98] }]]));
    expect(drawn.identifiable).toMatchObject({
      rank: 97,
      basis: 'finite-field',
      certainty: 'estimate',
      range: [96, 98],
    });
    expect(drawn.identifiable.assumptions).toContain(
      'r is an estimate: the mean over typical pictures and fresh weights, at which it was from 96 to 98',
    );
  });

  test('leaves the law’s estimate where it was out of reach', () => {
    expect(analyse(new Map([[pendingRank!, null]]))).toEqual({ ...analyse(new Map()), pendingRank: undefined });
  });

  test('is not asked for where it is done at once, or the model is large', () => {
    const of = (change: (code: string) => string) =>
      analyseModel(
        readTfjsCode({ path: 'model.ts', text: change(text) }, neverCancelled).models[0]!,
        new Map(),
        neverCancelled,
      );
    const small = of(code => code.replace('relu', 'tanh'));
    expect(small).toMatchObject({ identifiable: { basis: 'finite-field', certainty: 'exact' } });
    expect(small.pendingRank).toBeUndefined();
    const large = of(code => code.replace('[14, 14, 1]', '[224, 224, 3]'));
    expect(large).toMatchObject({ identifiable: { certainty: 'estimate' } });
    expect(large.pendingRank).toBeUndefined();
  });
});
