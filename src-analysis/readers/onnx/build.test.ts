import { describe, expect, test } from 'vitest';
import {
  buildModel,
  type ModelSpec,
  type NodeSpec,
  type TensorSpec,
} from '../../../test/fixtures/onnx/model-builder.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { neverCancelled, type ReadResult } from '../reader.ts';
import { readOnnx } from './read.ts';

function read(spec: ModelSpec): ReadResult {
  return readOnnx({ path: 'dir/net.onnx', bytes: buildModel(spec) }, neverCancelled);
}

function readModel(spec: ModelSpec): ModelGraph {
  const { models, errors } = read(spec);
  expect(errors).toEqual([]);
  return models[0]!;
}

const layerOf = (graph: ModelGraph, name: string): Layer => graph.layers.find(layer => layer.name === name)!;

function node(op: string, inputs: string, outputs: string, more: Partial<NodeSpec> = {}): NodeSpec {
  return { op, inputs: inputs.split(' '), outputs: outputs.split(' '), ...more };
}

const weight = (...dims: number[]): TensorSpec => ({ dims });

describe('layers', () => {
  test('keep node names, get readable ones otherwise, and never share one', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [
        node('Relu', 'x', 'a', { name: '/block/act' }),
        node('Relu', 'a', 'b', { name: '/block/act' }),
        node('Relu', 'b', 'c'),
        node('Relu', 'c', 'y'),
      ],
      outputs: { y: null },
    });
    expect(graph.name).toBe('net');
    expect(graph.format).toBe('onnx');
    expect(graph.layers.map(({ name }) => name)).toEqual(['x', '/block/act', '/block/act_2', 'Relu_0', 'Relu_1']);
    expect(graph.layers.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
    expect(graph.inputs).toEqual([{ layer: 0, output: 0 }]);
    expect(graph.outputs).toEqual([{ layer: 4, output: 0 }]);
  });

  test('come of inputs only where these are no initializers', () => {
    const graph = readModel({
      inputs: { x: ['N', 4], w: [4, 3] },
      nodes: [node('Gemm', 'x w', 'y')],
      initializers: { w: weight(4, 3) },
      outputs: { y: null },
    });
    expect(graph.layers.map(({ type }) => type)).toEqual(['Input', 'Gemm']);
    expect(graph.layers[1]!.weights).toEqual([
      { role: 'kernel', name: 'w', shape: [4, 3], trainable: true, source: { kind: 'stored' } },
    ]);
  });

  test('are sorted where the file is not', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [node('Tanh', 'b', 'y'), node('Sigmoid', 'a', 'b'), node('Relu', 'x', 'a')],
      outputs: { y: null },
    });
    expect(graph.layers.map(({ type }) => type)).toEqual(['Input', 'Relu', 'Sigmoid', 'Tanh']);
    for (const { id, inputs } of graph.layers) for (const { layer } of inputs) expect(layer).toBeLessThan(id);
  });

  test('with several outputs have edges from each', () => {
    const graph = readModel({
      inputs: { x: [1, 6] },
      nodes: [node('Split', 'x', 'a b', { attributes: { axis: 1 } }), node('Sub', 'b a', 'y')],
      outputs: { y: null },
    });
    expect(graph.layers[2]!.inputs).toEqual([
      { layer: 1, output: 1 },
      { layer: 1, output: 0 },
    ]);
    expect(graph.layers[2]!.op).toEqual({ kind: 'merge', merge: 'subtract' });
  });

  test('that use the same weights say so', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [node('MatMul', 'x w', 'a'), node('Relu', 'a', 'b'), node('MatMul', 'b w', 'y', { name: 'second' })],
      initializers: { w: weight(4, 4) },
      outputs: { y: null },
    });
    expect(layerOf(graph, 'second').sharedWith).toBe(1);
    expect(graph.gaps).toEqual([]);
  });

  test('that share only some weights are a gap', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [node('Gemm', 'x w b', 'a', { name: 'one' }), node('Gemm', 'a w c', 'y', { name: 'two' })],
      initializers: { w: weight(4, 4), b: weight(4), c: weight(4) },
      outputs: { y: null },
    });
    expect(graph.gaps).toEqual([
      { reason: "Layer 'two' shares some of its weights with 'one'; their gradients are summed." },
    ]);
  });

  test('that use the same bias only are separate: exporters store equal tensors once', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [node('Gemm', 'x v b', 'a'), node('Gemm', 'a w b', 'y')],
      initializers: { v: weight(4, 4), w: weight(4, 4), b: weight(4) },
      outputs: { y: null },
    });
    expect(graph.gaps).toEqual([]);
    expect(graph.layers.some(({ sharedWith }) => sharedWith !== undefined)).toBe(false);
  });

  test('are made of constants where these meet activations', () => {
    const graph = readModel({
      inputs: { x: ['N', 3, 4] },
      nodes: [node('Concat', 'token x', 'y', { attributes: { axis: 1 } })],
      initializers: { token: weight(1, 1, 4) },
      outputs: { y: null },
    });
    const [, token, concat] = graph.layers;
    expect(token).toMatchObject({ name: 'token', op: { kind: 'constant' }, outputShapes: [[1, 4]] });
    expect(token!.weights).toMatchObject([{ role: 'constant', name: 'token', trainable: true }]);
    expect(concat).toMatchObject({
      op: { kind: 'merge', merge: 'concat', axis: 0 },
      inputShapes: [
        [1, 4],
        [3, 4],
      ],
      outputShapes: [[4, 4]],
    });
  });
});

describe('an Add after a product', () => {
  const product: ModelSpec = {
    inputs: { x: ['N', 5, 4] },
    nodes: [node('MatMul', 'x w', 'm', { name: 'product' }), node('Add', 'b m', 'y', { name: 'sum' })],
    initializers: { w: weight(4, 3), b: weight(3) },
    outputs: { y: null },
  };
  const merges: readonly [string, ModelSpec, boolean][] = [
    ['becomes its bias', product, true],
    ['with leading axes becomes its bias', { ...product, initializers: { w: weight(4, 3), b: weight(1, 1, 3) } }, true],
    ['stays where it differs by position', { ...product, initializers: { w: weight(4, 3), b: weight(5, 3) } }, false],
    ['stays where it is one number for all', { ...product, initializers: { w: weight(4, 3), b: weight(1) } }, false],
    ['stays where the product is used twice', { ...product, nodes: [...product.nodes, node('Relu', 'm', 'z')] }, false],
    ['stays where the product is an output', { ...product, outputs: { y: null, m: null } }, false],
  ];
  test.each(merges)('%s', (_, spec, merged) => {
    const graph = readModel(spec);
    expect(layerOf(graph, 'product').op).toEqual({ kind: 'dense', inFeatures: 4, units: 3, bias: merged });
    expect(graph.layers.some(({ name }) => name === 'sum')).toBe(!merged);
    if (merged) expect(layerOf(graph, 'product').weights.map(({ role }) => role)).toEqual(['kernel', 'bias']);
  });
});

describe('weights', () => {
  test('of a Constant node go by the name of its output', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [
        { op: 'Constant', inputs: [], outputs: ['kernel'], attributes: { value: { tensor: weight(4, 2) } } },
        node('MatMul', 'x kernel', 'y', { name: 'm' }),
      ],
      outputs: { y: null },
    });
    expect(layerOf(graph, 'm').weights).toMatchObject([{ role: 'kernel', name: 'kernel', trainable: true }]);
  });

  test('keep their stored shape and say when they are used transposed', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [node('Transpose', 'w', 't'), node('Gemm', 'x t', 'y', { name: 'g' })],
      initializers: { w: weight(3, 4) },
      outputs: { y: null },
    });
    expect(layerOf(graph, 'g')).toMatchObject({
      op: { kind: 'dense', inFeatures: 4, units: 3, transposedKernel: true },
      weights: [{ name: 'w', shape: [3, 4] }],
    });
  });

  test('that other nodes compute are a gap', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [node('Mul', 'v g', 'w'), node('MatMul', 'x w', 'y', { name: 'm' })],
      initializers: { v: weight(4, 3), g: weight(1, 3) },
      outputs: { y: null },
    });
    expect(layerOf(graph, 'm').op).toMatchObject({ kind: 'dense', inFeatures: 4, units: 3 });
    expect(graph.gaps.map(gap => gap.reason)).toContain(
      'Weights are computed by other nodes of the model; they are treated as if they were learned themselves.',
    );
  });
});

describe('shapes', () => {
  test('that the file leaves open stay open where they matter and only there', () => {
    const graph = readModel({
      inputs: { x: ['N', 3, 'H', 'W'] },
      nodes: [
        node('Conv', 'x k', 'c', { name: 'conv' }),
        node('Shape', 'c', 's'),
        node('Gather', 's one', 'channels'),
        node('Gather', 's two', 'height'),
        node('Concat', 'front channels height rest', 'target', { attributes: { axis: 0 } }),
        node('Reshape', 'c target', 'r', { name: 'reshape' }),
        node('GlobalAveragePool', 'c', 'p'),
        node('Flatten', 'p', 'y', { name: 'flat' }),
      ],
      initializers: {
        k: weight(8, 3, 3, 3),
        one: { dims: [1], type: 7, values: [1] },
        two: { dims: [1], type: 7, values: [2] },
        front: { dims: [1], type: 7, values: [0] },
        rest: { dims: [1], type: 7, values: [-1] },
      },
      outputs: { y: null, r: null },
    });
    expect(layerOf(graph, 'conv').outputShapes).toEqual([[8, null, null]]);
    expect(layerOf(graph, 'reshape').outputShapes).toEqual([[8, null, null]]);
    expect(layerOf(graph, 'flat').outputShapes).toEqual([[8]]);
  });

  test('of operators without a rule are taken from the file', () => {
    const graph = readModel({
      inputs: { x: ['N', 4] },
      nodes: [node('Gradient', 'x', 'e', { name: 'e' }), node('Gemm', 'e w', 'y', { name: 'g' })],
      initializers: { w: weight(7, 3) },
      valueInfo: { e: ['N', 7] },
      outputs: { y: null },
    });
    expect(layerOf(graph, 'e')).toMatchObject({ op: { kind: 'unknown' }, outputShapes: [[7]] });
    expect(layerOf(graph, 'g').outputShapes).toEqual([[3]]);
  });

  test('that the file records otherwise are a gap, and the rule counts', () => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [node('Relu', 'x', 'y', { name: 'r' })],
      valueInfo: {},
      outputs: { y: [1, 5] },
    });
    expect(layerOf(graph, 'r').outputShapes).toEqual([[4]]);
    expect(graph.gaps).toEqual([
      { reason: "The file records shape [1, 5] for 'y', but Relu gives [1, 4], which is used." },
    ]);
  });

  test('of an input without a batch keep every axis', () => {
    const graph = readModel({
      inputs: { x: [8, 3, 4], position: [3, 4] },
      nodes: [node('Add', 'x position', 'y', { name: 'sum' })],
      outputs: { y: null },
    });
    expect(layerOf(graph, 'sum')).toMatchObject({
      inputShapes: [
        [3, 4],
        [3, 4],
      ],
      outputShapes: [[3, 4]],
    });
  });
});

describe('what is not covered', () => {
  const reasons: readonly [string, Partial<NodeSpec> & Pick<NodeSpec, 'op'>, Partial<ModelSpec>, string][] = [
    ['an operator without a rule', { op: 'Gradient' }, {}, 'The operator Gradient is not covered.'],
    [
      'another domain',
      { op: 'Gelu', domain: 'my.own' },
      { domains: { 'my.own': 1 } },
      "Gelu is an operator of 'my.own', not of ONNX itself.",
    ],
    [
      'an unknown attribute',
      { op: 'Relu', attributes: { slope: 1 } },
      {},
      "Its attribute 'slope' is not known for Relu.",
    ],
    ['a node without an operator', { op: '' }, {}, 'The node names no operator.'],
    ['a loop', { op: 'Loop' }, {}, 'Loop has subgraphs that are too many or too unusual to be followed.'],
  ];
  test.each(reasons)('%s is a layer that says why', (_, spec, more, reason) => {
    const graph = readModel({
      inputs: { x: [1, 4] },
      nodes: [{ inputs: ['x'], outputs: ['y'], name: 'n', ...spec }],
      outputs: { y: null },
      ...more,
    });
    expect(layerOf(graph, 'n').op).toEqual({ kind: 'unknown', reason });
  });

  test('includes operator versions from the future, and files that name none', () => {
    const spec: ModelSpec = { inputs: { x: [1, 4] }, nodes: [node('Relu', 'x', 'y')], outputs: { y: null } };
    expect(readModel({ ...spec, opset: 1000 }).gaps[0]!.reason).toMatch(/uses version 1000/);
    expect(readModel({ ...spec, opset: null }).gaps[0]!.reason).toMatch(/version 1 is assumed/);
  });
});

describe('contradictions', () => {
  const x = { x: [1, 3, 8, 8] } as const;
  const faults: readonly [string, Partial<ModelSpec>, RegExp][] = [
    [
      'a cycle',
      { nodes: [node('Add', 'x b', 'a', { name: 'p' }), node('Relu', 'a', 'b', { name: 'q' })] },
      /^The graph is cyclic: .*'[pq]' → .*'[pq]' wait for each other/,
    ],
    [
      'a dangling input',
      { nodes: [node('Add', 'x gone', 'y', { name: 'n' })] },
      /^Add 'n' takes the value 'gone', which nothing in the graph makes/,
    ],
    [
      'an output that nothing makes',
      { nodes: [], outputs: { y: null } },
      /^Output 'y' of the graph is made by nothing/,
    ],
    [
      'a value made twice',
      { nodes: [node('Relu', 'x', 'y'), node('Tanh', 'x', 'y', { name: 'n' })] },
      /^Value 'y' is made a second time by Tanh 'n'/,
    ],
    [
      'a kernel of the wrong rank',
      { nodes: [node('Conv', 'x w', 'y', { name: 'n' })], initializers: { w: weight(6, 3, 3) } },
      /^Conv 'n': its kernel has shape \[6, 3, 3\], but its input \[1, 3, 8, 8\]: the ranks differ/,
    ],
    [
      'a kernel for other channels',
      { nodes: [node('Conv', 'x w', 'y', { name: 'n' })], initializers: { w: weight(6, 4, 3, 3) } },
      /has 3 input channels, but its kernel has 4/,
    ],
    [
      'groups that do not divide',
      { nodes: [node('Conv', 'x w', 'y', { attributes: { group: 3 } })], initializers: { w: weight(4, 1, 3, 3) } },
      /its 4 filters cannot be divided into 3 groups/,
    ],
    [
      'a bias of the wrong length',
      { nodes: [node('Conv', 'x w b', 'y')], initializers: { w: weight(4, 3, 3, 3), b: weight(5) } },
      /its bias has shape \[5\], but it has 4 filters/,
    ],
    [
      'kernel_shape unlike the kernel',
      {
        nodes: [node('Conv', 'x w', 'y', { attributes: { kernel_shape: [5, 5] } })],
        initializers: { w: weight(4, 3, 3, 3) },
      },
      /kernel_shape' is \[5, 5\], but the kernel's own is \[3, 3\]/,
    ],
    [
      'a window that does not fit',
      { nodes: [node('MaxPool', 'x', 'y', { attributes: { kernel_shape: [9, 1] } })] },
      /its window of 9 \(dilation 1\) does not fit into a map of length 8/,
    ],
    [
      'strides of zero',
      { nodes: [node('MaxPool', 'x', 'y', { attributes: { kernel_shape: [2, 2], strides: [0, 1] } })] },
      /its attribute 'strides' holds 0/,
    ],
    [
      'too few pads',
      { nodes: [node('MaxPool', 'x', 'y', { attributes: { kernel_shape: [2, 2], pads: [1] } })] },
      /'pads' has 1 entries, not 4/,
    ],
    [
      'negative pads',
      { nodes: [node('MaxPool', 'x', 'y', { attributes: { kernel_shape: [2, 2], pads: [-1, 0, 0, 0] } })] },
      /'pads' holds -1/,
    ],
    ['no kernel_shape', { nodes: [node('MaxPool', 'x', 'y')] }, /its attribute 'kernel_shape' is missing/],
    [
      'a padding rule that does not exist',
      { nodes: [node('MaxPool', 'x', 'y', { attributes: { kernel_shape: [2, 2], auto_pad: 'SAME' } })] },
      /'auto_pad' is 'SAME'/,
    ],
    [
      'an attribute of the wrong type',
      { nodes: [node('Softmax', 'x', 'y', { attributes: { axis: 'last' } })] },
      /its attribute 'axis' is not an integer/,
    ],
    [
      'an axis that does not exist',
      { nodes: [node('Softmax', 'x', 'y', { attributes: { axis: 4 } })] },
      /its axis 4 does not exist in a value with 4 axes/,
    ],
    [
      'a reshape that loses entries',
      { nodes: [node('Reshape', 'x t', 'y')], initializers: { t: { dims: [2], type: 7, values: [1, 100] } } },
      /its input has 192 entries .* do not fill \[1, 100\]/,
    ],
    ['a missing input', { nodes: [node('Conv', 'x', 'y')] }, /its input 2 is missing/],
    [
      'matrices that do not fit',
      { inputs: { x: [1, 5] }, nodes: [node('MatMul', 'x w', 'y')], initializers: { w: weight(4, 3) } },
      /its input has 5 features, but its matrix takes 4/,
    ],
    [
      'shapes that do not broadcast',
      { nodes: [node('Add', 'x w', 'y')], initializers: { w: weight(7) } },
      /shapes \[1, 3, 8, 8\] and \[7\], which do not fit together/,
    ],
    [
      'an impossible input',
      { inputs: { x: [1, 2 ** 40] }, nodes: [node('Relu', 'x', 'y')] },
      /^Input 'x' has the impossible shape \[1, 1099511627776\]/,
    ],
    [
      'a permutation that is none',
      { nodes: [node('Transpose', 'x', 'y', { attributes: { perm: [0, 0, 1, 2] } })] },
      /'perm' is \[0,0,1,2\]/,
    ],
    [
      'two initializers of one name',
      { nodes: [node('Relu', 'x', 'y'), node('Relu', 'x', 'w')], initializers: { w: weight(1) } },
      /^Value 'w' is made a second time/,
    ],
  ];
  test.each(faults)('%s is an error that names it', (_, more, message) => {
    const { errors } = read({ inputs: x, nodes: [], ...more });
    expect(errors[0]?.message).toMatch(message);
  });

  test('leave no model where there is no order of computation', () => {
    const { models } = read({ inputs: x, nodes: [node('Add', 'x b', 'a'), node('Relu', 'a', 'b')] });
    expect(models).toEqual([]);
  });

  test('leave the rest of the model readable', () => {
    const { models } = read({
      inputs: x,
      nodes: [
        node('Conv', 'x w', 'a', { name: 'good' }),
        node('Conv', 'a w', 'b', { name: 'bad' }),
        node('Relu', 'b', 'y', { name: 'after' }),
      ],
      initializers: { w: weight(6, 3, 3, 3) },
      outputs: { y: null },
    });
    const graph = models[0]!;
    expect(layerOf(graph, 'good').outputShapes).toEqual([[6, 6, 6]]);
    expect(layerOf(graph, 'bad').op.kind).toBe('unknown');
    expect(layerOf(graph, 'after').outputShapes).toEqual([null]);
  });

  test('by the thousand are counted, not listed', () => {
    const nodes = Array.from({ length: 3000 }, (_, i) => node('Add', `x gone${i}`, `y${i}`));
    const { errors } = read({ inputs: x, nodes });
    expect(errors.length).toBe(101);
    expect(errors.at(-1)!.message).toBe('There are 2900 more errors like these.');
  });
});

describe('symbolic lengths', () => {
  const shapeOf = (nodes: readonly NodeSpec[], initializers: Record<string, TensorSpec> = {}) => {
    const graph = readModel({
      inputs: { x: ['N', 'T', 12], y: ['N', 'T', 12] },
      nodes,
      initializers,
      outputs: { z: null },
    });
    const { layer, output } = graph.outputs[0]!;
    return graph.layers[layer]!.outputShapes[output];
  };
  const ints = (...values: number[]): TensorSpec => ({ dims: [values.length], type: 7, values });

  test('that are equal cancel out of what a Reshape leaves open', () => {
    const nodes = [
      node('Shape', 'x', 's'),
      node('Slice', 's i0 i2', 'nt'),
      node('Concat', 'nt rest', 'target', { attributes: { axis: 0 } }),
      node('Reshape', 'y split', 'y4'),
      node('Reshape', 'y4 target', 'z'),
    ];
    const constants = { i0: ints(0), i2: ints(2), rest: ints(-1), split: ints(0, 0, 3, 4) };
    expect(shapeOf(nodes, constants)).toEqual([null, 12]);
  });

  test('that are added and taken away again leave numbers', () => {
    const nodes = [
      node('Concat', 'x y', 'xy', { attributes: { axis: 1 } }),
      node('Shape', 'xy', 's2', { attributes: { start: 1, end: 2 } }),
      node('Shape', 'x', 's1', { attributes: { start: 1, end: 2 } }),
      node('Sub', 's2 s1', 'd'),
      node('Div', 's2 d', 'two'),
      node('Concat', 'minus two', 'target', { attributes: { axis: 0 } }),
      node('Reshape', 'x target', 'z'),
    ];
    expect(shapeOf(nodes, { minus: ints(-1) })).toEqual([null, 2]);
  });

  const lengths: readonly [number, number, readonly (number | null)[]][] = [
    [-1, 17, [null, 4]],
    [0, 12, [null, 4]],
    [0, 17, [0, 4]],
  ];
  test.each(lengths)('may be written as %i (operator set %i)', (length, opset, shape) => {
    const graph = readModel({
      opset,
      inputs: { x: ['N', length, 4] },
      nodes: [node('Relu', 'x', 'y')],
      outputs: { y: null },
    });
    expect(graph.layers[1]!.outputShapes).toEqual([shape]);
  });

  test('of one name mean one length only where the name means something', () => {
    const graph = readModel({
      inputs: { x: ['?', 3, '?', '?'] },
      nodes: [node('Relu', 'x', 'y')],
      outputs: { y: null },
    });
    expect(graph.layers[1]!.outputShapes).toEqual([[3, null, null]]);
  });
});
