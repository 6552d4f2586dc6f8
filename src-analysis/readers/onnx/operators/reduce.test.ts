import { checkOperators, ints } from '../../../../test/fixtures/onnx/operator-case.ts';

checkOperators([
  {
    op: 'ReduceMean',
    x: [2, 3, 4, 4],
    attributes: { axes: [2, 3], keepdims: 0 },
    is: { kind: 'reduce', name: 'mean', axes: [1, 2], keepDims: false },
    y: [3],
  },
  {
    op: 'ReduceSum',
    x: [2, 3, 4],
    weights: [ints(-1)],
    is: { kind: 'reduce', name: 'sum', axes: [1], keepDims: true },
    y: [3, 1],
  },
  {
    op: 'ReduceMax',
    x: [2, 3, 4],
    attributes: { axes: [1] },
    is: { kind: 'reduce', name: 'max', axes: [0], keepDims: true },
    y: [1, 4],
  },
  {
    op: 'ReduceMean',
    x: [2, 3],
    is: { kind: 'unknown', reason: 'It reduces over the samples of the batch.' },
    y: null,
    runtime: [1, 1],
  },
  {
    op: 'ArgMax',
    x: [2, 3],
    attributes: { axis: 1, keepdims: 0 },
    is: { kind: 'reduce', name: 'argMax', axes: [0] },
    y: [],
  },
]);
