import * as activation from '../ir/activation.ts';
import * as arrange from '../ir/arrange.ts';
import { conv, convInputGrad, convolutionGeometry, convWeightGrad } from '../ir/convolution.ts';
import * as elementwise from '../ir/elementwise.ts';
import { gradient, jvp, vjp } from '../ir/gradient.ts';
import { type ConvolutionGeometry, createGraph, type Graph, type Node, sizeOf } from '../ir/graph.ts';
import { binaryCrossEntropy, crossEntropy, meanSquaredError } from '../ir/loss.ts';
import { dense, matmul } from '../ir/matmul.ts';
import { groupNorm, normalise, normaliseBy } from '../ir/normalisation.ts';
import { averagePool, globalAveragePool, globalMaxPool, maxPool } from '../ir/pooling.ts';
import { addAll, dot, mean, squaredNorm, sum, sumAll } from '../ir/reduce.ts';

/*
 * One small graph for every operation and for every composition that behaves differently on some engine. The
 * conformance suite computes each on every engine: value, gradient, gradient of a gradient distance, and the two
 * Jacobian products.
 */

export interface ConformanceCase {
  readonly name: string;
  /** Shapes of the inputs, all of which are differentiated. */
  readonly shapes: readonly (readonly number[])[];
  /** Inputs are drawn from this interval; (−1, 1) unless told. */
  readonly interval?: readonly [number, number];
  readonly build: (...inputs: Node[]) => Node;
}

/** The graph of one case, and inputs for it. */
export interface ConformanceProblem {
  readonly outputs: Readonly<Record<string, Node>>;
  readonly inputs: Readonly<Record<string, Float32Array>>;
  /** The cotangent u of `pulled`. */
  readonly cotangent: Float32Array;
  /** The tangents t of `pushed`, one for every input. */
  readonly tangents: readonly Float32Array[];
}

const image = [2, 3, 7, 6];
const none = { before: [0, 0], after: [0, 0] } as const;

export const conformanceCases: readonly ConformanceCase[] = [
  {
    name: 'add, broadcast',
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
    build: (a, b) => elementwise.add(a, b),
  },
  {
    name: 'sub, broadcast both ways',
    shapes: [
      [3, 1],
      [2, 1, 4],
    ],
    build: (a, b) => elementwise.sub(a, b),
  },
  { name: 'mul, broadcast', shapes: [[2, 3, 4], [4]], build: (a, b) => elementwise.mul(a, b) },
  {
    name: 'div, broadcast',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    interval: [0.5, 2],
    build: (a, b) => elementwise.div(a, b),
  },
  { name: 'neg', shapes: [[5]], build: a => elementwise.neg(a) },
  { name: 'tanh', shapes: [[2, 5]], interval: [-3, 3], build: elementwise.tanh },
  { name: 'sigmoid', shapes: [[2, 5]], interval: [-6, 6], build: elementwise.sigmoid },
  { name: 'softplus', shapes: [[2, 9]], interval: [-30, 30], build: elementwise.softplus },
  { name: 'exp', shapes: [[2, 5]], build: elementwise.exp },
  { name: 'log', shapes: [[2, 5]], interval: [0.3, 3], build: elementwise.log },
  { name: 'sqrt', shapes: [[2, 5]], interval: [0.3, 3], build: elementwise.sqrt },
  { name: 'abs', shapes: [[2, 5]], build: elementwise.abs },
  { name: 'sign', shapes: [[2, 5]], build: a => elementwise.mul(elementwise.sign(a), elementwise.square(a)) },
  { name: 'erf', shapes: [[2, 9]], interval: [-3, 3], build: elementwise.erf },
  { name: 'pow 3', shapes: [[2, 5]], build: a => elementwise.pow(a, 3) },
  { name: 'pow −0.5', shapes: [[2, 5]], interval: [0.5, 2], build: a => elementwise.pow(a, -0.5) },
  {
    name: 'maximum and minimum',
    shapes: [[2, 5], [5]],
    build: (a, b) => elementwise.sub(elementwise.maximum(a, b), elementwise.square(elementwise.minimum(a, b))),
  },
  { name: 'leaky ReLU', shapes: [[2, 9]], build: a => elementwise.leakyRelu(a, 0.2) },
  { name: 'ReLU', shapes: [[2, 9]], build: elementwise.relu },
  { name: 'elu', shapes: [[2, 9]], interval: [-3, 3], build: a => activation.elu(a, 0.7) },
  { name: 'selu', shapes: [[2, 9]], interval: [-3, 3], build: a => activation.selu(a) },
  { name: 'celu', shapes: [[2, 9]], interval: [-3, 3], build: a => activation.celu(a, 0.7) },
  { name: 'gelu', shapes: [[2, 9]], interval: [-3, 3], build: activation.gelu },
  { name: 'gelu, tanh form', shapes: [[2, 9]], interval: [-3, 3], build: activation.geluTanh },
  { name: 'silu', shapes: [[2, 9]], interval: [-3, 3], build: activation.silu },
  { name: 'mish', shapes: [[2, 9]], interval: [-3, 3], build: activation.mish },
  { name: 'softsign', shapes: [[2, 9]], build: activation.softsign },
  { name: 'hard sigmoid', shapes: [[2, 9]], interval: [-4, 4], build: a => activation.hardSigmoid(a) },
  { name: 'hard swish', shapes: [[2, 9]], interval: [-5, 5], build: activation.hardSwish },
  { name: 'thresholded ReLU', shapes: [[2, 9]], interval: [-2, 2], build: a => activation.thresholdedRelu(a, 0.4) },
  {
    name: 'PReLU',
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
    build: activation.prelu,
  },
  { name: 'softmax', shapes: [[3, 5]], interval: [-3, 3], build: a => activation.softmax(a) },
  { name: 'softmax over axis 1', shapes: [[2, 4, 3]], interval: [-3, 3], build: a => activation.softmax(a, 1) },
  { name: 'log-softmax of large logits', shapes: [[3, 5]], interval: [80, 95], build: a => activation.logSoftmax(a) },
  { name: 'reshape', shapes: [[2, 6]], build: a => elementwise.exp(arrange.reshape(a, [3, 4])) },
  { name: 'transpose', shapes: [[2, 3, 4, 5]], build: a => elementwise.exp(arrange.transpose(a, [3, 0, 2, 1])) },
  { name: 'expand', shapes: [[3, 1]], build: a => elementwise.exp(arrange.expand(a, [2, 3, 4])) },
  { name: 'slice', shapes: [[2, 5, 6]], build: a => elementwise.exp(arrange.slice(a, [0, 1, 2], [2, 4, 5])) },
  {
    name: 'slice with steps',
    shapes: [[2, 7, 8]],
    build: a => elementwise.exp(arrange.slice(a, [0, 1, 0], [2, 7, 8], [1, 2, 3])),
  },
  { name: 'pad', shapes: [[2, 3, 4]], build: a => elementwise.exp(arrange.pad(a, [0, 1, 2], [1, 0, 3], 0.5)) },
  {
    name: 'concat',
    shapes: [
      [2, 3],
      [2, 1],
      [2, 4],
    ],
    build: (...parts) => elementwise.exp(arrange.concat(parts, 1)),
  },
  { name: 'sum over axes', shapes: [[2, 3, 4]], build: a => elementwise.exp(sum(a, [0, 2])) },
  {
    name: 'sum of thousands of terms',
    shapes: [[2, 63, 67]],
    build: a => elementwise.tanh(elementwise.mul(sumAll(a), 0.01)),
  },
  { name: 'mean over many entries', shapes: [[4, 2, 33, 31]], build: a => mean(a, [0, 2, 3]) },
  {
    name: 'matrix product',
    shapes: [
      [3, 4],
      [4, 5],
    ],
    build: (a, b) => matmul(a, b),
  },
  {
    name: 'matrix product, both transposed',
    shapes: [
      [4, 3],
      [5, 4],
    ],
    build: (a, b) => matmul(a, b, true, true),
  },
  {
    name: 'stacked matrix product, first transposed',
    shapes: [
      [2, 4, 3],
      [2, 4, 5],
    ],
    build: (a, b) => matmul(a, b, true, false),
  },
  {
    name: 'stacked matrix product, second transposed',
    shapes: [
      [2, 2, 3, 4],
      [2, 2, 5, 4],
    ],
    build: (a, b) => matmul(a, b, false, true),
  },
  {
    name: 'dense on the last axis',
    shapes: [
      [2, 3, 4],
      [5, 4],
    ],
    build: (x, w) => dense(x, w, true),
  },
  ...convolutionCases('convolution', image, [4, 3, 3, 2], {}),
  ...convolutionCases('convolution, stride 2, asymmetric padding', image, [4, 3, 3, 3], {
    strides: [2, 2],
    padBefore: [0, 1],
    padAfter: [1, 2],
  }),
  ...convolutionCases('convolution, stride 3, padding 2', image, [2, 3, 3, 3], { strides: [3, 3], padBefore: [2, 2] }),
  ...convolutionCases('convolution, dilation 2', image, [4, 3, 3, 2], { dilations: [2, 2], padBefore: [1, 1] }),
  ...convolutionCases('convolution, stride 2 and dilation 2', [2, 2, 9, 9], [3, 2, 3, 3], {
    strides: [2, 2],
    dilations: [2, 2],
    padBefore: [1, 2],
  }),
  ...convolutionCases('grouped convolution', [2, 4, 6, 5], [6, 2, 3, 3], {
    groups: 2,
    padBefore: [1, 1],
    strides: [2, 1],
  }),
  ...convolutionCases('depthwise convolution', [2, 4, 6, 5], [8, 1, 3, 3], { groups: 4, padBefore: [1, 1] }),
  ...convolutionCases('1×1 convolution', image, [5, 3, 1, 1], {}),
  ...convolutionCases('strided 1×1 convolution', image, [5, 3, 1, 1], { strides: [2, 2] }),
  ...convolutionCases('convolution, batch 1', [1, 3, 8, 8], [4, 3, 5, 5], { strides: [2, 2], padBefore: [2, 2] }),
  ...convolutionCases('wide convolution, batch 1', [1, 24, 6, 6], [20, 24, 3, 3], { padBefore: [1, 1] }),
  ...convolutionCases('wide convolution, batch 2, groups', [2, 40, 5, 5], [40, 20, 3, 3], {
    padBefore: [1, 1],
    groups: 2,
    strides: [2, 2],
  }),
  ...convolutionCases('1-D convolution', [2, 3, 1, 9], [4, 3, 1, 4], { strides: [1, 2] }),
  { name: 'max-pool 2×2', shapes: [[2, 3, 6, 6]], build: x => maxPool(x, pooling(2, 2)) },
  { name: 'max-pool 3×3, stride 2, padded', shapes: [[2, 2, 7, 7]], build: x => maxPool(x, pooling(3, 2, 1)) },
  { name: 'average-pool 2×2', shapes: [[2, 3, 6, 6]], build: x => averagePool(x, pooling(2, 2), none) },
  {
    name: 'average-pool, padding counted',
    shapes: [[2, 2, 7, 7]],
    build: x => averagePool(x, pooling(3, 2, 1), { before: [1, 1], after: [1, 1] }),
  },
  {
    name: 'average-pool, padding not counted',
    shapes: [[2, 2, 7, 7]],
    build: x => averagePool(x, pooling(3, 2, 1), none),
  },
  {
    name: 'global pooling',
    shapes: [[2, 3, 4, 5]],
    build: x => elementwise.add(globalAveragePool(x), globalMaxPool(x)),
  },
  {
    name: 'batch-norm, eval',
    shapes: [image, [3, 1, 1], [3, 1, 1], [3, 1, 1]],
    interval: [0.5, 2],
    build: (x, m, v, s) => normalise(x, m, v, 1e-3, s),
  },
  {
    name: 'batch-norm, train',
    shapes: [image, [3, 1, 1], [3, 1, 1]],
    build: (x, s, b) => normaliseBy(x, [0, 2, 3], 1e-3, s, b),
  },
  { name: 'layer-norm', shapes: [[3, 6], [6], [6]], build: (x, s, b) => normaliseBy(x, [1], 1e-3, s, b) },
  {
    name: 'group-norm',
    shapes: [
      [2, 4, 3, 3],
      [4, 1, 1],
      [4, 1, 1],
    ],
    build: (x, s, b) => groupNorm(x, 2, 1e-3, s, b),
  },
  {
    name: 'cross-entropy',
    shapes: [
      [3, 5],
      [3, 5],
    ],
    build: crossEntropy,
  },
  {
    name: 'binary cross-entropy',
    shapes: [
      [3, 1],
      [3, 1],
    ],
    interval: [-4, 4],
    build: binaryCrossEntropy,
  },
  {
    name: 'mean squared error',
    shapes: [
      [3, 5],
      [3, 5],
    ],
    build: meanSquaredError,
  },
  {
    name: 'cosine of two gradients',
    shapes: [
      [4, 5],
      [4, 5],
    ],
    build: cosine,
  },
  { name: 'total variation', shapes: [[1, 3, 6, 6]], build: totalVariation },
  {
    name: 'residual block',
    shapes: [
      [2, 3, 6, 6],
      [3, 3, 3, 3],
      [3, 3, 3, 3],
    ],
    build: residualBlock,
  },
];

/**
 * Value, gradient, d/d(inputs) of a gradient distance, Jᵀu and Jt of a case, with seeded inputs. Several cases may share
 * a graph, which is compiled once; names of inputs and outputs then start with a prefix.
 */
export function conformanceProblem(
  testCase: ConformanceCase,
  graph: Graph = createGraph(),
  prefix = '',
): ConformanceProblem {
  const random = seededUniform(testCase.shapes.length * 7919 + testCase.name.length);
  const draw = (shape: readonly number[], low: number, high: number): Float32Array =>
    Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random());
  const [low, high] = testCase.interval ?? [-1, 1];
  const inputs = testCase.shapes.map((shape, i) => graph.input(`${prefix}in${i}`, shape));
  const value = testCase.build(...inputs);
  const cotangent = draw(value.shape, -1, 1);
  const weights = graph.constant('weights', value.shape, cotangent);
  // The square makes the gradient depend on the value, so that the second derivative of a linear operation shows too.
  const loss = elementwise.add(dot(weights, value), elementwise.mul(0.5, squaredNorm(value)));
  const gradients = gradient(loss, inputs);
  const tangents = gradients.map(node => draw(node.shape, -1, 1));
  const targets = gradients.map((node, i) => graph.constant(`target${i}`, node.shape, tangents[i]!));
  const distance = addAll(gradients.map((node, i) => squaredNorm(elementwise.sub(node, targets[i]!))));
  const seconds = gradient(distance, inputs);
  const pulled = vjp([value], inputs, [weights]);
  const pushed = jvp([value], inputs, targets);
  const outputs = {
    value,
    loss,
    distance,
    pushed: pushed[0]!,
    ...numbered({ gradient: gradients, second: seconds, pulled }),
  };
  return {
    outputs: withPrefix(prefix, outputs),
    inputs: Object.fromEntries(inputs.map((node, i) => [`${prefix}in${i}`, draw(node.shape, low, high)])),
    cotangent,
    tangents,
  };
}

/** Lists of nodes as outputs `gradient0`, `gradient1`, … */
function numbered(lists: Readonly<Record<string, readonly Node[]>>): Record<string, Node> {
  return Object.fromEntries(
    Object.entries(lists).flatMap(([name, nodes]) => nodes.map((node, i): [string, Node] => [name + i, node])),
  );
}

function withPrefix<T>(prefix: string, entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [prefix + name, value]));
}

/** A convolution and its two gradients as functions of their own, each of which is differentiated twice. */
function convolutionCases(
  name: string,
  xShape: readonly number[],
  wShape: readonly number[],
  given: Partial<ConvolutionGeometry>,
): ConformanceCase[] {
  const geometry = convolutionGeometry(given);
  const graph = createGraph();
  const yShape = conv(graph.input('x', xShape), graph.input('w', wShape), geometry).shape;
  return [
    { name, shapes: [xShape, wShape], build: (x, w) => conv(x, w, geometry) },
    {
      name: `${name}: input gradient`,
      shapes: [yShape, wShape],
      build: (dy, w) => convInputGrad(dy, w, xShape, geometry),
    },
    {
      name: `${name}: weight gradient`,
      shapes: [xShape, yShape],
      build: (x, dy) => convWeightGrad(x, dy, wShape, geometry),
    },
  ];
}

function pooling(kernel: number, stride: number, padding = 0) {
  return {
    kernel: [kernel, kernel],
    strides: [stride, stride],
    padBefore: [padding, padding],
    padAfter: [padding, padding],
    dilations: [1, 1],
  } as const;
}

function cosine(a: Node, b: Node): Node {
  const lengths = elementwise.mul(elementwise.sqrt(squaredNorm(a)), elementwise.sqrt(squaredNorm(b)));
  return elementwise.sub(1, elementwise.div(dot(a, b), lengths));
}

function totalVariation(x: Node): Node {
  const [, , height, width] = x.shape as [number, number, number, number];
  const slope = (axis: number, length: number): Node =>
    elementwise.abs(elementwise.sub(arrange.sliceAxis(x, axis, 1, length), arrange.sliceAxis(x, axis, 0, length - 1)));
  return elementwise.add(sumAll(slope(2, height)), sumAll(slope(3, width)));
}

function residualBlock(x: Node, w1: Node, w2: Node): Node {
  const geometry = convolutionGeometry({ padBefore: [1, 1] });
  return elementwise.tanh(elementwise.add(x, conv(elementwise.relu(conv(x, w1, geometry)), w2, geometry)));
}

/** Marsaglia's 32-bit xorshift, as numbers between 0 and 1. */
function seededUniform(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
