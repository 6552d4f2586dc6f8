import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { analyseModel } from '../analyse.ts';
import { readModels } from '../readers/read.ts';
import { neverCancelled } from '../readers/reader.ts';

const fixtures = path.join(import.meta.dirname, '../../test/fixtures');

/** [file, layers with an entry, soluble ones]: every layer with trained weights has a verdict. */
test.each([
  ['onnx/zoo/light_resnet50.onnx', 107, 36],
  ['onnx/zoo/light_squeezenet.onnx', 26, 14],
  ['onnx/zoo/light_shufflenet.onnx', 99, 38],
  ['tfjs-code/mobilenet.js', 55, 12],
])('%s has a verdict on every layer, with its assumptions', (file, count, soluble) => {
  const name = path.join(fixtures, file);
  const source = file.endsWith('.onnx')
    ? { path: name, bytes: new Uint8Array(readFileSync(name)) }
    : { path: name, text: readFileSync(name, 'utf8') };
  const [graph] = readModels(source, neverCancelled).models;
  const { layers, metric } = analyseModel(graph!, new Map(), neverCancelled);
  expect(layers.filter(layer => layer.verdict === 'unknown')).toEqual([]);
  expect(layers).toHaveLength(count);
  expect(layers.filter(layer => layer.verdict === 'soluble')).toHaveLength(soluble);
  expect(layers.every(layer => layer.assumptions.length > 0)).toBe(true);
  expect(metric.coverage).toBe('complete');
  const analysed = new Set(layers.map(layer => layer.layer));
  const trained = graph!.layers.filter(layer => layer.weights.some(weight => weight.trainable));
  expect(trained.filter(layer => !analysed.has(layer.id))).toEqual([]);
});
