import { checkOperators } from '../../../../test/fixtures/onnx/operator-case.ts';

checkOperators([
  {
    op: 'LSTM',
    x: [7, 2, 3],
    weights: [
      [1, 20, 3],
      [1, 20, 5],
      [1, 40],
    ],
    attributes: { hidden_size: 5 },
    outputs: 3,
    is: { kind: 'unknown', reason: 'The batch is not on the axis it takes for the batch.' },
    y: null,
    runtime: [7, 1, 2, 5],
  },
  {
    op: 'GRU',
    x: [2, 7, 3],
    weights: [
      [2, 15, 3],
      [2, 15, 5],
      [2, 30],
    ],
    attributes: { hidden_size: 5, layout: 1, direction: 'bidirectional' },
    is: { kind: 'recurrent', cell: 'gru', units: 5, bidirectional: true, returnSequences: true },
    roles: ['kernel:true', 'recurrentKernel:true', 'bias:true'],
    y: [7, 2, 5],
    runtime: null,
  },
]);
