import { expect, test } from 'vitest';
import {
  buildModel,
  type ModelSpec,
  type NodeSpec,
  type TensorSpec,
} from '../../../test/fixtures/onnx/model-builder.ts';
import { runtimeShapes } from '../../../test/fixtures/onnx/runtime-shapes.ts';
import { neverCancelled } from '../reader.ts';
import { buildGraph } from './build.ts';
import { decodeModel } from './decode.ts';
import { convertModel } from './from-proto.ts';

/** "Conv x,w -> y" and attributes. */
function node(text: string, attributes: NodeSpec['attributes'] = {}): NodeSpec {
  const [call = '', outputs = ''] = text.split(' -> ');
  const [op = '', inputs = ''] = call.split(' ');
  const names = (list: string) => (list === '' ? [] : list.split(',').map(name => (name === '_' ? '' : name)));
  return { op, inputs: names(inputs), outputs: names(outputs), attributes };
}

const ints = (...values: number[]): TensorSpec => ({ dims: [values.length], type: 7, values });
const int = (value: number): TensorSpec => ({ dims: [], type: 7, values: [value] });
const weight = (...dims: number[]): TensorSpec => ({ dims });
const constant = (name: string, tensor: TensorSpec): NodeSpec => ({
  ...node(`Constant  -> ${name}`),
  inputs: [],
  attributes: { value: { tensor } },
});

function read(spec: ModelSpec) {
  const bytes = buildModel(spec);
  const proto = decodeModel(bytes, neverCancelled);
  if (typeof proto === 'string') throw new Error(proto);
  const built = buildGraph(convertModel(proto, neverCancelled).model, { name: 'm', format: 'onnx' }, neverCancelled);
  return { bytes, ...built, graph: built.graph! };
}

/** What exporters emit for code that is more than a chain of layers. `types` are the layers that remain of it. */
const patterns: readonly (ModelSpec & {
  readonly pattern: string;
  readonly types: string;
  readonly shape: readonly (number | null)[];
})[] = [
  {
    pattern: 'x.view(x.size(0), -1) with a symbolic batch',
    inputs: { x: ['N', 3, 8, 8] },
    nodes: [
      node('Shape x -> s'),
      constant('zero', int(0)),
      node('Gather s,zero -> n', { axis: 0 }),
      node('Unsqueeze n,axis -> n1'),
      node('Concat n1,rest -> target', { axis: 0 }),
      node('Reshape x,target -> flat'),
      node('MatMul flat,w -> y'),
    ],
    initializers: { axis: ints(0), rest: ints(-1), w: weight(192, 10) },
    types: 'Input Reshape MatMul',
    shape: [10],
  },
  {
    pattern: 'x.view(-1, 16 * 5 * 5) with a symbolic batch',
    inputs: { x: ['N', 16, 5, 5] },
    nodes: [node('Reshape x,target -> y')],
    initializers: { target: ints(-1, 400) },
    types: 'Input Reshape',
    shape: [400],
  },
  {
    pattern: 'a convolution in channels-last surroundings',
    inputs: { x: [null, 9, 9, 3] },
    nodes: [
      node('Transpose x -> t', { perm: [0, 3, 1, 2] }),
      node('Conv t,k -> c', { strides: [2, 2], auto_pad: 'SAME_UPPER' }),
      node('Add c,b -> a'),
      node('Transpose a -> u', { perm: [0, 2, 3, 1] }),
      node('Reshape u,target -> f'),
      node('MatMul f,w -> m'),
      node('Add m,bias -> y'),
    ],
    initializers: {
      k: weight(4, 3, 3, 3),
      b: weight(1, 4, 1, 1),
      target: ints(-1, 100),
      w: weight(100, 7),
      bias: weight(7),
    },
    types: 'Input Transpose Conv Transpose Reshape MatMul',
    shape: [7],
  },
  {
    pattern: 'resizing to twice the size by shape arithmetic',
    inputs: { x: ['N', 3, 5, 6] },
    nodes: [
      node('Shape x -> s'),
      node('Slice s,two,four -> hw'),
      node('Mul hw,factor -> hw2'),
      node('Cast hw2 -> hwf', { to: 1 }),
      node('Floor hwf -> hwr'),
      node('Cast hwr -> hwi', { to: 7 }),
      node('Slice s,zero,two -> nc'),
      node('Concat nc,hwi -> sizes', { axis: 0 }),
      node('Resize x,_,_,sizes -> y', {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    ],
    initializers: { zero: ints(0), two: ints(2), four: ints(4), factor: ints(2, 2) },
    types: 'Input Resize',
    shape: [3, 10, 12],
  },
  {
    pattern: 'F.pad with its pads reordered at run time',
    inputs: { x: [1, 3, 4, 5] },
    nodes: [
      node('ConstantOfShape four -> zeros', { value: { tensor: { dims: [1], type: 7, values: [0] } } }),
      node('Concat given,zeros -> all', { axis: 0 }),
      node('Reshape all,pairs -> rows'),
      node('Slice rows,last,first,axis,back -> flipped'),
      node('Transpose flipped -> columns', { perm: [1, 0] }),
      node('Reshape columns,flat -> pads0'),
      node('Cast pads0 -> pads', { to: 7 }),
      node('Pad x,pads -> y', { mode: 'constant' }),
    ],
    initializers: {
      four: ints(4),
      given: ints(1, 2, 3, 4),
      pairs: ints(-1, 2),
      last: ints(-1),
      first: ints(-9223372036854775000),
      axis: ints(0),
      back: ints(-1),
      flat: ints(-1),
    },
    types: 'Input Pad',
    shape: [3, 11, 8],
  },
  {
    pattern: 'tensor.expand: a target with −1 where the dimension stays',
    inputs: { x: ['N', 1, 4] },
    nodes: [
      node('ConstantOfShape rank -> ones', { value: { tensor: { dims: [1], type: 7, values: [1] } } }),
      node('Mul ones,minus -> minusOnes'),
      node('Equal wanted,minusOnes -> stays'),
      node('Where stays,ones,wanted -> target'),
      node('Expand x,target -> y'),
    ],
    initializers: { rank: ints(3), minus: int(-1), wanted: ints(-1, 5, -1) },
    types: 'Input Expand',
    shape: [5, 4],
  },
  {
    pattern: 'squeeze and excitation',
    inputs: { x: ['N', 8, 6, 6] },
    nodes: [
      node('GlobalAveragePool x -> p'),
      node('Flatten p -> f'),
      node('Gemm f,w1,b1 -> g', { transB: 1 }),
      node('Relu g -> r'),
      node('Gemm r,w2,b2 -> h', { transB: 1 }),
      node('HardSigmoid h -> s'),
      node('Unsqueeze s,axes -> u'),
      node('Mul x,u -> y'),
    ],
    initializers: { w1: weight(2, 8), b1: weight(2), w2: weight(8, 2), b2: weight(8), axes: ints(2, 3) },
    types: 'Input GlobalAveragePool Flatten Gemm Relu Gemm HardSigmoid Unsqueeze Mul',
    shape: [8, 6, 6],
  },
  {
    pattern: 'vision transformer: patches, class token, one attention block',
    inputs: { x: ['N', 3, 8, 8] },
    nodes: [
      node('Conv x,patch -> p', { strides: [4, 4] }),
      node('Shape p -> ps'),
      node('Slice ps,i0,i2 -> nc'),
      node('Concat nc,minus -> t1', { axis: 0 }),
      node('Reshape p,t1 -> flat'),
      node('Transpose flat -> tokens', { perm: [0, 2, 1] }),
      node('Shape x -> xs'),
      node('Gather xs,zero -> n', { axis: 0 }),
      node('Unsqueeze n,i0 -> n1'),
      node('Concat n1,minus,minus -> t2', { axis: 0 }),
      node('ConstantOfShape three -> ones', { value: { tensor: { dims: [1], type: 7, values: [1] } } }),
      node('Neg ones -> minusOnes'),
      node('Equal t2,minusOnes -> stays'),
      node('Where stays,ones,t2 -> t3'),
      node('Expand cls,t3 -> clsN'),
      node('Concat clsN,tokens -> all', { axis: 1 }),
      node('Add all,position -> x0'),
      node('LayerNormalization x0,gamma,beta -> ln', { axis: -1 }),
      node('MatMul ln,wqkv -> qkv0'),
      node('Add qkv0,bqkv -> qkv'),
      node('Reshape qkv,heads -> qkv5'),
      node('Transpose qkv5 -> qkvT', { perm: [2, 0, 3, 1, 4] }),
      node('Gather qkvT,zero -> q', { axis: 0 }),
      node('Gather qkvT,one -> k', { axis: 0 }),
      node('Gather qkvT,two -> v', { axis: 0 }),
      node('Transpose k -> kT', { perm: [0, 1, 3, 2] }),
      node('MatMul q,kT -> scores0'),
      node('Mul scores0,scale -> scores'),
      node('Softmax scores -> a', { axis: -1 }),
      node('MatMul a,v -> o'),
      node('Transpose o -> oT', { perm: [0, 2, 1, 3] }),
      node('Reshape oT,merged -> o2'),
      node('Add x0,o2 -> x1'),
      node('Gather x1,zero -> first', { axis: 1 }),
      node('Gemm first,wh,bh -> y', { transB: 1 }),
    ],
    initializers: {
      patch: weight(6, 3, 4, 4),
      i0: ints(0),
      i2: ints(2),
      minus: ints(-1),
      zero: int(0),
      one: int(1),
      two: int(2),
      three: ints(3),
      cls: weight(1, 1, 6),
      position: weight(1, 5, 6),
      gamma: weight(6),
      beta: weight(6),
      wqkv: weight(6, 18),
      bqkv: weight(18),
      heads: ints(0, 5, 3, 2, 3),
      merged: ints(0, 5, 6),
      scale: { dims: [], values: [0.5] },
      wh: weight(10, 6),
      bh: weight(10),
    },
    types:
      'Input Conv Reshape Transpose Constant Concat Add LayerNormalization MatMul Reshape Transpose Gather Gather Gather Transpose MatMul Mul Softmax MatMul Transpose Reshape Add Gather Gemm',
    shape: [10],
  },
  {
    pattern: 'a weight transposed in the graph, and one shared through Identity',
    inputs: { x: ['N', 4] },
    nodes: [
      node('Transpose w -> wT', { perm: [1, 0] }),
      node('MatMul x,wT -> a'),
      node('Identity w -> again'),
      node('Gemm a,again -> y', { transB: 1 }),
    ],
    initializers: { w: weight(4, 4) },
    types: 'Input MatMul Gemm',
    shape: [4],
  },
  {
    pattern: 'a model for one example without a batch axis',
    inputs: { x: [3, 8, 8] },
    nodes: [node('Unsqueeze x,front -> b'), node('Conv b,k -> c'), node('Squeeze c,front -> y')],
    initializers: { front: ints(0), k: weight(5, 3, 3, 3) },
    types: 'Input Unsqueeze Conv Squeeze',
    shape: [5, 6, 6],
  },
  {
    pattern: 'a recurrent layer over a sequence with the batch first',
    inputs: { x: ['N', 7, 3] },
    nodes: [
      node('Transpose x -> t', { perm: [1, 0, 2] }),
      node('LSTM t,w,r,b -> s,h', { hidden_size: 4 }),
      node('Squeeze h,front -> last'),
      node('Gemm last,k -> y'),
    ],
    initializers: { w: weight(1, 16, 3), r: weight(1, 16, 4), b: weight(1, 32), front: ints(0), k: weight(4, 2) },
    types: 'Input Transpose LSTM Squeeze Gemm',
    shape: [2],
  },
  {
    pattern: 'both directions of a recurrent layer side by side, as PyTorch has them',
    inputs: { x: ['N', 7, 3] },
    nodes: [
      node('Transpose x -> t', { perm: [1, 0, 2] }),
      node('LSTM t,w,r,b -> s', { hidden_size: 4, direction: 'bidirectional' }),
      node('Transpose s -> u', { perm: [0, 2, 1, 3] }),
      node('Reshape u,joined -> v'),
      node('Transpose v -> y', { perm: [1, 0, 2] }),
    ],
    initializers: { w: weight(2, 16, 3), r: weight(2, 16, 4), b: weight(2, 32), joined: ints(0, 0, -1) },
    types: 'Input Transpose LSTM Transpose Reshape Transpose',
    shape: [7, 8],
  },
];

test.each([
  ['rows of a learned table, each once', ints(0, 1, 2), 'offset:true'],
  ['rows of a learned table, one of them twice', ints(0, 1, 1), 'constant:false'],
])('%s: what an Add makes of them', (_, rows, role) => {
  const { graph } = read({
    inputs: { x: ['N', 3, 4] },
    nodes: [node('Gather table,rows -> places', { axis: 0 }), node('Add x,places -> y')],
    initializers: { table: weight(9, 4), rows },
    outputs: { y: null },
  });
  expect(graph.layers.at(-1)!.weights.map(({ role, trainable }) => `${role}:${trainable}`)).toEqual([role]);
});

test.each([
  [['N', 3, 8, 8], []],
  [['N', 'seq', 4], ["The file leaves lengths of input 'x' open (seq)"]],
  [['N', 3, null, null], ["The file leaves lengths of input 'x' open:"]],
  [null, ["The file leaves the shape of input 'x' open:"]],
])('an input of shape %j', (shape, gaps) => {
  const { graph } = read({ inputs: { x: shape }, nodes: [node('Relu x -> y')], outputs: { y: null } });
  expect(graph.gaps.map(({ reason }, i) => reason.slice(0, gaps[i]?.length))).toEqual(gaps);
});

test('a batch of 1 that comes back through a transposition takes no axis of the permutation along', () => {
  const { graph } = read({
    inputs: { x: [1, 65, 24] },
    nodes: [
      node('Transpose x -> steps', { perm: [1, 0, 2] }),
      node('Reshape steps,rows -> r'),
      node('Reshape r,apart -> a'),
      node('Transpose a -> y', { perm: [1, 0, 2] }),
    ],
    initializers: { rows: ints(65, 24), apart: ints(65, 1, 24) },
    outputs: { y: null },
  });
  const back = graph.layers.at(-1)!;
  expect([back.inputShapes, back.outputShapes]).toEqual([[[65, 1, 24]], [[65, 24]]]);
  expect(back.op).toEqual({ kind: 'rearrange', how: 'flatten', permutation: [1, 0, 2] });
});

test.each(patterns)('$pattern', async ({ pattern, types, shape, ...spec }) => {
  const { bytes, graph, errors, values } = read({ ...spec, outputs: { y: null } });
  expect(errors).toEqual([]);
  expect(graph.gaps).toEqual([]);
  expect(graph.layers.filter(({ op }) => op.kind === 'unknown')).toEqual([]);
  expect(graph.layers.map(layer => layer.type).join(' ')).toBe(types);
  const [output] = graph.outputs;
  expect(graph.layers[output!.layer]!.outputShapes[output!.output]).toEqual(shape);
  const expected = await runtimeShapes(bytes);
  expect(new Map([...expected.keys()].map(name => [name, values.get(name)?.shape]))).toEqual(expected);
});
