import { expect, test } from 'vitest';
import { buildModel, type TensorSpec } from '../../test/fixtures/onnx/model-builder.ts';
import { analyseModel } from '../analyse.ts';
import { readOnnx } from '../readers/onnx/read.ts';
import { neverCancelled } from '../readers/reader.ts';

const list = (...values: number[]): TensorSpec => ({ dims: [values.length], type: 7, values });
const one = (value: number): TensorSpec => ({ dims: [], type: 7, values: [value] });

// [5, 3] → the rows or columns taken → flat → 4 units: what is not taken does not enter the gradient.
const cases: readonly (readonly [what: string, TensorSpec, axis: number, features: number, rank: number])[] = [
  ['the first row', one(0), 1, 3, 3],
  ['the last row', one(-1), 1, 3, 3],
  ['rows out of order, one of them twice', list(4, 1, 4), 1, 9, 6],
  ['columns', list(2, 0), 2, 10, 10],
  ['all rows, backwards', list(4, 3, 2, 1, 0), 1, 15, 15],
];

test.each(cases)('r counts %s alone', (_, indices, axis, features, rank) => {
  const bytes = buildModel({
    inputs: { x: ['N', 5, 3] },
    outputs: { y: null },
    nodes: [
      { op: 'Gather', inputs: ['x', 'indices'], outputs: ['taken'], attributes: { axis } },
      { op: 'Flatten', inputs: ['taken'], outputs: ['flat'] },
      { op: 'Gemm', inputs: ['flat', 'w', 'b'], outputs: ['y'], attributes: { transB: 1 } },
    ],
    initializers: { indices, w: { dims: [4, features] }, b: { dims: [4] } },
  });
  const { models } = readOnnx({ path: 'm.onnx', bytes }, neverCancelled);
  const { identifiable, layers } = analyseModel(models[0]!, new Map(), neverCancelled);
  expect([identifiable.rank, identifiable.unknowns]).toEqual([rank, 15]);
  expect(layers.map(({ layer }) => models[0]!.layers[layer]!.type)).toEqual(['Gemm']);
});
