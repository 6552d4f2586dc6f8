import { expect, test } from 'vitest';
import { readOnnxWeights } from '../onnx/weights.ts';
import { onnxTextToBinary } from './to-binary.ts';

const graph = (initializers: string) =>
  `<ir_version: 8> g (float[2] x) => (float[2] y) <${initializers}> { y = Mul (x, w) }`;

test('values written in the text are the weights of the file', () => {
  const weights = readOnnxWeights(onnxTextToBinary(graph('float[2] w = {1, -0.5}, int64 n = {-1}')));
  expect(weights).toEqual(
    new Map([
      ['w', { shape: [2], data: Float32Array.of(1, -0.5) }],
      ['n', { shape: [], data: BigInt64Array.of(-1n) }],
    ]),
  );
});

test('values that are not in the text are refused with a sentence', () => {
  const weights = (initializers: string) => () => readOnnxWeights(onnxTextToBinary(graph(initializers)));
  expect(weights('float[2] w = ["location": "m.onnx"]')).toThrow(/stored outside the model, in the file 'm.onnx'/);
  expect(weights('float[2] w = {}')).toThrow(/holds 0 values/);
  expect(weights('float[2] w = {1, x}')).toThrow(/^Expected a number, not 'x'\.$/);
});
