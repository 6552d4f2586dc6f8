import { type ConvolutionGeometry, type Node, type Operation, reachable, type UnaryKind } from '../../ir/graph.ts';
import type { Precision } from '../engine.ts';
import { createModelBuilder, type ModelBuilder } from './model-builder.ts';

const onnxNames = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  neg: 'Neg',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  softplus: 'Softplus',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  abs: 'Abs',
  sign: 'Sign',
  erf: 'Erf',
  softmax: 'Softmax',
  logSoftmax: 'LogSoftmax',
} as const;

/** Name in the ONNX model of a graph input. Prefixes keep the caller's names apart from each other and from made-up ones. */
export function inputName(name: string): string {
  return `in/${name}`;
}

/** Name in the ONNX model of an output. */
export function outputName(name: string): string {
  return `out/${name}`;
}

/**
 * An ONNX model that computes the named nodes of one lowered graph (see lowering.ts), with constants as initializers.
 */
export function emitOnnx(outputs: Readonly<Record<string, Node>>, precision: Precision): Uint8Array {
  const builder = createModelBuilder(precision);
  const names = new Map<Node, string>();
  const order = reachable(Object.values(outputs));
  const squares = squaresInSums(order, new Set(Object.values(outputs)));
  for (const node of order) {
    const [source] = node.inputs;
    if (squares.has(node)) continue;
    if (source && squares.has(source)) {
      names.set(node, emitSum(builder, node, 'ReduceSumSquare', names.get(source.inputs[0]!)!));
    } else {
      const inputs = node.inputs.map(input => names.get(input)!);
      names.set(node, emitNode(builder, node, inputs, precision));
    }
  }
  for (const [name, node] of Object.entries(outputs)) {
    // One node may be two outputs, and an output may be an input: each gets a name of its own.
    builder.node('Identity', [names.get(node)!], {}, outputName(name));
    builder.output(outputName(name), node.shape);
  }
  return builder.toBytes();
}

/** Squares that only one sum wants: one operator does both, without writing the squares down. */
function squaresInSums(order: readonly Node[], outputs: ReadonlySet<Node>): Set<Node> {
  const users = new Map<Node, Node[]>();
  for (const node of order)
    for (const input of new Set(node.inputs)) users.set(input, [...(users.get(input) ?? []), node]);
  return new Set(
    order.filter(node => {
      const isSquare = node.operation.kind === 'mul' && node.inputs[0] === node.inputs[1];
      const [user, other] = users.get(node) ?? [];
      return isSquare && !outputs.has(node) && user?.operation.kind === 'sum' && !other;
    }),
  );
}

function emitSum(builder: ModelBuilder, node: Node, type: 'ReduceSum' | 'ReduceSumSquare', a: string): string {
  const axes = node.operation.kind === 'sum' ? node.operation.axes : [];
  return builder.node(type, [a, builder.integers(axes)], { keepdims: 1 });
}

function emitNode(builder: ModelBuilder, node: Node, inputs: readonly string[], precision: Precision): string {
  const [a] = inputs as [string];
  const { operation, shape } = node;
  switch (operation.kind) {
    case 'input':
      return builder.input(inputName(operation.name), shape);
    case 'constant':
      return builder.constant(shape, operation.data);
    case 'scalar':
      return builder.scalar(operation.value);
    case 'reshape':
      return builder.node('Reshape', [a, builder.integers(shape)]);
    case 'expand':
      return builder.node('Expand', [a, builder.integers(shape)]);
    case 'transpose':
      return builder.node('Transpose', [a], { perm: operation.permutation });
    case 'slice':
      return emitSlice(builder, node, operation, a);
    case 'pad': {
      const amounts = builder.integers([...operation.before, ...operation.after]);
      return builder.node('Pad', [a, amounts, builder.scalar(operation.value)]);
    }
    case 'concat':
      return builder.node('Concat', inputs, { axis: operation.axis });
    case 'sum':
      return emitSum(builder, node, 'ReduceSum', a);
    case 'matmul':
      return emitMatmul(builder, node, operation, inputs);
    case 'conv':
      return builder.node('Conv', inputs, windowAttributes(node.inputs[1]!, operation.geometry));
    case 'convInputGrad':
      return emitConvTranspose(builder, node, operation.geometry, inputs);
    case 'convWeightGrad':
      throw new Error('Weight gradients are lowered before a model is emitted.');
    case 'pow':
      return builder.node('Pow', [a, builder.scalar(operation.exponent)]);
    case 'leakyRelu':
      if (operation.alpha === 0) return builder.node('Relu', [a]);
      return precision === 'float32'
        ? builder.scaled('LeakyRelu', a, operation.alpha)
        : choose(builder, a, a, builder.node('Mul', [a, builder.scalar(operation.alpha)]));
    case 'gate':
      return choose(builder, a, builder.scalar(1), builder.scalar(operation.alpha));
    case 'oneHotMax':
      return emitOneHotMax(builder, node, a);
    case 'softmax':
    case 'logSoftmax':
      return builder.node(onnxNames[operation.kind], inputs, { axis: shape.length - 1 });
    case 'softplus':
      return precision === 'float32' ? builder.node('Softplus', inputs) : emitSoftplus(builder, a);
    case 'erf':
      if (precision === 'float64') throw new Error('ONNX Runtime has no error function in float64.');
      return builder.node('Erf', inputs);
    default:
      return builder.node(onnxNames[operation.kind satisfies UnaryKind | 'add' | 'sub' | 'mul' | 'div'], inputs);
  }
}

/** `positive` where a > 0, `other` elsewhere. */
function choose(builder: ModelBuilder, a: string, positive: string, other: string): string {
  return builder.node('Where', [builder.node('Greater', [a, builder.scalar(0)]), positive, other]);
}

/** max(a, 0) + log(1 + e^−|a|): ONNX Runtime's Softplus is float32 only. */
function emitSoftplus(builder: ModelBuilder, a: string): string {
  const small = builder.node('Exp', [builder.node('Neg', [builder.node('Abs', [a])])]);
  const correction = builder.node('Log', [builder.node('Add', [small, builder.scalar(1)])]);
  return builder.node('Add', [builder.node('Relu', [a]), correction]);
}

function emitSlice(builder: ModelBuilder, node: Node, operation: Operation & { kind: 'slice' }, a: string): string {
  const source = node.inputs[0]!.shape;
  const cut = source.map((_, axis) => axis).filter(axis => source[axis] !== node.shape[axis]);
  const [starts, steps] = [cut.map(axis => operation.starts[axis]!), cut.map(axis => operation.steps[axis]!)];
  const ends = cut.map((axis, i) => starts[i]! + (node.shape[axis]! - 1) * steps[i]! + 1);
  return builder.node('Slice', [a, ...[starts, ends, cut, steps].map(builder.integers)]);
}

function emitMatmul(
  builder: ModelBuilder,
  node: Node,
  operation: Operation & { kind: 'matmul' },
  inputs: readonly string[],
): string {
  const matrices = node.shape.slice(0, -2).reduce((count, dim) => count * dim, 1);
  const attributes = { transA: Number(operation.transposeA), transB: Number(operation.transposeB) };
  if (node.shape.length === 2) return builder.node('Gemm', inputs, attributes);
  if (matrices === 1) {
    const flat = inputs.map((name, i) =>
      builder.node('Reshape', [name, builder.integers(node.inputs[i]!.shape.slice(-2))]),
    );
    return builder.node('Reshape', [builder.node('Gemm', flat, attributes), builder.integers(node.shape)]);
  }
  const axes = node.shape.map((_, axis) => axis);
  const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
  const turned = [operation.transposeA, operation.transposeB].map((turn, i) =>
    turn ? builder.node('Transpose', [inputs[i]!], { perm }) : inputs[i]!,
  );
  return builder.node('MatMul', turned);
}

function windowAttributes(kernel: Node, geometry: ConvolutionGeometry): Record<string, number | readonly number[]> {
  return {
    kernel_shape: kernel.shape.slice(2),
    strides: geometry.strides,
    dilations: geometry.dilations,
    pads: [...geometry.padBefore, ...geometry.padAfter],
    group: geometry.groups,
  };
}

function emitConvTranspose(
  builder: ModelBuilder,
  node: Node,
  geometry: ConvolutionGeometry,
  inputs: readonly string[],
): string {
  const [dy, w] = node.inputs as [Node, Node];
  const output_padding = ([0, 1] as const).map(axis => {
    const span =
      (dy.shape[axis + 2]! - 1) * geometry.strides[axis] + geometry.dilations[axis] * (w.shape[axis + 2]! - 1) + 1;
    return node.shape[axis + 2]! - (span - geometry.padBefore[axis] - geometry.padAfter[axis]);
  });
  return builder.node('ConvTranspose', inputs, { ...windowAttributes(w, geometry), output_padding });
}

/** 1 at the first largest entry of every row: its index, compared with all indices. */
function emitOneHotMax(builder: ModelBuilder, node: Node, a: string): string {
  const axis = node.shape.length - 1;
  const first = builder.node('ArgMax', [a], { axis, keepdims: 1 });
  const indices = builder.integers(Array.from({ length: node.shape[axis]! }, (_, i) => i));
  return builder.node('Cast', [builder.node('Equal', [first, indices])], { to: builder.elementType });
}
