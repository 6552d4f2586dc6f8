import { checkOperators, ints } from '../../../../test/fixtures/onnx/operator-case.ts';

const domain = 'ai.onnx.ml';
const floats = (count: number) => ({ floats: Array<number>(count).fill(0.5) });

checkOperators([
  {
    op: 'Scaler',
    domain,
    x: [2, 4],
    attributes: { offset: floats(4), scale: floats(4) },
    is: { kind: 'elementwise', name: 'scaler' },
    y: [4],
  },
  {
    op: 'Normalizer',
    domain,
    x: [2, 4],
    attributes: { norm: 'L2' },
    is: { kind: 'elementwise', name: 'normalizer' },
    y: [4],
  },
  {
    op: 'LinearRegressor',
    domain,
    x: [2, 4],
    attributes: { coefficients: floats(12), intercepts: floats(3), targets: 3 },
    is: { kind: 'dense', inFeatures: 4, units: 3, bias: true, transposedKernel: true },
    roles: ['kernel:true', 'bias:true'],
    y: [3],
  },
  {
    op: 'LinearClassifier',
    domain,
    x: [2, 4],
    attributes: {
      coefficients: floats(12),
      intercepts: floats(3),
      classlabels_ints: [0, 1, 2],
      post_transform: 'SOFTMAX',
    },
    outputs: 2,
    is: { kind: 'dense', inFeatures: 4, units: 3, bias: true },
    y: [],
  },
  { op: 'ArrayFeatureExtractor', domain, x: [2, 4], weights: [ints(0, 2, 3)], is: { kind: 'elementwise' }, y: [3] },
  {
    op: 'OneHotEncoder',
    domain,
    x: [2, 4],
    type: 7,
    attributes: { cats_int64s: [1, 2, 3] },
    is: { kind: 'elementwise' },
    y: [4, 3],
  },
  { op: 'Binarizer', domain, x: [2, 4], attributes: { threshold: { float: 1 } }, is: { kind: 'elementwise' }, y: [4] },
  {
    op: 'FeatureVectorizer',
    domain,
    x: [2, 4],
    attributes: { inputdimensions: [4] },
    is: { kind: 'elementwise' },
    y: [4],
  },
]);
