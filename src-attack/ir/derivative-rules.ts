import { softmax } from './activation.ts';
import { pad, reshape, slice, transpose, zerosBetween } from './arrange.ts';
import { conv, convInputGrad, convWeightGrad } from './convolution.ts';
import { div, exp, gate, mul, neg, pow, sigmoid, sign, square, sub } from './elementwise.ts';
import { type ConvolutionGeometry, type Node, sizeOf } from './graph.ts';
import { matmul } from './matmul.ts';
import { sum } from './reduce.ts';

/** For every input, what the adjoint of a node adds to the input's adjoint; null where nothing flows. */
type PullBack = readonly ((() => Node) | null)[];

/**
 * The reverse-mode rule of every operation. The adjoint `g` has the node's shape or, for operations in
 * {@link takesBroadcast}, one that broadcasts to it; so may the results of those, which the caller reduces.
 */
export function pullBack(node: Node, g: Node): PullBack {
  const [a, b] = node.inputs as [Node, Node];
  const operation = node.operation;
  switch (operation.kind) {
    case 'input':
    case 'constant':
    case 'scalar':
      return [];
    case 'gate':
    case 'sign':
    case 'oneHotMax':
      return [null];
    case 'add':
      return [() => g, () => g];
    case 'sub':
      return [() => g, () => neg(g)];
    case 'mul':
      return a === b ? [() => mul(2, mul(g, a)), null] : [() => mul(g, b), () => mul(g, a)];
    case 'div':
      return [() => div(g, b), () => neg(div(mul(g, node), b))];
    case 'reshape':
      return [() => reshape(g, sizeOf(g.shape) === 1 ? [] : a.shape)];
    case 'expand':
    case 'sum':
      return [() => g];
    case 'transpose':
      return [
        () =>
          transpose(
            g,
            operation.permutation.map((_, axis) => operation.permutation.indexOf(axis)),
          ),
      ];
    case 'slice':
      return [() => spread(g, operation.starts, operation.steps, a.shape)];
    case 'pad':
      return [
        () =>
          slice(
            g,
            operation.before,
            a.shape.map((dim, axis) => operation.before[axis]! + dim),
          ),
      ];
    case 'concat':
      return concatRule(node.inputs, operation.axis, g);
    case 'matmul':
      return matmulRule(a, b, operation.transposeA, operation.transposeB, g);
    case 'conv':
    case 'convInputGrad':
    case 'convWeightGrad':
      return convolutionRule(operation.kind, operation.geometry, a, b, g);
    case 'softmax':
      return [() => mul(node, sub(g, sum(mul(g, node), lastAxis(node))))];
    case 'logSoftmax':
      return [() => sub(g, mul(softmax(a), sum(g, lastAxis(node))))];
    default:
      return [() => mul(g, slope(node, a))];
  }
}

/** Whether {@link pullBack} of this node works with an adjoint that is yet to be broadcast to the node's shape. */
export function takesBroadcast(node: Node): boolean {
  switch (node.operation.kind) {
    case 'reshape':
    case 'transpose':
    case 'slice':
    case 'pad':
    case 'concat':
    case 'matmul':
    case 'conv':
    case 'convInputGrad':
    case 'convWeightGrad':
    case 'softmax':
    case 'logSoftmax':
      return false;
    default:
      return true;
  }
}

/** Derivative of an elementwise function at its input a. */
function slope(node: Node, a: Node): Node {
  const operation = node.operation;
  switch (operation.kind) {
    case 'neg':
      return a.graph.scalar(-1);
    case 'tanh':
      return sub(1, square(node));
    case 'sigmoid':
      return mul(node, sub(1, node));
    case 'softplus':
      return sigmoid(a);
    case 'exp':
      return node;
    case 'log':
      return div(1, a);
    case 'sqrt':
      return div(0.5, node);
    case 'abs':
      return sign(a);
    case 'erf':
      return mul(2 / Math.sqrt(Math.PI), exp(neg(square(a))));
    case 'pow':
      return mul(operation.exponent, pow(a, operation.exponent - 1));
    case 'leakyRelu':
      return gate(a, operation.alpha);
    default:
      throw new Error(`There is no derivative rule for ${operation.kind}.`);
  }
}

function lastAxis(node: Node): number[] {
  return [node.shape.length - 1];
}

function concatRule(parts: readonly Node[], axis: number, g: Node): PullBack {
  let offset = 0;
  return parts.map(part => {
    const start = offset;
    offset += part.shape[axis]!;
    const starts = part.shape.map((_, i) => (i === axis ? start : 0));
    return () =>
      slice(
        g,
        starts,
        part.shape.map((dim, i) => starts[i]! + dim),
      );
  });
}

function matmulRule(a: Node, b: Node, transposeA: boolean, transposeB: boolean, g: Node): PullBack {
  return [
    () => (transposeA ? matmul(b, g, transposeB, true) : matmul(g, b, false, !transposeB)),
    () => (transposeB ? matmul(g, a, true, transposeA) : matmul(a, g, !transposeA, false)),
  ];
}

/** The trilinear form ⟨conv(x, w), dy⟩: each member of the family is its gradient for one of the three. */
function convolutionRule(
  kind: 'conv' | 'convInputGrad' | 'convWeightGrad',
  geometry: ConvolutionGeometry,
  a: Node,
  b: Node,
  g: Node,
): PullBack {
  switch (kind) {
    case 'conv':
      return [() => convInputGrad(g, b, a.shape, geometry), () => convWeightGrad(a, g, b.shape, geometry)];
    case 'convInputGrad':
      return [() => conv(g, b, geometry), () => convWeightGrad(g, a, b.shape, geometry)];
    case 'convWeightGrad':
      return [() => convInputGrad(b, g, a.shape, geometry), () => conv(a, g, geometry)];
  }
}

/** Puts entry j of g at starts + j·steps of a tensor of zeros: the adjoint of a slice. */
function spread(g: Node, starts: readonly number[], steps: readonly number[], shape: readonly number[]): Node {
  const stretched = zerosBetween(g, steps);
  return pad(
    stretched,
    starts,
    stretched.shape.map((dim, axis) => shape[axis]! - starts[axis]! - dim),
  );
}
