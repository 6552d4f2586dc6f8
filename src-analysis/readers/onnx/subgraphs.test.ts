import { describe, expect, test } from 'vitest';
import {
  buildModel,
  type GraphSpec,
  type ModelSpec,
  type NodeSpec,
  type TensorSpec,
} from '../../../test/fixtures/onnx/model-builder.ts';
import { runtimeShapes } from '../../../test/fixtures/onnx/runtime-shapes.ts';
import type { ModelGraph } from '../../model/graph.ts';
import { neverCancelled } from '../reader.ts';
import { buildGraph } from './build.ts';
import { decodeModel } from './decode.ts';
import { convertModel } from './from-proto.ts';

function read(spec: ModelSpec) {
  const bytes = buildModel(spec);
  const proto = decodeModel(bytes, neverCancelled);
  if (typeof proto === 'string') throw new Error(proto);
  const built = buildGraph(convertModel(proto, neverCancelled).model, { name: 'm', format: 'onnx' }, neverCancelled);
  return { bytes, ...built, graph: built.graph! };
}

function node(text: string, attributes: NodeSpec['attributes'] = {}, name = ''): NodeSpec {
  const [call = '', outputs = ''] = text.split(' -> ');
  const [path = '', inputs = ''] = call.split(' ');
  const [op = '', domain = ''] = path.split('@');
  const names = (list: string) => (list === '' ? [] : list.split(',').map(item => (item === '_' ? '' : item)));
  return { op, domain, name, inputs: names(inputs), outputs: names(outputs), attributes };
}

const weight = (...dims: number[]): TensorSpec => ({ dims });
const int = (value: number): TensorSpec => ({ dims: [], type: 7, values: [value] });
const bool = (value: number): TensorSpec => ({ dims: [], type: 9, values: [value] });
const names = ({ layers }: ModelGraph) => layers.map(({ name }) => name);

const branch = (nodes: readonly NodeSpec[], output: string): { graph: GraphSpec } => ({
  graph: { nodes, outputs: { [output]: null }, initializers: { v: weight(4, 3), w: weight(4, 3) } },
});

const choice = (condition: NodeSpec, then: readonly NodeSpec[], otherwise: readonly NodeSpec[]): ModelSpec => ({
  inputs: { x: [2, 4] },
  nodes: [
    node('Relu x -> a'),
    condition,
    node('If c -> y', { then_branch: branch(then, 't'), else_branch: branch(otherwise, 'e') }, 'if'),
    node('Tanh y -> z'),
  ],
  initializers: { yes: bool(1), axis: { dims: [2], type: 7, values: [0, 1] }, one: weight(1, 1) },
  outputs: { z: null },
});

const dataDependent = node('Equal sum,sum -> c');
const onData = (spec: ModelSpec): ModelSpec => ({
  ...spec,
  nodes: [node('ReduceSum x,axis -> sum', { keepdims: 0 }), ...spec.nodes],
});

describe('If', () => {
  test('of a known condition is the branch that runs', async () => {
    const spec = choice(node('Not yes -> c'), [node('Sigmoid a -> t')], [node('MatMul a,w -> e', {}, 'dense')]);
    const { graph, errors, values, bytes } = read(spec);
    expect(errors).toEqual([]);
    expect(names(graph)).toEqual(['x', 'Relu_0', 'if/dense', 'Tanh_0']);
    expect(graph.layers[2]).toMatchObject({ op: { kind: 'dense', units: 3 }, inputs: [{ layer: 1, output: 0 }] });
    expect(values.get('z')?.shape).toEqual((await runtimeShapes(bytes)).get('z'));
  });

  const either: readonly [string, readonly NodeSpec[], readonly NodeSpec[], readonly (number | null)[] | null][] = [
    ['one shape', [node('MatMul a,v -> t')], [node('MatMul a,w -> e')], [3]],
    ['one rank', [node('MatMul a,v -> t')], [node('Sigmoid a -> e')], [null]],
    ['different ranks', [node('MatMul a,v -> t')], [node('Unsqueeze a,axis -> e')], null],
  ];
  test.each(either)('keeps the layers of both branches that give %s', (_, then, otherwise, shape) => {
    const { graph, errors } = read(onData(choice(dataDependent, then, otherwise)));
    expect(errors).toEqual([]);
    const layer = graph.layers.find(({ name }) => name === 'if')!;
    expect(layer.op).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('Which of its two branches') });
    expect(layer.outputShapes).toEqual([shape]);
    const inner = names(graph).filter(name => name.startsWith('if/'));
    expect(inner.map(name => name.split('/')[1])).toEqual(['then', 'else']);
    expect(layer.inputs.map(edge => names(graph)[edge.layer])).toEqual(['Equal_0', ...inner]);
  });
});

describe('Loop', () => {
  const body = (nodes: readonly NodeSpec[], ...outputs: string[]): { graph: GraphSpec } => ({
    graph: {
      nodes,
      inputs: { i: [], go: [], s: [null, 4] },
      inputTypes: { i: 7, go: 9 },
      outputs: Object.fromEntries(outputs.map(name => [name, null])),
      initializers: { w: weight(4, 4), one: { dims: [1, 4] } },
    },
  });
  const loop = (nodes: readonly NodeSpec[], outputs: readonly string[], made: string): ModelSpec => ({
    inputs: { x: [2, 4] },
    nodes: [node(`Loop trips,yes,x -> ${made}`, { body: body(nodes, ...outputs) }, 'loop')],
    initializers: { trips: int(5), yes: bool(1) },
    outputs: Object.fromEntries(made.split(',').map(name => [name, null])),
  });

  test('gives states of one shape and lists of as many entries as rounds', async () => {
    const nodes = [node('Identity go -> goes'), node('MatMul s,w -> t', {}, 'dense'), node('Relu t -> u')];
    const { graph, errors, values, bytes } = read(loop(nodes, ['goes', 't', 'u'], 'y,all'));
    expect(errors).toEqual([]);
    expect(names(graph)).toEqual(['x', 'loop/dense', 'loop/Relu_0', 'loop']);
    expect(graph.layers[3]!.op).toMatchObject({ kind: 'unknown' });
    expect(graph.gaps).toEqual([{ reason: "'loop' repeats layers with weights; they are listed once." }]);
    const expected = await runtimeShapes(bytes);
    for (const name of ['y', 'all']) expect(values.get(name)?.shape).toEqual(expected.get(name));
  });

  test('leaves open what grows', () => {
    const nodes = [node('Identity go -> goes'), node('Concat s,one -> t', { axis: 0 })];
    const { graph, errors, values } = read(loop(nodes, ['goes', 't'], 'y'));
    expect(errors).toEqual([]);
    expect(values.get('y')?.shape).toEqual([null, 4]);
    expect(names(graph).filter(name => name.startsWith('loop/Concat'))).toHaveLength(1);
  });

  test('leaves the number of rounds open where the body decides it', () => {
    const nodes = [
      node('ReduceMax s -> m', { keepdims: 0 }),
      node('Less m,m -> goes'),
      node('Relu s -> t'),
      node('Tanh s -> u'),
    ];
    const { values } = read(loop(nodes, ['goes', 't', 'u'], 'y,all'));
    expect(values.get('y')?.shape).toEqual([2, 4]);
    expect(values.get('all')?.shape).toEqual([null, 2, 4]);
  });
});

describe('Scan', () => {
  test('takes sequences apart and puts lists together, along the axes it names', async () => {
    const body: GraphSpec = {
      nodes: [node('Add s,e -> t'), node('MatMul t,w -> u'), node('Identity u -> v')],
      inputs: { s: [2, 3], e: [2, 3] },
      outputs: { t: [2, 3], u: [2, 6], v: [2, 6] },
      initializers: { w: weight(3, 6) },
    };
    const { graph, errors, values, bytes } = read({
      inputs: { x: [2, 7, 3] },
      nodes: [
        node(
          'Scan start,x -> y,first,second',
          { body: { graph: body }, num_scan_inputs: 1, scan_input_axes: [1], scan_output_axes: [0, 1] },
          'scan',
        ),
      ],
      initializers: { start: weight(2, 3) },
      outputs: { y: null, first: null, second: null },
    });
    expect(errors).toEqual([]);
    expect(names(graph)).toEqual(expect.arrayContaining(['scan/Add_0', 'scan/MatMul_0', 'scan']));
    const expected = await runtimeShapes(bytes);
    for (const name of ['y', 'first', 'second']) expect(values.get(name)?.shape).toEqual(expected.get(name));
  });
});

describe('a function of the model', () => {
  const linear = {
    domain: 'my',
    name: 'Linear',
    inputs: ['x', 'w', 'b'],
    outputs: ['y'],
    nodes: [node('Gemm x,w,b -> g', { transB: { argument: 'transposed' } }, 'gemm'), node('LeakyRelu g -> y')],
    defaults: { transposed: 1 },
  };
  const spec: ModelSpec = {
    domains: { my: 1 },
    functions: [linear],
    inputs: { x: ['N', 4] },
    nodes: [node('Linear@my x,w,b -> a', {}, 'fc1'), node('Linear@my a,v -> z', { transposed: 0 }, 'fc2')],
    initializers: { w: weight(6, 4), b: weight(6), v: weight(6, 5) },
    outputs: { z: null },
  };

  test('becomes its layers at every call, with the arguments and weights of the call', async () => {
    const { graph, errors, values, bytes } = read(spec);
    expect(errors).toEqual([]);
    expect(graph.gaps).toEqual([]);
    expect(names(graph)).toEqual(['x', 'fc1/gemm', 'fc1/LeakyRelu_0', 'fc2/gemm', 'fc2/LeakyRelu_0']);
    expect(graph.layers[1]).toMatchObject({ op: { units: 6, bias: true, transposedKernel: true } });
    expect(graph.layers[3]).toMatchObject({ op: { units: 5, bias: false } });
    expect(graph.layers[3]!.weights.map(({ name }) => name)).toEqual(['v']);
    expect(values.get('z')?.shape).toEqual((await runtimeShapes(bytes)).get('z'));
  });

  test('that calls itself ends', () => {
    const nodes = [node('Linear@my x,w,b -> a'), node('Linear@my a,w,b -> y')];
    const { graph } = read({ ...spec, functions: [{ ...linear, nodes }] });
    expect(graph.layers.length).toBeLessThan(1_000_000);
    const reasons = graph.layers.flatMap(({ op }) => (op.kind === 'unknown' ? [op.reason] : []));
    expect(reasons[0]).toMatch(/calls too many others/);
  });
});

test('loops in loops around much that is captured come to an end', () => {
  const names = Array.from({ length: 300 }, (_, i) => `w${i}`);
  const innermost: GraphSpec = {
    nodes: names.map((name, i) => node(`Add s,${name} -> t${i}`)),
    inputs: { i: null, go: null, s: null },
    outputs: { go: null, t0: null },
  };
  const nested = (depth: number): GraphSpec =>
    depth === 0
      ? innermost
      : {
          nodes: [node('Loop _,_,s -> t', { body: { graph: nested(depth - 1) } })],
          inputs: { i: null, go: null, s: null },
          outputs: { go: null, t: null },
        };
  const { graph, errors } = read({
    inputs: { x: [2, 4] },
    nodes: [node('Loop _,_,x -> y', { body: { graph: nested(25) } })],
    initializers: Object.fromEntries(names.map(name => [name, weight(4)])),
    outputs: { y: null },
  });
  expect(errors).toEqual([]);
  expect(graph.layers.some(({ op }) => op.kind === 'unknown' && /too many/.test(op.reason))).toBe(true);
});
