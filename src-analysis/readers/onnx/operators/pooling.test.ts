import { checkOperators } from '../../../../test/fixtures/onnx/operator-case.ts';

checkOperators([
  {
    op: 'MaxPool',
    x: [2, 3, 7, 8],
    attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 0], ceil_mode: 1, dilations: [1, 2] },
    outputs: 2,
    is: {
      kind: 'pool',
      pool: 'max',
      global: false,
      spatialRank: 2,
      window: [3, 2],
      strides: [2, 2],
      dilations: [1, 2],
      ceilMode: true,
      dataFormat: 'channelsFirst',
    },
    y: [3, 4, 4],
  },
  {
    op: 'AveragePool',
    x: [2, 3, 7],
    attributes: { kernel_shape: [2], auto_pad: 'SAME_UPPER', strides: [3], count_include_pad: 1 },
    is: { kind: 'pool', pool: 'average', padding: { mode: 'same' }, countIncludePad: true },
    y: [3, 3],
  },
  {
    op: 'LpPool',
    x: [2, 3, 7, 7],
    attributes: { kernel_shape: [3, 3], p: 3 },
    is: { kind: 'pool', pool: 'lp', p: 3 },
    y: [3, 5, 5],
  },
  {
    op: 'GlobalAveragePool',
    x: [2, 3, 7, 7],
    is: { kind: 'pool', pool: 'average', global: true, window: [] },
    y: [3, 1, 1],
  },
  { op: 'GlobalMaxPool', x: [2, 3, 7], is: { kind: 'pool', pool: 'max', global: true, spatialRank: 1 }, y: [3, 1] },
  { op: 'GlobalLpPool', x: [2, 3, 7, 7], is: { kind: 'pool', pool: 'lp', global: true, p: 2 }, y: [3, 1, 1] },
]);
