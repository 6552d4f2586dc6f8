import { describe, expect, it } from 'vitest';
import { fixture } from '../../../test/tfjs-shapes/fixture.ts';
import { dense, functional, inputLayer, manifest, read, sequential, summary } from './test-files.ts';

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
