import { expect } from 'vitest';
import { checkOperators } from '../../../../test/fixtures/onnx/operator-case.ts';

checkOperators([
  {
    op: 'Gemm',
    x: [2, 5],
    weights: [[3, 5], [3]],
    attributes: { transB: 1, alpha: { float: 2 }, beta: { float: 0.5 } },
    is: { kind: 'dense', inFeatures: 5, units: 3, bias: true, transposedKernel: true, alpha: 2, beta: 0.5 },
    roles: ['kernel:true', 'bias:true'],
    y: [3],
  },
  { op: 'Gemm', x: [2, 5], weights: [[5, 3]], is: { kind: 'dense', inFeatures: 5, units: 3, bias: false }, y: [3] },
  {
    op: 'Gemm',
    x: [2, 5],
    weights: [
      [5, 3],
      [1, 3],
    ],
    is: { kind: 'dense', bias: true },
    y: [3],
  },
  {
    op: 'Gemm',
    x: [2, 5],
    weights: [[5, 3], [1]],
    is: { kind: 'unknown', reason: expect.stringContaining('bias has shape [1]') as string },
    y: [3],
  },
  {
    op: 'Gemm',
    x: [2, 5],
    weights: [[2, 3]],
    attributes: { transA: 1 },
    is: { kind: 'unknown', reason: 'It mixes the samples of the batch.' },
    y: null,
    runtime: [5, 3],
  },
  {
    op: 'MatMul',
    x: [2, 7, 5],
    weights: [[5, 3]],
    is: { kind: 'dense', inFeatures: 5, units: 3, bias: false },
    roles: ['kernel:true'],
    y: [7, 3],
  },
  { op: 'MatMul', x: [2, 4, 7, 5], weights: [[4, 5, 3]], is: { kind: 'unknown' }, y: [4, 7, 3] },
]);
