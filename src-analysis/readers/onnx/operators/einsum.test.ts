import { checkOperators } from '../../../../test/fixtures/onnx/operator-case.ts';

checkOperators([
  {
    op: 'Einsum',
    x: [2, 5, 4],
    weights: [[4, 6]],
    attributes: { equation: 'bth,hd->btd' },
    is: { kind: 'dense', inFeatures: 4, units: 6, bias: false },
    roles: ['kernel:true'],
    y: [5, 6],
  },
  {
    op: 'Einsum',
    x: [2, 5, 4],
    weights: [[6, 4]],
    attributes: { equation: '...h,dh->...d' },
    is: { kind: 'dense', inFeatures: 4, units: 6, transposedKernel: true },
    y: [5, 6],
  },
  {
    op: 'Einsum',
    x: [2, 5, 4],
    weights: [[4, 3, 7]],
    attributes: { equation: 'bth,hnd->btnd' },
    is: { kind: 'unknown', reason: 'It multiplies by a constant in a way that is no dense layer.' },
    roles: ['kernel:true'],
    y: [5, 3, 7],
  },
  {
    op: 'Einsum',
    x: [2, 3, 3],
    attributes: { equation: 'bii->b' },
    is: { kind: 'elementwise', name: 'einsum' },
    y: [],
  },
  {
    op: 'Einsum',
    x: [2, 3, 4],
    weights: [[2, 4, 5]],
    attributes: { equation: 'bij, bjk' },
    is: { kind: 'unknown' },
    y: null,
    runtime: [3, 5],
  },
  {
    op: 'Einsum',
    x: [2, 3],
    attributes: { equation: 'ba->ab' },
    is: { kind: 'elementwise', name: 'einsum' },
    y: [3],
    runtime: [3, 2],
  },
]);
