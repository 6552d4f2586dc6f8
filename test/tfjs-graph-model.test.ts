import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { readTfjsJson } from '../src-analysis/readers/tfjs-json/read.ts';
import { damaged, jsonPieces } from './damage.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Attributes = Readonly<Record<string, object>>;

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
const texts = (...values: string[]) => ({ list: { s: values.map(value => text(value).s) } });
const integers = (...values: number[]) => ({ list: { i: values.map(String) } });
const float = { type: 'DT_FLOAT' };

/** A graph under construction: nodes, and the constants whose values lie in the weight file. */
function graph() {
  const nodes: object[] = [];
  const weights: { name: string; shape: number[]; dtype: 'float32' | 'int32'; values: number[] }[] = [];
  const add = (op: string, name: string, input: string[], attr: Attributes = {}): string => {
    nodes.push({ name, op, ...(input.length > 0 && { input }), attr: { T: float, ...attr } });
    return name;
  };
  const constant = (name: string, shape: number[], values?: number[]): string => {
    const dtype = values ? 'int32' : 'float32';
    weights.push({ name, shape, dtype, values: values ?? new Array(shape.reduce((a, b) => a * b, 1)).fill(0.1) });
    nodes.push({ name, op: 'Const', attr: { dtype: { type: values ? 'DT_INT32' : 'DT_FLOAT' } } });
    return name;
  };
  const input = (name: string, shape: number[]): string =>
    add('Placeholder', name, [], {
      dtype: float,
      shape: { shape: { dim: shape.map(size => ({ size: String(size) })) } },
    });
  return { nodes, weights, add, constant, input };
}

type Graph = ReturnType<typeof graph>;

function fileOf({ nodes, weights }: Graph): string {
  return JSON.stringify({
    format: 'graph-model',
    modelTopology: { node: nodes, versions: {} },
    weightsManifest: [
      { paths: ['group1-shard1of1.bin'], weights: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })) },
    ],
  });
}

function weightBytes({ weights }: Graph): Buffer<ArrayBuffer> {
  return Buffer.concat(
    weights.map(
      ({ dtype, values }) => new Uint8Array((dtype === 'int32' ? Int32Array : Float32Array).from(values).buffer),
    ),
  );
}

/** The shape of every node's output as TensorFlow.js computes it, without the batch axis. */
async function computed(g: Graph, inputs: Record<string, number[]>, names: string[]) {
  const { nodes, weights } = g;
  const weightData = weightBytes(g);
  const model = await tf.loadGraphModel({
    load: async () => ({
      modelTopology: { node: nodes, versions: { producer: 1 } },
      weightSpecs: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
      weightData: weightData.buffer.slice(weightData.byteOffset, weightData.byteOffset + weightData.length),
    }),
  });
  const given = Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, tf.zeros(shape)]));
  const outputs = [model.execute(given, names)].flat() as tf.Tensor[];
  return Object.fromEntries(names.map((name, i) => [name, outputs[i]!.shape.slice(1)]));
}

const pool = {
  ksize: integers(1, 2, 2, 1),
  strides: integers(1, 2, 2, 1),
  padding: text('VALID'),
  data_format: text('NHWC'),
};
const window = (stride: number, padding: string) => ({
  strides: integers(1, stride, stride, 1),
  dilations: integers(1, 1, 1, 1),
  padding: text(padding),
  data_format: text('NHWC'),
});

function network(): Graph {
  const g = graph();
  const x = g.input('x', [-1, 9, 8, 3]);
  const conv = g.add('Conv2D', 'conv', [x, g.constant('conv/kernel', [3, 3, 3, 4])], window(2, 'SAME'));
  const biased = g.add('BiasAdd', 'conv/BiasAdd', [conv, g.constant('conv/bias', [4])]);
  const relu = g.add('Relu6', 'relu', [biased]);
  const depthwise = g.add(
    'DepthwiseConv2dNative',
    'depthwise',
    [relu, g.constant('depthwise/kernel', [2, 2, 4, 2])],
    window(1, 'VALID'),
  );
  const fused = g.add(
    '_FusedConv2D',
    'fused',
    [depthwise, g.constant('fused/kernel', [1, 1, 8, 6]), g.constant('fused/bias', [6])],
    {
      ...window(1, 'SAME'),
      fused_ops: texts('BiasAdd', 'Elu'),
      num_args: { i: '1' },
    },
  );
  const norms = ['gamma', 'beta', 'mean', 'variance'].map(name => g.constant(`norm/${name}`, [6]));
  const norm = g.add('FusedBatchNormV3', 'norm', [fused, ...norms], {
    epsilon: { f: 0.001 },
    is_training: { b: false },
    data_format: text('NHWC'),
  });
  const joined = g.add('AddV2', 'joined', [norm, fused]);
  const scaled = g.add('Mul', 'scaled', [joined, g.constant('scale', [6])]);
  const pooled = g.add('MaxPool', 'pooled', [scaled], pool);
  const other = g.add('AvgPool', 'other', [fused], pool);
  const both = g.add('ConcatV2', 'both', [pooled, other, g.constant('both/axis', [], [3])], { N: { i: '2' } });
  const last = g.add('Conv2D', 'last', [both, g.constant('last/kernel', [1, 1, 12, 5])], window(1, 'VALID'));
  const mean = g.add('Mean', 'mean', [last, g.constant('mean/axes', [2], [1, 2])], { keep_dims: { b: false } });
  const flat = g.add('Reshape', 'flat', [last, g.constant('flat/shape', [2], [-1, 10])]);
  const plain = { transpose_a: { b: false }, transpose_b: { b: false } };
  g.add('MatMul', 'head', [flat, g.constant('head/kernel', [10, 2])], plain);
  const dense = g.add(
    '_FusedMatMul',
    'dense',
    [mean, g.constant('dense/kernel', [5, 7]), g.constant('dense/bias', [7])],
    {
      transpose_a: { b: false },
      transpose_b: { b: false },
      fused_ops: texts('BiasAdd', 'Relu'),
      num_args: { i: '1' },
    },
  );
  const logits = g.add('MatMul', 'logits', [dense, g.constant('logits/kernel', [3, 7])], {
    transpose_a: { b: false },
    transpose_b: { b: true },
  });
  g.add('Softmax', 'softmax', [g.add('Identity', 'same', [logits])]);
  return g;
}

/** Reads a graph with its weights beside it, in files of at most so many bytes. */
function readWithWeights(g: Graph, shard = 1e6) {
  const data = weightBytes(g);
  const count = Math.ceil(data.length / shard);
  const paths = [...Array(count).keys()].map(i => `group1-shard${i + 1}of${count}.bin`);
  const partOf = (path: string) => {
    const index = paths.indexOf(path);
    return index < 0 ? undefined : data.subarray(index * shard, (index + 1) * shard);
  };
  const related = {
    read: () => undefined,
    importers: () => [],
    size: (path: string) => partOf(path)?.length,
    bytes: (path: string, start: number, length: number) => partOf(path)?.subarray(start, start + length),
  };
  const text = fileOf(g).replace('["group1-shard1of1.bin"]', JSON.stringify(paths));
  return readTfjsJson({ path: 'model.json', text, related }, neverCancelled);
}

const read = (json: string, size?: (path: string) => number | undefined) =>
  readTfjsJson(
    { path: 'model.json', text: json, ...(size && { related: { read: () => undefined, importers: () => [], size } }) },
    neverCancelled,
  );

describe('graph models', () => {
  it('have the shapes that TensorFlow.js computes', async () => {
    const g = network();
    const { models, errors } = read(fileOf(g));
    expect(errors).toEqual([]);
    const [model] = models;
    expect(model!.gaps).toEqual([]);
    expect(model!.layers.filter(layer => layer.op.kind === 'unknown')).toEqual([]);
    const names = model!.layers.map(layer => layer.name);
    const ours = Object.fromEntries(model!.layers.map(layer => [layer.name, layer.outputShapes[0]]));
    expect(ours).toEqual(await computed(g, { x: [2, 9, 8, 3] }, names));
  });

  it('have layers with weights, biases and activations of their own', () => {
    const [model] = read(fileOf(network())).models;
    const byName = new Map(model!.layers.map(layer => [layer.name, layer]));
    expect(byName.get('conv')).toMatchObject({
      op: { kind: 'conv', bias: true, filters: 4, strides: [2, 2], padding: { mode: 'same' } },
      weights: [
        { role: 'kernel', name: 'conv/kernel' },
        { role: 'bias', name: 'conv/bias' },
      ],
    });
    expect(byName.has('conv/BiasAdd')).toBe(false);
    expect(byName.get('depthwise')).toMatchObject({ op: { kind: 'conv', groups: 4, filters: 8 } });
    expect(byName.get('fused')).toMatchObject({ activation: { name: 'elu' }, op: { bias: true } });
    expect(byName.get('logits')).toMatchObject({
      op: { kind: 'dense', inFeatures: 7, units: 3, transposedKernel: true },
    });
    expect(byName.get('joined')).toMatchObject({ op: { kind: 'merge', merge: 'add' } });
    expect(byName.get('both')).toMatchObject({ op: { kind: 'merge', merge: 'concat', axis: 2 } });
    const ends = ['head', 'softmax'].map(name => ({ layer: byName.get(name)!.id, output: 0 }));
    expect(model!.outputs).toEqual(expect.arrayContaining(ends));
    expect(model!.outputs).toHaveLength(2);
  });

  it('are unknown where values in the weight files decide, with the rank that is known', () => {
    const g = graph();
    const x = g.input('x', [-1, 4, 4, 3]);
    g.add('Reshape', 'reshaped', [x, g.constant('shape', [3], [-1, 16, 3])]);
    g.add('Mean', 'mean', [x, g.constant('axes', [1], [2])], { keep_dims: { b: true } });
    g.add('Transpose', 'turned', [x, g.constant('perm', [4], [0, 3, 1, 2])]);
    g.add('Frobnicate', 'strange', [x]);
    const { models, errors } = read(fileOf(g));
    expect(errors).toEqual([]);
    const ours = models[0]!.layers.slice(1).map(({ name, op, outputShapes }) => [name, op.kind, outputShapes[0]]);
    expect(ours.sort()).toEqual([
      ['mean', 'unknown', [null, null, null]],
      ['reshaped', 'unknown', [null, null]],
      ['strange', 'unknown', null],
      ['turned', 'unknown', [null, null, null]],
    ]);
  });

  /** Operations that values decide, each on [batch, 4, 6, 3]. */
  const decided: readonly [
    op: string,
    is: object,
    constants: readonly (readonly [number[], number[]?])[],
    attr?: Attributes,
  ][] = [
    ['Reshape', { how: 'reshape' }, [[[3], [-1, 24, 3]]]],
    ['Reshape', { how: 'flatten' }, [[[2], [-1, 72]]]],
    ['Reshape', { how: 'flatten' }, [[[2], [2, -1]]]],
    ['Reshape', { how: 'reshape' }, [[[4], [2, 6, -1, 3]]]],
    ['Transpose', { how: 'permute', permutation: [2, 0, 1] }, [[[4], [0, 3, 1, 2]]], { Tperm: { type: 'DT_INT32' } }],
    [
      'Pad',
      { how: 'pad', before: [1, 0, 0], after: [2, 3, 0] },
      [
        [
          [4, 2],
          [0, 0, 1, 2, 0, 3, 0, 0],
        ],
      ],
    ],
    [
      'PadV2',
      { how: 'pad', padValue: null },
      [
        [
          [4, 2],
          [0, 0, 0, 1, 1, 0, 0, 0],
        ],
        [[]],
      ],
    ],
    [
      'MirrorPad',
      { how: 'pad', padMode: 'reflect' },
      [
        [
          [4, 2],
          [0, 0, 0, 1, 1, 0, 0, 0],
        ],
      ],
      { mode: text('REFLECT') },
    ],
    ['Mean', { kind: 'reduce', name: 'mean', axes: [1] }, [[[1], [2]]], { keep_dims: { b: true } }],
    ['Mean', { kind: 'reduce', axes: [0, 2], keepDims: false }, [[[2], [-1, 1]]], { keep_dims: { b: false } }],
    ['Max', { kind: 'reduce', name: 'max', axes: [2] }, [[[], [3]]], { keep_dims: { b: false } }],
    ['ExpandDims', { how: 'unsqueeze' }, [[[], [-2]]]],
    ['ResizeNearestNeighbor', { how: 'upsample' }, [[[2], [8, 12]]], { align_corners: { b: false } }],
    ['ResizeNearestNeighbor', { kind: 'unknown' }, [[[2], [3, 5]]], { align_corners: { b: false } }],
    ['ResizeBilinear', { kind: 'unknown' }, [[[2], [8, 12]]], { align_corners: { b: false } }],
    [
      'Slice',
      { how: 'crop', before: [1, 0, 1], after: [1, 0, 0] },
      [
        [[4], [0, 1, 0, 1]],
        [[4], [-1, 2, 6, -1]],
      ],
    ],
    [
      'StridedSlice',
      { how: 'crop', before: [0, 1, 0], after: [1, 2, 0] },
      [
        [[3], [0, 0, 1]],
        [[3], [0, -1, 4]],
        [[3], [1, 1, 1]],
      ],
      { begin_mask: { i: '1' }, end_mask: { i: '1' } },
    ],
    [
      'StridedSlice',
      { kind: 'unknown' },
      [
        [[2], [0, 2]],
        [[2], [0, 3]],
        [[2], [1, 1]],
      ],
      { begin_mask: { i: '1' }, end_mask: { i: '1' }, shrink_axis_mask: { i: '2' } },
    ],
    [
      'SplitV',
      { how: 'split', axis: 1 },
      [
        [[2], [4, -1]],
        [[], [2]],
      ],
      { num_split: { i: '2' } },
    ],
  ];

  it.each(decided)('take values from the weight files: %s as %j', async (op, is, constants, attr = {}) => {
    const g = graph();
    // A batch that a target shape states is that of the input.
    const isStated = op === 'Reshape' && constants[0]?.[1]?.[0] === 2;
    const x = g.input('x', [isStated ? 2 : -1, 4, 6, 3]);
    const names = constants.map(([shape, values], i) => g.constant(`value${i}`, shape, values));
    g.add(op, 'made', [x, ...names], attr);
    const { models, errors } = readWithWeights(g, 13);
    expect(errors).toEqual([]);
    const made = models[0]?.layers.find(layer => layer.name === 'made');
    expect(made?.op).toMatchObject(is);
    expect({ made: made?.outputShapes[0] }).toEqual(await computed(g, { x: [2, 4, 6, 3] }, ['made']));
  });

  it('take the axis of a split and of a concatenation from the weight files', async () => {
    const g = graph();
    const x = g.input('x', [-1, 4, 6, 3]);
    const parts = g.add('Split', 'parts', [g.constant('axis', [], [-2]), x], { num_split: { i: '3' } });
    g.add('ConcatV2', 'joined', [`${parts}:2`, parts, g.constant('along', [], [1])], { N: { i: '2' } });
    const { models } = readWithWeights(g);
    expect(models[0]?.layers.slice(1).map(layer => [layer.op, layer.outputShapes])).toMatchObject([
      [
        { how: 'split', axis: 1 },
        [
          [4, 2, 3],
          [4, 2, 3],
          [4, 2, 3],
        ],
      ],
      [{ kind: 'merge', merge: 'concat', axis: 0 }, [[8, 2, 3]]],
    ]);
    expect(await computed(g, { x: [2, 4, 6, 3] }, ['joined'])).toEqual({ joined: [8, 2, 3] });
  });

  it.each<[op: string, values: number[], reason: RegExp]>([
    ['Reshape', [-1, 36], /mixes the examples/],
    ['Reshape', [-1, -1, 3], /mixes the examples/],
    ['Transpose', [1, 0, 2, 3], /moves the axis of the batch/],
    ['Transpose', [0, 0, 2, 3], /cannot permute/],
    ['Mean', [0], /mixes the examples/],
    ['Mean', [7], /in the weight files/],
  ])('leave %s by %j unknown', (op, values, reason) => {
    const g = graph();
    g.add(op, 'made', [g.input('x', [-1, 4, 6, 3]), g.constant('values', [values.length], values)]);
    expect(readWithWeights(g).models[0]?.layers[1]?.op).toMatchObject({
      kind: 'unknown',
      reason: expect.stringMatching(reason),
    });
  });

  it('ask weight files for small lists of integers only, of files beside the model', () => {
    const g = graph();
    const x = g.input('x', [-1, 4, 6, 3]);
    g.add('Reshape', 'made', [x, g.constant('big', [65], new Array(65).fill(1))]);
    g.add('Reshape', 'same', [x, g.constant('small', [3], [-1, 24, 3])]);
    const asked: [string, number, number][] = [];
    const related = {
      read: () => undefined,
      importers: () => [],
      size: () => 1000,
      bytes: (path: string, start: number, length: number) => void asked.push([path, start, length]),
    };
    for (const path of ['group1-shard1of1.bin', '../x.bin', '/etc/x', 'file:x']) {
      const text = fileOf(g).replace('group1-shard1of1.bin', path);
      readTfjsJson({ path: 'folder/model.json', text, related }, neverCancelled);
    }
    expect(asked).toEqual([['folder/group1-shard1of1.bin', 260, 12]]);
  });

  it('may have kept the shapes of their nodes', () => {
    const g = graph();
    const x = g.input('x', [-1, 4, 4, 3]);
    const shape = { dim: [{ size: '-1' }, { size: '16' }, { size: '3' }] };
    g.add('Reshape', 'reshaped', [x, g.constant('shape', [3], [-1, 16, 3])], {
      _output_shapes: { list: { shape: [shape] } },
    });
    expect(read(fileOf(g)).models[0]!.layers[1]!.outputShapes).toEqual([[16, 3]]);
  });

  it('with mistakes are read as far as they go', () => {
    const g = graph();
    const x = g.input('x', [-1, 4, 4, 3]);
    g.add('Conv2D', 'narrow', [x, g.constant('kernel', [3, 3, 5, 4])], window(1, 'SAME'));
    g.add('Relu', 'lost', ['nowhere']);
    g.add('Relu', 'twice', [x]);
    g.add('Relu', 'twice', [x]);
    g.add('Add', 'a', ['b', x]);
    g.add('Add', 'b', ['a', x]);
    g.weights.push({ name: 'idle', shape: [1], dtype: 'float32', values: [0] });
    g.nodes.push({ name: 'unstored', op: 'Const' });
    g.add('Mul', 'open', [x, 'unstored']);
    const { models, errors } = read(fileOf(g));
    expect(errors.map(error => error.message).sort()).toEqual([
      'There are two nodes called twice.',
      'There is no node called nowhere.',
      'idle is a weight of no node of this graph.',
      'narrow: Its kernel takes 5 channels, but the input has 3.',
      'weightsManifest has no values of unstored.',
    ]);
    expect(models[0]!.gaps).toEqual([{ reason: 'Some nodes take their inputs from a cycle, and are not read.' }]);
    expect(models[0]!.layers.map(layer => layer.name).sort()).toEqual(['lost', 'narrow', 'open', 'twice', 'x']);
  });
});

describe('hostile graph models', () => {
  it('are read with any piece left out, repeated or exchanged', () => {
    fc.assert(
      fc.property(damaged([fileOf(network())], jsonPieces), text => {
        const { models } = read(text);
        for (const { layers } of models) {
          for (const { id, inputs } of layers) expect(inputs.every(edge => edge.layer < id)).toBe(true);
        }
      }),
      { numRuns: 400, seed: 4 },
    );
  });
});

describe('weight files', () => {
  const g = graph();
  g.add('Mul', 'product', [g.input('x', [-1, 2]), g.constant('scale', [2])]);
  const json = fileOf(g);
  const messages = (size: (path: string) => number | undefined, text = json) =>
    read(text, size).errors.map(e => e.message);

  it('have the size that the manifest says, or are not there at all', () => {
    expect(messages(path => (path === 'group1-shard1of1.bin' ? 8 : undefined))).toEqual([]);
    expect(messages(() => undefined)).toEqual([]);
  });

  it('of another size, in part missing, or not listed are told', () => {
    expect(messages(() => 12)).toEqual(['group1-shard1of1.bin has 12 bytes, but the weights of this group need 8.']);
    const two = json.replace('"group1-shard1of1.bin"', '"group1-shard1of2.bin","group1-shard2of2.bin"');
    expect(messages(path => (path.includes('2of2') ? undefined : 8), two)).toEqual([
      'The weight file group1-shard2of2.bin is missing.',
    ]);
    expect(messages(() => 8, json.replace('1of1', '1of2'))).toEqual(['This group lists 1 of its 2 weight files.']);
    expect(messages(() => undefined, json.replace('"group1-shard1of1.bin"', ''))).toEqual([
      'This group of weights names no file: its paths are missing.',
    ]);
  });
});
