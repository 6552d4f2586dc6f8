import { checkOperators, int8, int32, scalar, uint8 } from '../../../../test/fixtures/onnx/operator-case.ts';

const zeroPoint = uint8();
const scale = scalar(0.5);
const microsoft = 'com.microsoft';
const gap = 'Weights are stored quantised';

checkOperators([
  {
    op: 'QLinearConv',
    x: [2, 3, 8, 8],
    type: 2,
    weights: [scale, zeroPoint, uint8(6, 3, 3, 3), scale, zeroPoint, scale, zeroPoint, int32(6)],
    attributes: { strides: [2, 2] },
    is: { kind: 'conv', filters: 6, inChannels: 3, bias: true },
    roles: ['kernel:true', 'bias:true'],
    y: [6, 3, 3],
    gap,
  },
  {
    op: 'ConvInteger',
    x: [2, 3, 8, 8],
    type: 2,
    weights: [uint8(6, 3, 3, 3), zeroPoint, zeroPoint],
    attributes: { pads: [1, 1, 1, 1] },
    is: { kind: 'conv', filters: 6, bias: false },
    y: [6, 8, 8],
    gap,
  },
  {
    op: 'QLinearMatMul',
    x: [2, 5, 4],
    type: 2,
    weights: [scale, zeroPoint, uint8(4, 6), scale, zeroPoint, scale, zeroPoint],
    is: { kind: 'dense', inFeatures: 4, units: 6 },
    y: [5, 6],
    gap,
  },
  {
    op: 'MatMulInteger',
    x: [2, 4],
    type: 2,
    weights: [int8(4, 6)],
    is: { kind: 'dense', inFeatures: 4, units: 6 },
    y: [6],
    gap,
  },
  {
    op: 'QGemm',
    domain: microsoft,
    x: [2, 4],
    type: 2,
    weights: [scale, zeroPoint, uint8(6, 4), scale, zeroPoint, int32(6), scale, zeroPoint],
    attributes: { transB: 1 },
    is: { kind: 'dense', inFeatures: 4, units: 6, bias: true, transposedKernel: true },
    y: [6],
    gap,
  },
  {
    op: 'DynamicQuantizeMatMul',
    domain: microsoft,
    x: [2, 4],
    weights: [int8(4, 6), scale, int8(), [6]],
    is: { kind: 'dense', inFeatures: 4, units: 6, bias: true },
    roles: ['kernel:true', 'bias:true'],
    y: [6],
    gap,
  },
  {
    op: 'QLinearAdd',
    domain: microsoft,
    x: [2, 4],
    type: 2,
    weights: [scale, zeroPoint, uint8(1, 4), scale, zeroPoint, scale, zeroPoint],
    is: { kind: 'elementwise', name: 'quantizedAdd' },
    y: [4],
  },
  {
    op: 'QLinearGlobalAveragePool',
    domain: microsoft,
    x: [2, 3, 5, 5],
    type: 2,
    weights: [scale, zeroPoint, scale, zeroPoint],
    is: { kind: 'pool', global: true },
    y: [3, 1, 1],
  },
]);
