import { type BinaryKind, type Node, type Operation, sizeOf, type UnaryKind } from '../../ir/graph.ts';
import { accumulateConvolution } from './convolution.ts';
import { erf } from './erf.ts';
import { broadcastStrides, offsets, stridesOf } from './strides.ts';

const unary: Readonly<Record<UnaryKind, (x: number) => number>> = {
  neg: x => -x,
  tanh: Math.tanh,
  sigmoid: x => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  softplus: x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  sign: Math.sign,
  erf,
};

const binary: Readonly<Record<BinaryKind, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

/** Computes one node from the values of its inputs, in float64, straight from each operation's definition. */
export function evaluate(node: Node, values: readonly Float64Array[]): Float64Array {
  const [a, b] = values as [Float64Array, Float64Array];
  const operation = node.operation;
  switch (operation.kind) {
    case 'input':
      throw new Error(`Input "${operation.name}" has no value.`);
    case 'constant':
      return Float64Array.from(operation.data);
    case 'scalar':
      return Float64Array.of(operation.value);
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return broadcastBinary(node, binary[operation.kind], a, b);
    case 'reshape':
      return a;
    case 'expand':
    case 'transpose':
    case 'slice':
      return gather(a, sourceOffsets(node, operation));
    case 'pad':
    case 'concat':
      return assemble(node, operation, values);
    case 'sum':
      return reduceSum(node, a);
    case 'matmul':
      return multiply(node, operation, a, b);
    case 'conv':
    case 'convInputGrad':
    case 'convWeightGrad':
      return convolve(node, operation, a, b);
    case 'softmax':
    case 'logSoftmax':
    case 'oneHotMax':
      return alongLastAxis(node, a, lastAxis[operation.kind]);
    case 'pow':
      return a.map(x => x ** operation.exponent);
    case 'leakyRelu':
      return a.map(x => (x > 0 ? x : operation.alpha * x));
    case 'gate':
      return a.map(x => (x > 0 ? 1 : operation.alpha));
    default:
      return a.map(unary[operation.kind]);
  }
}

function broadcastBinary(
  node: Node,
  f: (a: number, b: number) => number,
  a: Float64Array,
  b: Float64Array,
): Float64Array {
  const [atA, atB] = node.inputs.map(input => offsets(node.shape, broadcastStrides(input.shape, node.shape))) as [
    Int32Array,
    Int32Array,
  ];
  return new Float64Array(sizeOf(node.shape)).map((_, i) => f(a[atA[i]!]!, b[atB[i]!]!));
}

function gather(a: Float64Array, from: Int32Array): Float64Array {
  return Float64Array.from(from, offset => a[offset]!);
}

/** For every entry of the result of an operation that selects entries, where it comes from. */
function sourceOffsets(node: Node, operation: Operation): Int32Array {
  const shape = node.inputs[0]!.shape;
  const strides = stridesOf(shape);
  switch (operation.kind) {
    case 'transpose':
      return offsets(
        node.shape,
        operation.permutation.map(axis => strides[axis]!),
      );
    case 'slice': {
      const start = operation.starts.reduce((at, index, axis) => at + index * strides[axis]!, 0);
      return offsets(
        node.shape,
        operation.steps.map((step, axis) => step * strides[axis]!),
        start,
      );
    }
    default:
      return offsets(node.shape, broadcastStrides(shape, node.shape));
  }
}

/** Lays the inputs of a padding or a concatenation into the result. */
function assemble(node: Node, operation: Operation, values: readonly Float64Array[]): Float64Array {
  const result = new Float64Array(sizeOf(node.shape)).fill(operation.kind === 'pad' ? operation.value : 0);
  const strides = stridesOf(node.shape);
  let start = operation.kind === 'pad' ? operation.before.reduce((at, n, axis) => at + n * strides[axis]!, 0) : 0;
  node.inputs.forEach((input, k) => {
    offsets(input.shape, strides, start).forEach((at, i) => {
      result[at] = values[k]![i]!;
    });
    if (operation.kind === 'concat') start += input.shape[operation.axis]! * strides[operation.axis]!;
  });
  return result;
}

function reduceSum(node: Node, a: Float64Array): Float64Array {
  const into = offsets(node.inputs[0]!.shape, broadcastStrides(node.shape, node.inputs[0]!.shape));
  const result = new Float64Array(sizeOf(node.shape));
  a.forEach((x, i) => {
    result[into[i]!]! += x;
  });
  return result;
}

function multiply(
  node: Node,
  operation: Operation & { kind: 'matmul' },
  a: Float64Array,
  b: Float64Array,
): Float64Array {
  const [rows, columns] = node.shape.slice(-2) as [number, number];
  const inner = node.inputs[0]!.shape.at(operation.transposeA ? -2 : -1)!;
  const [aRow, aInner] = operation.transposeA ? [1, rows] : [inner, 1];
  const [bInner, bColumn] = operation.transposeB ? [1, inner] : [columns, 1];
  const result = new Float64Array(sizeOf(node.shape));
  for (let at = 0; at < result.length; at++) {
    const matrix = Math.floor(at / (rows * columns));
    const row = Math.floor(at / columns) % rows;
    const column = at % columns;
    let total = 0;
    for (let k = 0; k < inner; k++) {
      const p = a[matrix * rows * inner + row * aRow + k * aInner]!;
      total += p * b[matrix * inner * columns + k * bInner + column * bColumn]!;
    }
    result[at] = total;
  }
  return result;
}

function convolve(
  node: Node,
  operation: Operation & { kind: 'conv' | 'convInputGrad' | 'convWeightGrad' },
  a: Float64Array,
  b: Float64Array,
): Float64Array {
  const [p, q] = node.inputs as [Node, Node];
  const result = new Float64Array(sizeOf(node.shape));
  switch (operation.kind) {
    case 'conv':
      accumulateConvolution(
        { x: a, w: b, y: result, xShape: p.shape, wShape: q.shape, yShape: node.shape },
        operation.geometry,
        'y',
      );
      break;
    case 'convInputGrad':
      accumulateConvolution(
        { x: result, w: b, y: a, xShape: node.shape, wShape: q.shape, yShape: p.shape },
        operation.geometry,
        'x',
      );
      break;
    case 'convWeightGrad':
      accumulateConvolution(
        { x: a, w: result, y: b, xShape: p.shape, wShape: node.shape, yShape: q.shape },
        operation.geometry,
        'w',
      );
      break;
  }
  return result;
}

const lastAxis: Readonly<Record<'softmax' | 'logSoftmax' | 'oneHotMax', (row: Float64Array) => void>> = {
  softmax(row) {
    const top = row.reduce((best, x) => Math.max(best, x), -Infinity);
    const total = row.reduce((sum, x) => sum + Math.exp(x - top), 0);
    row.forEach((x, i) => {
      row[i] = Math.exp(x - top) / total;
    });
  },
  logSoftmax(row) {
    const top = row.reduce((best, x) => Math.max(best, x), -Infinity);
    const shift = top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
    row.forEach((x, i) => {
      row[i] = x - shift;
    });
  },
  oneHotMax(row) {
    const first = row.reduce((best, x, i) => (x > row[best]! ? i : best), 0);
    row.fill(0);
    row[first] = 1;
  },
};

function alongLastAxis(node: Node, a: Float64Array, change: (row: Float64Array) => void): Float64Array {
  const length = node.shape.at(-1)!;
  const result = Float64Array.from(a);
  for (let at = 0; at < result.length; at += length) change(result.subarray(at, at + length));
  return result;
}
