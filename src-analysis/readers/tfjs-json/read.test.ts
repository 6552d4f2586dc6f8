import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { Cancelled, neverCancelled, type ReadResult } from '../reader.ts';
import { readTfjsJson } from './read.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../../../test/fixtures/tfjs-json/${name}`, import.meta.url), 'utf8');
}

function read(text: string, path = 'some/model.json'): ReadResult {
  return readTfjsJson({ path, text }, neverCancelled);
}

/** `name: type of inputs → output shapes | stored weights`, with `?` for what is not known. */
function summary(graph: ModelGraph): string[] {
  return graph.layers.map(layer => {
    const inputs = layer.inputs.map(edge => graph.layers[edge.layer]?.name + (edge.output ? `:${edge.output}` : ''));
    const shapes = layer.outputShapes.map(shape => shape?.map(dim => dim ?? '?').join('×') ?? '?');
    const weights = layer.weights.map(w => w.name || '-').join(' ');
    return `${layer.name}: ${layer.type} of ${inputs.join(', ')} → ${shapes.join(', ')}${weights && ` | ${weights}`}`;
  });
}

function names(graph: ModelGraph, edges: ModelGraph['inputs']): string[] {
  return edges.map(edge => graph.layers[edge.layer]!.name);
}

describe('models as they are saved', () => {
  it('reads a sequential model of TensorFlow.js', () => {
    const text = fixture('sequential.json');
    const { models, errors } = read(text);
    expect(errors).toEqual([]);
    const graph = models[0]!;
    expect(summary(graph)).toEqual([
      'first_input: InputLayer of  → 28×28×1',
      'first: Conv2D of first_input → 14×14×6 | first/kernel first/bias',
      'pool: MaxPooling2D of first → 7×7×6',
      'drop: Dropout of pool → 7×7×6',
      'flat: Flatten of drop → 294',
      'logits: Dense of flat → 10 | logits/kernel logits/bias',
    ]);
    expect(graph).toMatchObject({ name: 'digits', format: 'tfjs-json', gaps: [] });
    expect([names(graph, graph.inputs), names(graph, graph.outputs)]).toEqual([['first_input'], ['logits']]);
    expect(graph.layers[1]).toMatchObject({
      op: { kind: 'conv', filters: 6, kernelSize: [5, 5], strides: [2, 2], padding: { mode: 'same' } },
      activation: { name: 'sigmoid' },
      weights: [{ role: 'kernel', shape: [5, 5, 1, 6], trainable: true, source: { kind: 'stored' } }, { role: 'bias' }],
    });
    const at = ({ range }: Pick<Layer, 'range'>) => text.slice(range!.start, range!.end);
    expect(graph.layers.map(at)).toEqual(
      ['Conv2D', 'Conv2D', 'MaxPooling2D', 'Dropout', 'Flatten', 'Dense'].map(c => `"${c}"`),
    );
    expect(at(graph)).toBe('"Sequential"');
    const { start, end } = graph.layers[5]!.fullRange!;
    expect(JSON.parse(text.slice(start, end))).toMatchObject({ class_name: 'Dense', config: { units: 10 } });
  });

  it('applies shared layers several times and expands nested models', () => {
    const { models, errors } = read(fixture('shared-and-nested.json'));
    expect(errors).toEqual([]);
    const graph = models[0]!;
    expect(summary(graph)).toEqual([
      'left: InputLayer of  → 4',
      'right: InputLayer of  → 4',
      'encoder/encode: Dense of left → 4 | encode/kernel encode/bias',
      'encoder (call 2)/encode: Dense of right → 4 | encode/kernel encode/bias',
      'shared: Dense of encoder/encode → 4 | shared/kernel shared/bias',
      'shared (call 2): Dense of encoder (call 2)/encode → 4 | shared/kernel shared/bias',
      'sum: Add of shared, shared (call 2) → 4',
    ]);
    expect([names(graph, graph.inputs), names(graph, graph.outputs)]).toEqual([
      ['right', 'left'],
      ['sum', 'shared'],
    ]);
    expect(graph.layers.map(layer => layer.trainable)).toEqual([false, false, true, true, false, false, true]);
  });

  it('reads what the Python converter makes of Keras 2', () => {
    const { models, errors } = read(fixture('keras2-converted.json'));
    expect(errors).toEqual([]);
    const lstm = (way: string, cell: number) =>
      ['kernel', 'recurrent_kernel', 'bias'].map(w => `bidirectional/${way}_lstm/lstm_cell_${cell}/${w}`).join(' ');
    expect(summary(models[0]!)).toEqual([
      'input_1: InputLayer of  → 16×16×3',
      'conv2d: Conv2D of input_1 → 16×16×8 | conv2d/kernel',
      `batch_normalization: BatchNormalization of conv2d → 16×16×8 | ${['gamma', 'beta', 'moving_mean', 'moving_variance'].map(w => `batch_normalization/${w}`).join(' ')}`,
      'leaky_re_lu: LeakyReLU of batch_normalization → 16×16×8',
      'conv2d_1: Conv2D of leaky_re_lu → 16×16×8 | conv2d_1/kernel',
      'add: Add of conv2d_1, leaky_re_lu → 16×16×8',
      'reshape: Reshape of add → 16×128',
      `bidirectional: Bidirectional of reshape → 8 | ${lstm('forward', 1)} ${lstm('backward', 2)}`,
      'dense: Dense of bidirectional → 10 | dense/kernel dense/bias',
    ]);
    expect(models[0]!.layers[3]!.op).toEqual({
      kind: 'activation',
      activation: { name: 'leakyRelu', alpha: 0.30000001192092896 },
    });
  });

  it('reads a model of Keras 3', () => {
    const { models, errors } = read(fixture('keras3-converted.json'));
    expect(errors).toEqual([]);
    expect(summary(models[0]!)).toEqual([
      'features: InputLayer of  → 6',
      'left: Dense of features → 5 | left/kernel left/bias',
      'right: Dense of features → 5 | right/kernel right/bias',
      'join: Concatenate of left, right → 10',
      'leaky: LeakyReLU of join → 10',
      'score: Dense of leaky → 1 | score/kernel score/bias',
    ]);
    expect(models[0]!.layers[4]!.op).toMatchObject({ activation: { alpha: 0.2 } });
  });

  it('reads a topology alone, by any file name', () => {
    const { modelTopology } = JSON.parse(fixture('sequential.json'));
    const { models, errors } = read(JSON.stringify(modelTopology), 'topology.json');
    expect(errors).toEqual([]);
    expect(models[0]!.layers[1]!.weights[0]).toMatchObject({
      name: '',
      source: { kind: 'initializer', initializer: 'glorotNormal' },
    });
    expect(models[0]!.layers[5]!.weights[0]).toMatchObject({ source: { initializer: 'heNormal' } });
  });

  it('recognises a graph model and says that it does not read it', () => {
    const text = fixture('graph-model.json');
    const { models, errors } = read(text);
    expect(models).toEqual([]);
    expect(errors).toEqual([{ message: expect.stringContaining('does not read yet'), range: expect.anything() }]);
    expect(text.slice(errors[0]!.range!.start, errors[0]!.range!.end)).toBe('"graph-model"');
  });
});

describe('JSON that is no model', () => {
  it.each([
    ['package.json', '{"name": "x", "version": "1.0.0"}'],
    ['broken.json', '{"name": '],
    ['class.json', '{"class_name": "Teapot", "config": {}}'],
    ['broken-class.json', '{"class_name": "Teapot", '],
    ['model.json', '{"name": "x"}'],
    ['model.json', '[1, 2]'],
    ['empty.json', ''],
  ])('is quiet about %s %s', (path, text) => {
    expect(read(text, path)).toEqual({ models: [], errors: [], comments: [] });
  });

  it.each([
    ['dir/model.json', '{"name": }', 'This JSON is broken: a value is expected.', '}'],
    ['model.json', '{"a": 1 "b": 2}', 'This JSON is broken: a comma is expected.', '"b"'],
    ['model.json', '', 'This JSON is broken: a value is expected.', ''],
    ['model.json', '// no\n{}', 'This JSON is broken: JSON has no comments.', '// no'],
  ])('tells where %s %s is broken', (path, text, message, at) => {
    const { errors } = read(text, path);
    expect(errors[0]!.message).toBe(message);
    expect(text.slice(errors[0]!.range!.start, errors[0]!.range!.end)).toBe(at);
  });
});

type Json = Record<string, unknown>;

function dense(name: string, units: number, config: Json = {}): Json {
  return { class_name: 'Dense', config: { name, units, ...config } };
}

function sequential(layers: readonly Json[], extra: Json = {}): string {
  return JSON.stringify({ modelTopology: { class_name: 'Sequential', config: { name: 'm', layers } }, ...extra });
}

/** A functional model; the layers are given as [name, class, config, …references of each call]. */
function functional(
  layers: readonly (readonly [string, string, Json, ...unknown[][]])[],
  output: unknown[],
  input = 'in',
): string {
  const list = layers.map(([name, className, config, ...calls]) => ({
    name,
    class_name: className,
    config: { name, ...config },
    inbound_nodes: calls,
  }));
  const config = { name: 'm', layers: list, input_layers: [[input, 0, 0]], output_layers: [output] };
  return JSON.stringify({ modelTopology: { class_name: 'Model', config } });
}

function manifest(...weights: Json[]): Json {
  return { weightsManifest: [{ paths: ['w.bin'], weights: weights.map(w => ({ dtype: 'float32', ...w })) }] };
}

const inputLayer = ['in', 'InputLayer', { batch_input_shape: [null, 4] }] as const;

/** [what, text, message of the only error, text at its range] */
const mistakes: readonly [string, string, RegExp, string][] = [
  [
    'a bad setting',
    sequential([dense('d', -1, { batch_input_shape: [null, 4] })]),
    /^d: units must be a positive integer, but is -1\.$/,
    '"Dense"',
  ],
  [
    'no input shape',
    sequential([dense('d', 1)]),
    /^d: the first layer of a Sequential model needs a batch_input_shape\.$/,
    '"Dense"',
  ],
  ['a layer without a class', sequential([{ config: {} }]), /needs a class_name/, '{"config":{}}'],
  [
    'an unknown kind of model',
    '{"modelTopology": {"class_name": "Mine", "config": {}}}',
    /is a Mine: Leaklint reads/,
    '"Mine"',
  ],
  ['no topology', '{"weightsManifest": []}', /has no modelTopology/, '{"weightsManifest": []}'],
  ['a topology in a string', '{"modelTopology": {"model_config": "{}"}}', /names no class of model/, '"{}"'],
  [
    'layers that are none',
    '{"modelTopology": {"class_name": "Sequential", "config": {"layers": 3}}}',
    /no array of layers/,
    '"Sequential"',
  ],
  [
    'a missing layer',
    functional([inputLayer, ['d', 'Dense', { units: 2 }, [['gone', 0, 0, {}]]]], ['d', 0, 0]),
    /^There is no application 0 of a layer called gone\.$/,
    '"gone"',
  ],
  [
    'a missing application',
    functional([inputLayer, ['d', 'Dense', { units: 2 }, [['in', 3, 0, {}]]]], ['d', 0, 0]),
    /^There is no application 3 of a layer called in\.$/,
    '"in"',
  ],
  [
    'a missing output',
    functional([inputLayer, ['d', 'Dense', { units: 2 }, [['in', 0, 1, {}]]]], ['d', 0, 0]),
    /^in has no output 1\.$/,
    '"in"',
  ],
  [
    'a layer that feeds itself',
    functional([inputLayer, ['d', 'Dense', { units: 2 }, [['d', 0, 0, {}]]]], ['in', 0, 0]),
    /^d takes its input from a cycle of layers\.$/,
    '"Dense"',
  ],
  [
    'two layers of one name',
    functional(
      [inputLayer, ['d', 'Dense', { units: 2 }, [['in', 0, 0, {}]]], ['d', 'Flatten', {}, [['in', 0, 0, {}]]]],
      ['d', 0, 0],
    ),
    /^m has two layers called d\.$/,
    '"Flatten"',
  ],
  [
    'a shared layer on inputs of different lengths',
    functional([inputLayer, ['d', 'Dense', { units: 2 }, [['in', 0, 0, {}]], [['d', 0, 0, {}]]]], ['d', 1, 0]),
    /^d: its applications need weights of different shapes\.$/,
    '"Dense"',
  ],
  [
    'a weight of another shape',
    sequential(
      [dense('d', 2, { use_bias: false, batch_input_shape: [null, 4] })],
      manifest({ name: 'd/kernel', shape: [4, 3] }),
    ),
    /^d\/kernel has shape \[4, 3\], but d needs \[4, 2\] for its kernel\.$/,
    '[4,3]',
  ],
  [
    'a missing weight',
    sequential([dense('d', 2, { batch_input_shape: [null, 4] })], manifest({ name: 'd/kernel', shape: [4, 2] })),
    /^d: weightsManifest has no weight for bias\.$/,
    '"Dense"',
  ],
  [
    'a weight of no layer',
    sequential(
      [dense('d', 2, { use_bias: false, batch_input_shape: [null, 4] })],
      manifest(
        { name: 'd/kernel', shape: [4, 2] },
        { name: 'e/kernel', shape: [1] },
        { name: 'Adam/m', shape: [1], group: 'optimizer' },
      ),
    ),
    /^e\/kernel is a weight of no layer of this model\.$/,
    '"e/kernel"',
  ],
  [
    'a weight named twice',
    sequential(
      [dense('d', 2, { use_bias: false, batch_input_shape: [null, 4] })],
      manifest({ name: 'd/kernel', shape: [4, 2] }, { name: 'd/kernel', shape: [4, 2] }),
    ),
    /^weightsManifest names d\/kernel twice\.$/,
    '"d/kernel"',
  ],
  [
    'a weight of impossible shape',
    sequential(
      [{ class_name: 'ReLU', config: { batch_input_shape: [null, 4] } }],
      manifest({ name: 'k', shape: [-1] }),
    ),
    /^The shape of k must consist of sizes\.$/,
    '[-1]',
  ],
];

describe('mistakes in a model', () => {
  it.each(mistakes)('tells of %s', (_, text, message, at) => {
    const { errors } = read(text);
    expect(errors).toEqual([{ message: expect.stringMatching(message), range: expect.anything() }]);
    expect(text.slice(errors[0]!.range!.start, errors[0]!.range!.end)).toBe(at);
  });

  it('keeps the layers around a missing one', () => {
    const layers: Parameters<typeof functional>[0] = [
      inputLayer,
      ['d', 'Dense', { units: 2 }, [['gone', 0, 0, {}]]],
      ['e', 'Dense', { units: 3 }, [['d', 0, 0, {}]]],
    ];
    const graph = read(functional(layers, ['e', 0, 0])).models[0]!;
    expect(summary(graph)).toEqual(['in: InputLayer of  → 4', 'd: Dense of  → ? | - -', 'e: Dense of d → ? | - -']);
    expect(graph.layers[1]!.op).toEqual({ kind: 'unknown', reason: 'An input of this layer is missing.' });
  });

  it('leaves out what hangs on a cycle and says so', () => {
    const add = (name: string, ...from: string[]) => [name, 'Add', {}, from.map(f => [f, 0, 0, {}])] as const;
    const { models } = read(
      functional([inputLayer, add('a', 'in', 'b'), add('b', 'a', 'in'), add('c', 'b', 'in')], ['c', 0, 0]),
    );
    expect(models[0]!.layers.map(layer => layer.name)).toEqual(['in']);
    expect(models[0]!.gaps.map(gap => gap.reason)).toEqual(
      ['a', 'b', 'c'].map(n => `${n} takes its input from a cycle of layers.`),
    );
    expect(models[0]!.outputs).toEqual([]);
  });

  it('takes a layer of an unknown class as unknown, with the weights stored for it', () => {
    const layers = [
      dense('d', 2, { batch_input_shape: [null, 4] }),
      { class_name: 'Mine', config: { name: 'x' } },
      dense('e', 3),
    ];
    const weights = ['d/kernel', 'd/bias', 'x/my_kernel', 'e/kernel', 'e/bias'];
    const shapes = [[4, 2], [2], [7, 7], [5, 3], [3]];
    const { models, errors } = read(
      sequential(layers, manifest(...weights.map((name, i) => ({ name, shape: shapes[i] })))),
    );
    expect(errors).toEqual([]);
    const graph = models[0]!;
    expect(graph.layers[2]).toMatchObject({
      op: { kind: 'unknown', reason: 'Mine is not a layer class of TensorFlow.js that Leaklint knows.' },
      outputShapes: [null],
      weights: [{ role: 'myKernel', name: 'x/my_kernel', shape: [7, 7] }],
    });
    expect(graph.layers[3]).toMatchObject({ op: { kind: 'dense', inFeatures: null }, outputShapes: [null] });
  });

  it('reads on behind a break in the JSON, and marks the graph as partial', () => {
    const text = fixture('sequential.json').replace('"filters": 6,', '"filters": ,');
    const { models, errors } = read(text);
    expect(errors[0]!.message).toBe('This JSON is broken: a value is expected.');
    expect(models[0]!.layers).toHaveLength(6);
    expect(models[0]!.gaps).toHaveLength(1);
  });

  it('takes the last of equal keys, as JSON.parse does', () => {
    const text = sequential([dense('d', 2, { batch_input_shape: [null, 4] })]).replace(
      '"units":2',
      '"units":9,"units":2',
    );
    expect(read(text).models[0]!.layers[1]!.outputShapes).toEqual([[2]]);
  });
});

describe('hostile files', () => {
  const start = '{"modelTopology":';

  it.each([
    ['deep nesting', start + '['.repeat(100_000), 'nested more than 200 deep'],
    ['deep objects', start + '{"a":'.repeat(100_000), 'nested more than 200 deep'],
    ['brackets that close nothing', start + '[},'.repeat(100_000), 'nested more than 200 deep'],
    ['a long array', `${start}[${'0,'.repeat(2_000_000)}0]}`, 'made of more than 3000000 JSON tokens'],
  ])('refuses %s', (_, text, message) => {
    const { models, errors } = read(text);
    expect(models).toEqual([]);
    expect(errors).toEqual([{ message: expect.stringContaining(message), range: expect.anything() }]);
  });

  it('gives up on shared models that multiply', () => {
    let model: Json = {
      class_name: 'Sequential',
      config: { name: 's', layers: [dense('d', 2, { batch_input_shape: [null, 2] })] },
    };
    for (let level = 0; level < 8; level++) {
      const name = `m${level}`;
      const calls = Array.from({ length: 10 }, (_, i) => [i === 0 ? ['in', 0, 0, {}] : [name, i, 0, {}]]);
      const layers = [
        { name: 'in', class_name: 'InputLayer', config: { batch_input_shape: [null, 2] }, inbound_nodes: [] },
        { name, ...model, inbound_nodes: calls },
      ];
      model = {
        class_name: 'Model',
        config: { name, layers, input_layers: [['in', 0, 0]], output_layers: [[name, 10, 0]] },
      };
    }
    const [graph] = read(JSON.stringify({ modelTopology: model })).models;
    expect(graph!.layers.length).toBeLessThan(30_010);
    expect(graph!.gaps[0]!.reason).toBe('This model applies more than 30000 layers; the rest is not read.');
  });

  it('reads ten thousand layers', () => {
    const layers = Array.from({ length: 10_000 }, (_, i) =>
      dense(`d${i}`, 3, i === 0 ? { batch_input_shape: [null, 3] } : {}),
    );
    const { models, errors } = read(sequential(layers));
    expect(errors).toEqual([]);
    expect(models[0]!.layers).toHaveLength(10_001);
  });

  it('takes names of object members as any others', () => {
    const text = sequential([dense('__proto__', 2, { batch_input_shape: [null, 4], constructor: 1 })]).replace(
      '"units"',
      '"__proto__":{"units":7,"polluted":true},"toString":3,"units"',
    );
    const { models, errors } = read(text);
    expect(errors).toEqual([]);
    expect(models[0]!.layers[1]).toMatchObject({ name: '__proto__', outputShapes: [[2]] });
    expect({}).not.toHaveProperty('polluted');
  });

  it('survives sizes beyond all bounds', () => {
    const { models } = read(
      sequential([
        dense('d', 2 ** 40, { batch_input_shape: [null, 2 ** 40, 2 ** 40] }),
        { class_name: 'Flatten', config: {} },
      ]),
    );
    expect(models[0]!.layers.map(layer => layer.outputShapes)).toEqual([
      [[2 ** 40, 2 ** 40]],
      [[2 ** 40, 2 ** 40]],
      [[null]],
    ]);
  });

  it('stops when it is cancelled', () => {
    const read = () =>
      readTfjsJson({ path: 'model.json', text: fixture('sequential.json') }, { isCancellationRequested: true });
    expect(read).toThrow(Cancelled);
  });

  it('never throws on damaged files, and points into them', () => {
    const texts = ['sequential.json', 'shared-and-nested.json', 'keras2-converted.json', 'keras3-converted.json'].map(
      fixture,
    );
    const scrap = fc.constantFrom(
      '',
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      'null',
      '-1',
      '1e999',
      '"in"',
      '{"a":1}',
      '\u0000',
      '//',
      '/*',
    );
    const damage = fc.record({
      text: fc.constantFrom(...texts),
      cuts: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(40), scrap), {
        minLength: 1,
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(damage, ({ text, cuts }) => {
        let damaged = text;
        for (const [where, length, insert] of cuts) {
          const at = Math.floor(where * damaged.length);
          damaged = damaged.slice(0, at) + insert + damaged.slice(at + length);
        }
        const { models, errors } = read(damaged);
        const layers = models.flatMap(model => model.layers);
        expect(models.length + errors.length).toBeGreaterThan(0);
        for (const range of [...errors, ...models, ...layers, ...models.flatMap(model => model.gaps)].map(
          x => x.range,
        )) {
          expect(range && range.start >= 0 && range.start <= range.end && range.end <= damaged.length).toBe(true);
        }
        for (const layer of layers) for (const edge of layer.inputs) expect(edge.layer).toBeLessThan(layer.id);
      }),
      { numRuns: 300 },
    );
  });
});
