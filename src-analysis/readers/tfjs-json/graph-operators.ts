import { convOutputLength } from '../../model/geometry.ts';
import type { Activation, DataFormat, Dim, MergeOp, Op, Padding, WeightRef } from '../../model/graph.ts';
import { flagOf, floatOf, type GraphNode, integersOf, shapeAttribute, textOf, textsOf } from './graph-attributes.ts';
import {
  type Describe,
  type FullShape,
  type NodeContext,
  type Operand,
  product,
  unknownOp,
} from './graph-operation.ts';
import { valueOperators } from './graph-value-operators.ts';

/** Activations by TensorFlow's names. */
const activations: Readonly<Record<string, string>> = {
  Relu: 'relu',
  Relu6: 'relu6',
  Elu: 'elu',
  Selu: 'selu',
  LeakyRelu: 'leakyRelu',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Softplus: 'softplus',
  Softsign: 'softsign',
  Softmax: 'softmax',
  LogSoftmax: 'logSoftmax',
  Prelu: 'prelu',
};

function activationOf(node: GraphNode, name: string): Activation | undefined {
  const known = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (known === undefined) return undefined;
  if (known === 'leakyRelu')
    return { name: known, alpha: floatOf(node, 'alpha') ?? floatOf(node, 'leakyrelu_alpha') ?? 0.2 };
  return known === 'softmax' || known === 'logSoftmax' ? { name: known, axis: -1 } : { name: known };
}

const activation: Describe = ({ node, inputs }) => ({
  op: { kind: 'activation', activation: activationOf(node, node.op) ?? { name: node.op } },
  outputs: [inputs[0]?.shape ?? null],
});

function weight(role: string, { constant, shape }: Operand): WeightRef {
  return { role, name: constant ?? '', shape: shape ?? [], trainable: true, source: { kind: 'stored' } };
}

function dataFormatOf(node: GraphNode): DataFormat {
  return textOf(node, 'data_format')?.startsWith('NC') ? 'channelsFirst' : 'channelsLast';
}

/** The entries of a per-axis attribute that belong to spatial axes. */
function spatial(values: readonly number[] | undefined, format: DataFormat, rank: number): readonly number[] {
  if (!values) return new Array<number>(rank).fill(1);
  return format === 'channelsLast' ? values.slice(1, 1 + rank) : values.slice(2, 2 + rank);
}

function paddingOf(node: GraphNode, format: DataFormat, rank: number): Padding {
  const word = textOf(node, 'padding');
  if (word === 'SAME') return { mode: 'same' };
  const pairs = integersOf(node, 'explicit_paddings') ?? [];
  if (word !== 'EXPLICIT' || pairs.length < 2 * (rank + 2)) return { mode: 'valid' };
  const first = format === 'channelsLast' ? 1 : 2;
  const at = (axis: number, end: number): number => pairs[2 * (first + axis) + end] ?? 0;
  const axes = [...new Array(rank).keys()];
  return { mode: 'explicit', before: axes.map(axis => at(axis, 0)), after: axes.map(axis => at(axis, 1)) };
}

/** What is fused into a convolution or product: a bias and an activation. */
function fusion({ node, inputs }: NodeContext): {
  bias: boolean;
  activation?: Activation;
  weights: WeightRef[];
  other?: string;
} {
  const names = textsOf(node, 'fused_ops');
  const bias = names.includes('BiasAdd');
  const other = names.find(name => name !== 'BiasAdd' && activationOf(node, name) === undefined);
  const last = names.at(-1);
  const found = last === undefined ? undefined : activationOf(node, last);
  const [, , biasInput, slope] = inputs;
  return {
    bias,
    ...(found && { activation: found }),
    weights: [
      ...(bias && biasInput ? [weight('bias', biasInput)] : []),
      ...(found?.name === 'prelu' && slope ? [weight('alpha', slope)] : []),
    ],
    ...(other !== undefined && { other }),
  };
}

function convolution(rank: 2 | 3, depthwise: boolean): Describe {
  return c => {
    const [x, filter] = c.inputs;
    const kernel = filter?.shape;
    if (!filter || kernel?.length !== rank + 2)
      return unknownOp('The kernel of this convolution is not a stored weight.');
    const format = dataFormatOf(c.node);
    const [inner = null, last = null] = kernel.slice(rank);
    const filters = depthwise ? product([inner, last]) : last;
    const window = {
      kernelSize: kernel.slice(0, rank),
      strides: spatial(integersOf(c.node, 'strides'), format, rank),
      dilations: spatial(integersOf(c.node, 'dilations'), format, rank),
      padding: paddingOf(c.node, format, rank),
    };
    const { bias, activation: fused, weights, other } = fusion(c);
    const channels = channelsOf(x?.shape ?? null, format);
    const outputs = [slide(x?.shape ?? null, window, rank, format, filters)];
    if (other !== undefined) return unknownOp(`${other} fused into a convolution is not covered.`, outputs);
    const problems =
      channels !== null && inner !== null && channels !== inner
        ? [`Its kernel takes ${inner} channels, but the input has ${channels}.`]
        : [];
    return {
      op: {
        kind: 'conv',
        spatialRank: rank,
        inChannels: inner,
        filters,
        ...window,
        groups: depthwise ? inner : 1,
        bias,
        dataFormat: format,
      },
      outputs,
      ...(fused && { activation: fused }),
      weights: [weight(depthwise ? 'depthwiseKernel' : 'kernel', filter), ...weights],
      problems,
    };
  };
}

function channelsOf(shape: FullShape, format: DataFormat): Dim {
  return (format === 'channelsLast' ? shape?.at(-1) : shape?.[1]) ?? null;
}

interface Window {
  readonly kernelSize: readonly Dim[];
  readonly strides: readonly Dim[];
  readonly dilations: readonly Dim[];
  readonly padding: Padding;
}

function slide(input: FullShape, window: Window, rank: number, format: DataFormat, filters: Dim): FullShape {
  if (input !== null && input.length !== rank + 2) return null;
  const [batch = null] = input ?? [];
  const first = format === 'channelsLast' ? 1 : 2;
  const lengths = window.kernelSize.map((kernel, axis) => {
    const [stride, dilation] = [window.strides[axis] ?? null, window.dilations[axis] ?? null];
    const length = convOutputLength(input?.[first + axis] ?? null, kernel, stride, dilation, window.padding, axis);
    return length !== null && length <= 0 ? null : length;
  });
  return format === 'channelsLast' ? [batch, ...lengths, filters] : [batch, filters, ...lengths];
}

function pooling(pool: 'max' | 'average', rank: 2 | 3): Describe {
  return ({ node, inputs }) => {
    const shape = inputs[0]?.shape ?? null;
    const format = dataFormatOf(node);
    const ones = new Array<number>(rank).fill(1);
    const window = {
      kernelSize: spatial(integersOf(node, 'ksize'), format, rank),
      strides: spatial(integersOf(node, 'strides'), format, rank),
      dilations: ones,
      padding: paddingOf(node, format, rank),
    };
    const { kernelSize, ...others } = window;
    return {
      op: {
        kind: 'pool',
        pool,
        spatialRank: rank,
        global: false,
        window: kernelSize,
        ...others,
        ceilMode: false,
        dataFormat: format,
      },
      outputs: [slide(shape, window, rank, format, channelsOf(shape, format))],
    };
  };
}

const matMul: Describe = c => {
  const [a, b] = c.inputs;
  const kernel = b?.shape ?? null;
  if (flagOf(c.node, 'transpose_a') || flagOf(c.node, 'adj_x'))
    return unknownOp('A product with a transposed input is not covered.');
  const transposed = flagOf(c.node, 'transpose_b') || flagOf(c.node, 'adj_y');
  if (b?.constant === undefined || kernel?.length !== 2) {
    const dims =
      kernel && a?.shape && kernel.length === a.shape.length
        ? [...a.shape.slice(0, -1), kernel.at(transposed ? -2 : -1) ?? null]
        : null;
    return { op: { kind: 'merge', merge: 'matmul' }, outputs: [dims] };
  }
  const [inFeatures = null, units = null] = transposed ? [kernel[1], kernel[0]] : kernel;
  const { bias, activation: fused, weights, other } = fusion(c);
  const outputs = [a?.shape ? [...a.shape.slice(0, -1), units] : c.node.op.includes('Batch') ? null : [null, units]];
  if (other !== undefined) return unknownOp(`${other} fused into a product is not covered.`, outputs);
  const given = a?.shape?.at(-1) ?? null;
  const problems =
    given !== null && inFeatures !== null && given !== inFeatures
      ? [`Its kernel takes ${inFeatures} features, but the input has ${given}.`]
      : [];
  return {
    op: { kind: 'dense', inFeatures, units, bias, ...(transposed && { transposedKernel: true }) },
    outputs,
    ...(fused && { activation: fused }),
    weights: [weight('kernel', b), ...weights],
    problems,
  };
};

/** Arithmetic on two operands: with a constant it is elementwise, of two tensors it joins branches. */
function arithmetic(name: string, merge?: MergeOp['merge']): Describe {
  return ({ inputs: [a, b] }) => {
    const outputs = [broadcast(a?.shape ?? null, b?.shape ?? null)];
    const constant = a?.constant !== undefined || b?.constant !== undefined;
    if (!constant && merge) return { op: { kind: 'merge', merge }, outputs };
    const [stored] = [a, b].filter(operand => operand?.constant !== undefined);
    const weights = stored?.shape && stored.shape.length > 0 ? [weight(name, stored)] : [];
    return { op: { kind: 'elementwise', name }, outputs, weights };
  };
}

export function broadcast(a: FullShape, b: FullShape): FullShape {
  if (a === null || b === null) return null;
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  const lead = long.length - short.length;
  return long.map((dim, i) => {
    const other = i < lead ? 1 : (short[i - lead] ?? null);
    if (dim === other || other === 1) return dim;
    if (dim === 1) return other;
    return dim === null || other === null ? null : null;
  });
}

function shapeKeeping(op: Op): Describe {
  return ({ inputs }) => ({ op, outputs: [inputs[0]?.shape ?? null] });
}

const batchNorm: Describe = c => {
  const [x, gamma, beta, mean, variance] = c.inputs;
  const channelAxis = dataFormatOf(c.node) === 'channelsLast' ? -1 : 0;
  const named = [
    ['gamma', gamma],
    ['beta', beta],
    ['movingMean', mean],
    ['movingVariance', variance],
  ] as const;
  return {
    op: { kind: 'norm', norm: 'batch', axes: [channelAxis], epsilon: floatOf(c.node, 'epsilon') ?? 1e-4 },
    outputs: [x?.shape ?? null],
    weights: named.flatMap(([role, operand]) =>
      operand?.constant === undefined ? [] : [{ ...weight(role, operand), trainable: !role.startsWith('moving') }],
    ),
  };
};

const squeeze: Describe = ({ node, inputs }) => {
  const shape = inputs[0]?.shape ?? null;
  const axes = integersOf(node, 'squeeze_dims') ?? [];
  const op: Op = { kind: 'rearrange', how: 'squeeze' };
  if (shape === null || (axes.length === 0 && shape.includes(null))) return { op, outputs: [null] };
  const dropped = new Set(axes.map(axis => (axis < 0 ? axis + shape.length : axis)));
  return { op, outputs: [shape.filter((dim, i) => (axes.length === 0 ? dim !== 1 : !dropped.has(i)))] };
};

const placeholder: Describe = ({ node }) => ({ op: { kind: 'input' }, outputs: [shapeAttribute(node, 'shape')] });

/** What each operation of TensorFlow does, for those that converted models are made of. */
export const graphOperators: ReadonlyMap<string, Describe> = new Map<string, Describe>([
  ['Placeholder', placeholder],
  ['PlaceholderWithDefault', placeholder],
  ...['Identity', 'StopGradient', 'Snapshot', 'PreventGradient', 'CheckNumerics'].map((op): [string, Describe] => [
    op,
    shapeKeeping({ kind: 'identity' }),
  ]),
  ...Object.keys(activations).map((op): [string, Describe] => [op, activation]),
  ...[
    'Cast',
    'Abs',
    'Neg',
    'Exp',
    'Log',
    'Log1p',
    'Sqrt',
    'Rsqrt',
    'Square',
    'Floor',
    'Round',
    'Sin',
    'Cos',
    'Erf',
    'Sign',
    'Reciprocal',
    'ClipByValue',
    'Ceil',
  ].map((op): [string, Describe] => [
    op,
    shapeKeeping({ kind: 'elementwise', name: op.charAt(0).toLowerCase() + op.slice(1) }),
  ]),
  ['Conv2D', convolution(2, false)],
  ['_FusedConv2D', convolution(2, false)],
  ['DepthwiseConv2dNative', convolution(2, true)],
  ['FusedDepthwiseConv2dNative', convolution(2, true)],
  ['Conv3D', convolution(3, false)],
  ['MaxPool', pooling('max', 2)],
  ['AvgPool', pooling('average', 2)],
  ['MaxPool3D', pooling('max', 3)],
  ['AvgPool3D', pooling('average', 3)],
  ...['MatMul', '_FusedMatMul', 'BatchMatMul', 'BatchMatMulV2'].map((op): [string, Describe] => [op, matMul]),
  ['BiasAdd', arithmetic('bias')],
  ['Add', arithmetic('add', 'add')],
  ['AddV2', arithmetic('add', 'add')],
  ['Sub', arithmetic('subtract', 'subtract')],
  ['Mul', arithmetic('multiply', 'multiply')],
  ['RealDiv', arithmetic('divide', 'divide')],
  ['Div', arithmetic('divide', 'divide')],
  ['Maximum', arithmetic('maximum', 'maximum')],
  ['Minimum', arithmetic('minimum', 'minimum')],
  ['SquaredDifference', arithmetic('squaredDifference')],
  ['Pow', arithmetic('pow')],
  ['FloorDiv', arithmetic('floorDivide')],
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op): [string, Describe] => [op, batchNorm]),
  ['Squeeze', squeeze],
  ...valueOperators,
]);
