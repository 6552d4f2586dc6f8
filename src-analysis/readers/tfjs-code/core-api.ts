import type ts from 'typescript';
import type { Dim, Op } from '../../model/graph.ts';
import type { ConfigValue, LayerConfig } from '../tfjs-layers/config.ts';
import { unknown as unknownConfig } from '../tfjs-layers/config.ts';
import type { Context } from './context.ts';
import { sentence } from './context.ts';
import { applyDescribed, applyLayer, makeConfiguredLayer, opaque, operationClass, unknownTensor } from './layers.ts';
import type { Call, EagerValue, TensorValue, Value } from './values.ts';
import { dimOf, isArray, isEager, isExact, isTensor, isUnknown, shapeOf, unknown } from './values.ts';

/**
 * Models written with operations on tensors (`tf.conv2d(x, w, …)`, `x.matMul(w)`) instead of layers. Tensors whose shape
 * the code states, such as `tf.variable(tf.zeros([3, 3, 1, 8]))`, are weights; an operation on one of them and something
 * else is a layer of the same name.
 */

/** Functions that make a tensor of the shape in their first argument. */
const fillers = new Set(['zeros', 'ones', 'randomNormal', 'randomUniform', 'truncatedNormal', 'fill', 'randomGamma']);
/** Functions that make a tensor of values and the shape in their second argument. */
const literals = new Set(['tensor', 'tensor1d', 'tensor2d', 'tensor3d', 'tensor4d', 'tensor5d']);

/** A tensor whose shape the code states; undefined where the call makes none. */
export function eagerTensor(name: string, args: readonly Value[]): EagerValue | undefined {
  if (name === 'variable' && isEager(args[0])) return args[0];
  const given = fillers.has(name) ? args[0] : literals.has(name) ? args[1] : undefined;
  const shape = shapeArgument(given);
  return shape ? { kind: 'eager', shape } : undefined;
}

function shapeArgument(value: Value): readonly Dim[] | undefined {
  return isArray(value) && isExact(value) ? value.elements.map(dimOf) : undefined;
}

type Operation = (c: OperationCall) => Value;

interface OperationCall {
  readonly context: Context;
  readonly name: string;
  readonly node: ts.Node;
  /** What it works on. */
  readonly x: TensorValue;
  /** Its other arguments. */
  readonly args: readonly Value[];
}

/** Applies the layer of `tf.layers` that does the same. */
function asLayer(c: OperationCall, className: string, config: LayerConfig): TensorValue {
  const layer = makeConfiguredLayer(c.context, c.name, className, config, c.node);
  return { kind: 'tensor', node: applyLayer(c.context, layer, [c.x]), output: 0 };
}

function notFollowed({ context, name, x, node }: OperationCall, reason: string, op?: Op): TensorValue {
  const layer = makeConfiguredLayer(context, name, operationClass, {}, node);
  const described = opaque(op ?? { kind: 'unknown', reason: sentence(reason) }, [op ? shapeOf(x) : null]);
  return { kind: 'tensor', node: applyDescribed(context, layer, [x], described), output: 0 };
}

/** Strides, windows: a number, or one for each axis. */
function sizes(value: Value): ConfigValue {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return value;
  const list = shapeArgument(value);
  return list ? list.map(dim => dim ?? unknownConfig('it is not known here')) : unknownConfig('it is not known here');
}

/** `'same'`, `'valid'`, or elements on each side; undefined where that is another number than 0. */
function padding(value: Value): ConfigValue | undefined {
  if (value === 'same' || value === 'valid') return value;
  if (value === 0) return 'valid';
  return isUnknown(value) ? unknownConfig(value.reason) : undefined;
}

const convolve =
  (depthwise: boolean): Operation =>
  c => {
    const [kernel, strides, pad] = c.args;
    const mode = padding(pad);
    if (!isEager(kernel) || kernel.shape.length !== 4)
      return notFollowed(c, 'the kernel of this convolution is not known here');
    if (mode === undefined) return notFollowed(c, 'its padding is not one that is followed');
    const [height = null, width = null, , last = null] = kernel.shape;
    const count = last ?? unknownConfig('a dimension of its kernel is not known here');
    const kernelSize = [height, width].map(dim => dim ?? unknownConfig('a dimension of its kernel is not known here'));
    const common = { kernelSize, strides: sizes(strides), padding: mode, useBias: false };
    return depthwise
      ? asLayer(c, 'DepthwiseConv2D', { ...common, depthMultiplier: count })
      : asLayer(c, 'Conv2D', { ...common, filters: count });
  };

const pool =
  (className: string): Operation =>
  c => {
    const [size, strides, pad] = c.args;
    const mode = padding(pad);
    if (mode === undefined) return notFollowed(c, 'its padding is not one that is followed');
    return asLayer(c, className, { poolSize: sizes(size), strides: sizes(strides), padding: mode });
  };

const matMul: Operation = c => {
  const [kernel, transposeA, transposeB] = c.args;
  if (!isEager(kernel) || kernel.shape.length !== 2 || transposeA === true) {
    return notFollowed(c, 'what this is multiplied with is not a weight that is known here');
  }
  const units = kernel.shape[transposeB === true ? 0 : 1];
  return asLayer(c, 'Dense', {
    units: units ?? unknownConfig('a dimension of its kernel is not known here'),
    useBias: false,
  });
};

const activate =
  (activation: string): Operation =>
  c =>
    asLayer(c, 'Activation', { activation });

/** Arithmetic with a weight of a smaller or equal shape keeps the shape of what it works on. */
const arithmetic: Operation = c => {
  const [other] = c.args;
  const shape = shapeOf(c.x);
  const fits = typeof other === 'number' || (isEager(other) && other.shape.length <= 1 && shape !== null);
  if (fits) return notFollowed(c, '', { kind: 'elementwise', name: c.name });
  if (!isTensor(other)) return notFollowed(c, 'its other operand is not known here');
  const className = mergeClasses[c.name];
  if (className === undefined) return notFollowed(c, 'it joins two tensors in a way that is not followed');
  const layer = makeConfiguredLayer(c.context, c.name, className, {}, c.node);
  return { kind: 'tensor', node: applyLayer(c.context, layer, [c.x, other]), output: 0 };
};

const mergeClasses: Readonly<Record<string, string>> = {
  add: 'Add',
  mul: 'Multiply',
  maximum: 'Maximum',
  minimum: 'Minimum',
};

const reshape: Operation = c => reshapeTo(c, shapeArgument(c.args[0]));

function reshapeTo(c: OperationCall, target: readonly Dim[] | undefined): Value {
  const [batch, ...rest] = target ?? [];
  // Only where the batch axis stays in front is it a rearrangement of each example.
  if (batch !== -1 || rest.length === 0) return notFollowed(c, 'it may mix the examples of a batch');
  return asLayer(c, 'Reshape', { targetShape: rest.map(dim => dim ?? unknownConfig('a dimension is not known here')) });
}

const asRank: Operation = c => reshapeTo(c, c.args.map(dimOf));

const operations: Readonly<Record<string, Operation>> = {
  conv2d: convolve(false),
  depthwiseConv2d: convolve(true),
  maxPool: pool('MaxPooling2D'),
  avgPool: pool('AveragePooling2D'),
  matMul,
  dot: matMul,
  relu: activate('relu'),
  relu6: activate('relu6'),
  sigmoid: activate('sigmoid'),
  tanh: activate('tanh'),
  elu: activate('elu'),
  selu: activate('selu'),
  softplus: activate('softplus'),
  softmax: activate('softmax'),
  add: arithmetic,
  sub: arithmetic,
  mul: arithmetic,
  div: arithmetic,
  reshape,
  as2D: asRank,
  as3D: asRank,
  as4D: asRank,
};

/** Operations whose weight makes clear that a model is written here, whatever they work on. */
const decisive = new Set(['conv2d', 'depthwiseConv2d', 'matMul', 'dot']);

/** The result of an operation on tensors; undefined where it is none that is followed, or works on nothing of a model. */
export function coreOperation(context: Context, name: string, operands: readonly Value[], node: ts.Node): Value {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (!operation) return undefined;
  const [first, ...args] = operands;
  const x = isTensor(first) ? first : startOf(context, name, first, args, node);
  return x && operation({ context, name, node, x, args });
}

/** The tensor that a model begins with, where an operation on a weight shows that there is one. */
function startOf(
  context: Context,
  name: string,
  first: Value,
  args: readonly Value[],
  node: ts.Node,
): TensorValue | undefined {
  const weights = decisive.has(name) && isEager(args[0]);
  const shaped = /^as[34]D$/.test(name) && args[0] === -1 && args.slice(1).every(dim => dimOf(dim) !== null);
  if (!isUnknown(first) || !(weights || shaped)) return undefined;
  return unknownTensor(context, first.reason, node);
}

/** `tensor.shape` and methods of a tensor whose shape the code states. */
export function eagerProperty(context: Context, tensor: EagerValue, key: string): Value {
  if (key !== 'shape') return unknown(`the member \`${key}\` of a tensor is not known here`);
  const elements = tensor.shape.map((dim): Value => dim ?? unknown('a dimension of the tensor is not known here'));
  return { kind: 'array', born: ++context.clock, elements };
}

export function eagerMethod(tensor: EagerValue, name: string, { args }: Call): Value {
  if (name === 'clone' || name === 'variable' || name === 'toFloat') return tensor;
  const shape = name === 'reshape' ? shapeArgument(args[0]) : undefined;
  return shape && !shape.includes(-1)
    ? { kind: 'eager', shape }
    : unknown(`what \`${name}()\` of a tensor returns is not known here`);
}
