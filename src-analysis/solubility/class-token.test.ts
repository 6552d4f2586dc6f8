import { expect, test } from 'vitest';
import { buildModel } from '../../test/fixtures/onnx/model-builder.ts';
import { analyseModel } from '../analyse.ts';
import { readOnnx } from '../readers/onnx/read.ts';
import { neverCancelled } from '../readers/reader.ts';

test('a learned class token has no input and no verdict of its own', () => {
  const bytes = buildModel({
    inputs: { x: [1, 4, 6] },
    outputs: { y: null },
    nodes: [
      { op: 'Concat', inputs: ['token', 'x'], outputs: ['tokens'], attributes: { axis: 1 } },
      { op: 'MatMul', inputs: ['tokens', 'w'], outputs: ['y'] },
    ],
    initializers: { token: { dims: [1, 1, 6] }, w: { dims: [6, 5] } },
  });
  const { models } = readOnnx({ path: 'm.onnx', bytes }, neverCancelled);
  const { layers } = analyseModel(models[0]!, new Map(), neverCancelled);
  expect(models[0]!.layers.map(({ type }) => type)).toContain('Constant');
  expect(layers.map(({ layer }) => models[0]!.layers[layer]!.type)).toEqual(['MatMul']);
});
