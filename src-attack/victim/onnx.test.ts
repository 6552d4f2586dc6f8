import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { readOnnx } from '../../src-analysis/readers/onnx/read.ts';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { buildModel, type NodeSpec, type TensorSpec } from '../../test/fixtures/onnx/model-builder.ts';
import { createReferenceEngine } from '../engines/reference/engine.ts';
import { sizeOf } from '../ir/graph.ts';
import { buildVictim } from './build-victim.ts';
import { onnxWeightValues } from './onnx-weights.ts';

/*
 * ONNX operators as the attack engine builds them, against ONNX Runtime on the same file: the output for a batch of two.
 * (Derivatives are those of the graph's operations, which are tested on their own.)
 */

interface Case {
  readonly name: string;
  readonly input: readonly number[];
  /** Chains: an operator without inputs takes the output before it; `w` names are initializers of the given shape. */
  readonly nodes: readonly Step[];
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly opset?: number;
}

interface Step {
  readonly op: string;
  /** '' stands for the step before. */
  readonly inputs?: readonly string[];
  readonly output?: string;
  /** Where the step's result is not the operator's first output: how many stand before it. */
  readonly outputsBefore?: number;
  readonly attributes?: NodeSpec['attributes'];
  readonly domain?: string;
}

const domain = 'com.microsoft';

const float = (value: number): { readonly float: number } => ({ float: value });

const cases: readonly Case[] = [
  {
    name: 'residual block, concat, groups, batch-norm, leaky ReLU, global pooling, Gemm with factors',
    input: [4, 8, 7],
    weights: {
      w1: [6, 2, 3, 3],
      b1: [6],
      s: [6],
      o: [6],
      m: [6],
      v: [6],
      w2: [6, 6, 3, 3],
      w3: [6, 12, 1, 1],
      k: [5, 6],
      kb: [5],
    },
    nodes: [
      { op: 'Conv', inputs: ['x', 'w1', 'b1'], attributes: { group: 2, pads: [1, 0, 0, 2], strides: [2, 1] } },
      { op: 'BatchNormalization', inputs: ['', 's', 'o', 'm', 'v'], output: 'h' },
      { op: 'LeakyRelu', attributes: { alpha: float(0.1) } },
      { op: 'Conv', inputs: ['', 'w2'], attributes: { auto_pad: 'SAME_LOWER', kernel_shape: [3, 3] }, output: 'r' },
      { op: 'Add', inputs: ['h', 'r'], output: 'a' },
      { op: 'Concat', inputs: ['a', 'h'], attributes: { axis: 1 } },
      { op: 'Conv', inputs: ['', 'w3'] },
      { op: 'GlobalAveragePool' },
      { op: 'Flatten' },
      { op: 'Gemm', inputs: ['', 'k', 'kb'], attributes: { transB: 1, alpha: float(0.5), beta: float(2) } },
    ],
  },
  {
    name: 'transposed convolution with groups and output padding',
    input: [4, 5, 4],
    weights: { w: [4, 3, 3, 3], b: [6] },
    nodes: [
      {
        op: 'ConvTranspose',
        inputs: ['x', 'w', 'b'],
        attributes: { group: 2, strides: [2, 2], pads: [1, 0, 0, 1], output_padding: [1, 1], dilations: [1, 2] },
      },
      { op: 'Tanh' },
    ],
  },
  {
    name: 'average pooling in ceil mode, padding counted',
    input: [2, 8, 9],
    weights: { w: [2, 2, 1, 1] },
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'] },
      {
        op: 'AveragePool',
        attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 1], ceil_mode: 1, count_include_pad: 1 },
      },
    ],
    opset: 19,
  },
  {
    name: 'pooling in ceil mode, dilated maximum, padding not counted',
    input: [2, 9, 9],
    weights: { w: [2, 2, 1, 1] },
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'] },
      { op: 'MaxPool', attributes: { kernel_shape: [2, 2], strides: [2, 2], dilations: [2, 2], ceil_mode: 1 } },
      { op: 'AveragePool', attributes: { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] } },
    ],
    opset: 19,
  },
  {
    name: 'normalisations',
    input: [6, 5, 4],
    weights: { s: [6], o: [6], g: [6], h: [6], l: [4], n: [4] },
    nodes: [
      { op: 'InstanceNormalization', inputs: ['x', 's', 'o'] },
      { op: 'GroupNormalization', inputs: ['', 'g', 'h'], attributes: { num_groups: 3 } },
      { op: 'LayerNormalization', inputs: ['', 'l', 'n'], attributes: { axis: -1 } },
      { op: 'LRN', attributes: { size: 3, alpha: float(0.3), beta: float(0.6), bias: float(1.5) } },
    ],
    opset: 21,
  },
  {
    name: 'activations',
    input: [3, 4],
    weights: { slope: [3, 1] },
    nodes: [
      { op: 'PRelu', inputs: ['x', 'slope'] },
      { op: 'HardSwish' },
      { op: 'Celu', attributes: { alpha: float(0.5) } },
      { op: 'Selu' },
      { op: 'Mish' },
      { op: 'Gelu' },
      { op: 'Softsign' },
      { op: 'HardSigmoid' },
      { op: 'Softmax', attributes: { axis: 1 } },
    ],
    opset: 20,
  },
  {
    name: 'moving entries: permutation, slice, pad, upsampling, reduction',
    input: [4, 6, 5],
    weights: { w: [4, 4, 1, 1], starts: [2], ends: [2], axes: [2], steps: [2], pads: [8], scales: [4] },
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'] },
      { op: 'Transpose', attributes: { perm: [0, 2, 3, 1] } },
      { op: 'Transpose', attributes: { perm: [0, 3, 2, 1] }, output: 't' },
      { op: 'Slice', inputs: ['t', 'starts', 'ends', 'axes', 'steps'] },
      { op: 'Pad', inputs: ['', 'pads'] },
      {
        op: 'Resize',
        inputs: ['', '', 'scales'].with(1, 'none'),
        attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      },
      { op: 'ReduceMean', attributes: { axes: [2], keepdims: 0 } },
    ],
    opset: 13,
  },
  {
    name: 'entries taken by their positions',
    input: [4, 6, 5],
    weights: { w: [4, 4, 1, 1], rows: [2, 2], last: [] },
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'] },
      { op: 'Gather', inputs: ['', 'rows'], attributes: { axis: 2 } },
      { op: 'Tanh' },
      { op: 'Gather', inputs: ['', 'last'], attributes: { axis: 1 } },
    ],
  },
  {
    name: 'fused operators: offset and GELU, skip connection and normalisation',
    input: [5, 6],
    weights: { w: [6, 6], b: [6], c: [6], g: [6], h: [6], k: [6] },
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'] },
      { op: 'BiasGelu', domain, inputs: ['', 'b'], output: 'a' },
      { op: 'FastGelu', domain, inputs: ['', 'c'] },
      { op: 'SkipLayerNormalization', domain, inputs: ['', 'a', 'g', 'h', 'k'] },
      { op: 'SkipSimplifiedLayerNormalization', domain, inputs: ['', 'x', 'g', 'k'] },
    ],
  },
  {
    name: 'fused operators: convolution, sum and activation',
    input: [2, 6, 6],
    weights: { w: [2, 2, 3, 3], b: [2], w2: [2, 2, 1, 1] },
    nodes: [
      {
        op: 'FusedConv',
        domain,
        inputs: ['x', 'w', 'b', 'x'],
        attributes: { pads: [1, 1, 1, 1], activation: 'LeakyRelu', activation_params: { floats: [0.2] } },
        output: 'c',
      },
      { op: 'FusedConv', domain, inputs: ['x', 'w2', '', 'c'].with(2, 'none'), attributes: { activation: 'Relu' } },
    ],
  },
  {
    name: 'fused operators: products of two branches and attention',
    input: [5, 6],
    weights: { wq: [6, 6], wk: [6, 6], wv: [6, 6], b: [18], w: [6, 6] },
    nodes: [
      { op: 'MatMul', inputs: ['x', 'wq'], output: 'q' },
      { op: 'MatMul', inputs: ['x', 'wk'], output: 'k' },
      { op: 'MatMul', inputs: ['x', 'wv'], output: 'v' },
      {
        op: 'MultiHeadAttention',
        domain,
        inputs: ['q', 'k', 'v', 'b'],
        attributes: { num_heads: 2, scale: float(0.7) },
        output: 'm',
      },
      { op: 'FusedMatMul', domain, inputs: ['m', 'x'], attributes: { transB: 1, alpha: float(0.5) } },
      { op: 'FusedMatMul', domain, inputs: ['', 'x'], attributes: { transA: 1 } },
      { op: 'Attention', inputs: ['', 'q', 'v'], attributes: { q_num_heads: 3, kv_num_heads: 3 } },
    ],
    opset: 23,
  },
  {
    name: 'recurrent layers: forwards, backwards, both ways, their states',
    input: [5, 3],
    weights: {
      w: [1, 16, 3],
      r: [1, 16, 4],
      b: [1, 32],
      w2: [2, 9, 4],
      r2: [2, 9, 3],
      b2: [2, 18],
      w3: [1, 2, 6],
      r3: [1, 2, 2],
      zero: [1, 2, 2],
      one: [1],
      joined: [3],
    },
    nodes: [
      { op: 'Transpose', attributes: { perm: [1, 0, 2] } },
      { op: 'LSTM', inputs: ['', 'w', 'r', 'b'], attributes: { hidden_size: 4 } },
      { op: 'Squeeze', inputs: ['', 'one'], output: 's' },
      {
        op: 'GRU',
        inputs: ['', 'w2', 'r2', 'b2'],
        attributes: { hidden_size: 3, direction: 'bidirectional', linear_before_reset: 1 },
      },
      { op: 'Transpose', attributes: { perm: [0, 2, 1, 3] } },
      { op: 'Reshape', inputs: ['', 'joined'] },
      {
        op: 'RNN',
        inputs: ['', 'w3', 'r3', 'none', 'none', 'zero'],
        attributes: { hidden_size: 2, direction: 'reverse' },
      },
      { op: 'Transpose', attributes: { perm: [2, 0, 1, 3] } },
    ],
  },
  {
    name: 'last states of a GRU that resets first, and of an LSTM',
    input: [4, 3],
    weights: { w: [1, 9, 3], r: [1, 9, 3], b: [1, 18], w2: [2, 8, 3], r2: [2, 8, 2], b2: [2, 16], one: [1] },
    nodes: [
      { op: 'Transpose', attributes: { perm: [1, 0, 2] } },
      { op: 'GRU', inputs: ['', 'w', 'r', 'b'], attributes: { hidden_size: 3 } },
      { op: 'Squeeze', inputs: ['', 'one'] },
      {
        op: 'LSTM',
        inputs: ['', 'w2', 'r2', 'b2'],
        attributes: { hidden_size: 2, direction: 'bidirectional' },
        outputsBefore: 2,
      },
      { op: 'Transpose', attributes: { perm: [1, 0, 2] } },
    ],
  },
  {
    name: 'arithmetic with constants',
    input: [3, 4, 4],
    weights: { scale: [3, 1, 1], shift: [1], exponent: [1] },
    nodes: [
      { op: 'Mul', inputs: ['x', 'scale'] },
      { op: 'Sub', inputs: ['shift', ''] },
      { op: 'Abs' },
      { op: 'Pow', inputs: ['', 'exponent'] },
      { op: 'Sqrt' },
    ],
  },
];

/** Values of the initializers that steer an operator; all others are random. */
const steering: Readonly<Record<string, TensorSpec>> = {
  starts: { dims: [2], type: 7, values: [1, 0] },
  ends: { dims: [2], type: 7, values: [4, 6] },
  axes: { dims: [2], type: 7, values: [1, 3] },
  steps: { dims: [2], type: 7, values: [1, 2] },
  rows: { dims: [2, 2], type: 7, values: [1, 2, 5, -6] },
  last: { dims: [], type: 7, values: [-1] },
  pads: { dims: [8], type: 7, values: [0, 0, 1, 0, 0, 0, 2, 1] },
  scales: { dims: [4], values: [1, 1, 2, 3] },
  zero: { dims: [1, 2, 2], values: [0, 0, 0, 0] },
  one: { dims: [1], type: 7, values: [1] },
  joined: { dims: [3], type: 7, values: [0, 0, -1] },
  exponent: { dims: [1], values: [3] },
};

const batch = 2;

describe('outputs of ONNX Runtime', () => {
  it.each(cases)('$name', async ({ input, nodes, weights = {}, opset = 17 }) => {
    const bytes = modelOf(input, nodes, weights, opset);
    const { models, errors } = readOnnx({ path: 'model.onnx', bytes }, neverCancelled);
    expect(errors).toEqual([]);
    const [model] = models;
    const options = { batch, loss: 'mse', normMode: 'eval' } as const;
    const { victim, unsupported } = buildVictim(model!, onnxWeightValues(bytes, model!), options);
    expect(unsupported).toEqual([]);

    const x = Float32Array.from({ length: batch * sizeOf(input) }, (_, i) => Math.sin(1.7 * i + 0.3));
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor(x, [batch, ...input]) });
    const program = await createReferenceEngine().compile({ logits: victim!.logits });
    const { logits } = await program.run({ x });
    expect(victim!.logits.shape).toEqual(y!.dims);
    logits!.forEach((value, i) => {
      expect(value).toBeCloseTo((y!.data as Float32Array)[i]!, 4);
    });
  });
});

function modelOf(
  input: readonly number[],
  steps: readonly Step[],
  weights: Readonly<Record<string, readonly number[]>>,
  opset: number,
): Uint8Array {
  let before = 'x';
  const nodes = steps.map(
    ({ op, inputs = [''], output, outputsBefore = 0, attributes = {}, domain = '' }, i): NodeSpec => {
      const name = i === steps.length - 1 ? 'y' : (output ?? `v${i}`);
      const node = {
        op,
        inputs: inputs.map(each => (each === '' ? before : each === 'none' ? '' : each)),
        outputs: [...Array<string>(outputsBefore).fill(''), name],
        attributes,
        domain,
      };
      before = name;
      return node;
    },
  );
  const initializers = Object.fromEntries(
    Object.entries(weights).map(([name, dims], k): [string, TensorSpec] => [
      name,
      // Positive, for the variances among them.
      steering[name] ?? {
        dims,
        values: Array.from({ length: sizeOf(dims) }, (_, i) => 0.6 + 0.4 * Math.sin(2.3 * i + k)),
      },
    ]),
  );
  return buildModel({
    opset,
    domains: { [domain]: 1 },
    inputs: { x: ['N', ...input] },
    outputs: { y: null },
    nodes,
    initializers,
  });
}
