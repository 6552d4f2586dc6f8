import { describe, expect, it } from 'vitest';
import { createReferenceEngine } from '../engines/reference/engine.ts';
import { concat, expand, pad, reshape, slice, transpose } from './arrange.ts';
import { conv, convInputGrad, convolutionGeometry } from './convolution.ts';
import { add, leakyRelu, mul, neg, relu, softplus, sub, tanh, zeros } from './elementwise.ts';
import { gradient, jvp } from './gradient.ts';
import { createGraph, type Node, reachable } from './graph.ts';
import { matmul } from './matmul.ts';
import { dot, sum, sumAll } from './reduce.ts';
import { rewrite, substitute } from './rewrite.ts';

const graph = createGraph();
const x = graph.input('x', [2, 3]);
const image = graph.input('image', [1, 2, 4, 4]);
const kernel = graph.constant('kernel', [3, 2, 3, 3], new Float32Array(54));

describe('nodes are made once, and in their simplest form', () => {
  it.each<[string, Node, Node]>([
    ['the same operation', tanh(x), tanh(x)],
    ['plus zero', add(x, 0), x],
    ['plus zeros', add(zeros(graph, [3]), x), x],
    ['times one', mul(x, 1), x],
    ['a factor twice', mul(mul(x, 2), 3), mul(x, 6)],
    ['a double negative', neg(neg(x)), x],
    ['adding a negative', add(x, neg(tanh(x))), sub(x, tanh(x))],
    ['numbers', add(mul(graph.scalar(2), 3), 1), graph.scalar(7)],
    ['a reshape back', reshape(reshape(x, [6]), [2, 3]), x],
    ['a transposition back', transpose(transpose(x, [1, 0]), [1, 0]), x],
    ['moving an axis of length 1', transpose(reshape(x, [2, 1, 3]), [0, 2, 1]), reshape(x, [2, 3, 1])],
    ['a slice of all', slice(x, [0, 0], [2, 3]), x],
    [
      'a factor through linear operations',
      conv(pad(mul(image, 2), [0, 0, 0, 0], [0, 0, 1, 1]), kernel, convolutionGeometry()),
      mul(conv(pad(image, [0, 0, 0, 0], [0, 0, 1, 1]), kernel, convolutionGeometry()), 2),
    ],
    ['a sum over axes of length 1', sum(reshape(x, [2, 1, 3]), [1]), reshape(x, [2, 1, 3])],
  ])('%s', (_, made, expected) => {
    expect(made.id).toBe(expected.id);
  });

  it('differentiates a sum of squares without filling a tensor with ones', () => {
    const [derivative] = gradient(dot(x, x), [x]);
    expect(derivative!.id).toBe(mul(x, 2).id);
  });

  it('makes a Jacobian product that does not depend on its probes', () => {
    const [product] = jvp([tanh(x)], [x], [x]);
    const names = reachable([product!]).flatMap(({ operation }) =>
      operation.kind === 'input' ? [operation.name] : [],
    );
    expect(names).toEqual(['x']);
  });
});

describe('shapes that do not fit are refused with a sentence', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['two inputs of one name', () => graph.input('x', [1]), /input "x" already/],
    ['constants', () => graph.constant('c', [2, 2], new Float32Array(3)), /3 entries.*asks for 4/],
    ['other graphs', () => add(x, createGraph().input('x', [2, 3])), /another graph/],
    ['broadcasting', () => add(x, graph.constant('c', [2], new Float32Array(2))), /do not broadcast/],
    ['reshape', () => reshape(x, [4, -1]), /cannot take the shape/],
    ['expand', () => expand(x, [2, 4]), /does not expand|do not broadcast/],
    ['transpose', () => transpose(x, [0, 0]), /no permutation/],
    ['slice', () => slice(x, [0, 1], [2, 4]), /not in axis 1/],
    ['pad', () => pad(x, [0, -1], [0, 0]), /never negative/],
    ['concat', () => concat([x, image], 0), /does not join/],
    ['matmul', () => matmul(x, x), /do not multiply/],
    ['convolution', () => conv(image, kernel, convolutionGeometry({ groups: 2 })), /2 groups/],
    ['window', () => conv(image, kernel, convolutionGeometry({ dilations: [2, 2] })), /does not fit/],
    ['input gradient', () => convInputGrad(image, kernel, [1, 2, 4, 4], convolutionGeometry()), /output gradient/],
    ['losses', () => gradient(x, [x]), /scalar/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('rewriting', () => {
  it('copies a graph with some nodes changed', () => {
    const [copy] = rewrite([add(tanh(x), 1)], ({ operation }, [input]) =>
      operation.kind === 'tanh' ? neg(input!) : undefined,
    );
    expect(copy!.operation.kind).toBe('add');
    expect(copy!.inputs[0]!.operation.kind).toBe('neg');
    expect(copy!.graph).not.toBe(graph);
  });

  it('puts a smooth function in the place of a ReLU', async () => {
    const activation = relu(x);
    const loss = sumAll(leakyRelu(add(activation, 1), 0.5));
    const [smooth] = substitute([loss], new Map([[activation, softplus(x)]]));
    expect(substitute([loss], new Map())[0]!.id).toBe(loss.id);
    const program = await createReferenceEngine().compile({ smooth: smooth! }, { precision: 'float64' });
    const { smooth: value } = await program.run({ x: new Float64Array(6) });
    expect(value![0]).toBeCloseTo(6 * (Math.LN2 + 1), 12);
  });
});
