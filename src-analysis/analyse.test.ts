import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyseModel } from './analyse.ts';
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
