import { expect } from 'vitest';
import { checkOperators } from '../../../../test/fixtures/onnx/operator-case.ts';

const norm = { kind: 'norm', epsilon: expect.closeTo(1e-5, 8) } as const;

checkOperators([
  {
    op: 'BatchNormalization',
    x: [2, 3, 4, 4],
    weights: [[3], [3], [3], [3]],
    is: { ...norm, norm: 'batch', axes: [0] },
    roles: ['gamma:true', 'beta:true', 'movingMean:false', 'movingVariance:false'],
    y: [3, 4, 4],
  },
  {
    op: 'BatchNormalization',
    x: [2, 3, 4, 4],
    weights: [[3], [3], [3], [3]],
    attributes: { training_mode: 1 },
    outputs: 3,
    is: { kind: 'norm', norm: 'batch', batchStatistics: true },
    y: [3, 4, 4],
  },
  {
    op: 'InstanceNormalization',
    x: [2, 3, 4, 4],
    weights: [[3], [3]],
    attributes: { epsilon: { float: 0.5 } },
    is: { kind: 'norm', norm: 'instance', axes: [0], epsilon: 0.5 },
    y: [3, 4, 4],
  },
  {
    op: 'LayerNormalization',
    x: [2, 3, 4],
    weights: [[4], [4]],
    outputs: 3,
    is: { ...norm, norm: 'layer', axes: [1] },
    roles: ['gamma:true', 'beta:true'],
    y: [3, 4],
  },
  {
    op: 'LayerNormalization',
    x: [2, 3, 4],
    weights: [[3, 4]],
    attributes: { axis: 1 },
    is: { kind: 'norm', norm: 'layer', axes: [0, 1] },
    y: [3, 4],
  },
  {
    op: 'GroupNormalization',
    x: [2, 6, 4],
    weights: [[6], [6]],
    attributes: { num_groups: 3 },
    opset: 21,
    is: { kind: 'norm', norm: 'group', groups: 3, axes: [0] },
    y: [6, 4],
  },
  {
    op: 'LRN',
    x: [2, 6, 4, 4],
    attributes: { size: 5, alpha: { float: 0.5 } },
    is: { kind: 'norm', norm: 'lrn', lrn: { size: 5, alpha: 0.5, beta: 0.75, bias: 1 } },
    y: [6, 4, 4],
  },
  {
    op: 'RMSNormalization',
    x: [2, 3, 4],
    weights: [[4]],
    opset: 23,
    is: { kind: 'norm', norm: 'rms', axes: [1] },
    y: [3, 4],
  },
]);
