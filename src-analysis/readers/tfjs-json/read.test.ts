import { describe, expect, it } from 'vitest';
import { fixture } from '../../../test/tfjs-shapes/fixture.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { read, summary } from './test-files.ts';

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

  it('reads a graph model', () => {
    const text = fixture('graph-model.json');
    const { models, errors } = read(text);
    expect(errors).toEqual([]);
    expect(models).toMatchObject([{ format: 'tfjs-json', layers: [{ name: 'x', op: { kind: 'input' } }], gaps: [] }]);
    const { range } = models[0]!.layers[0]!;
    expect(text.slice(range!.start, range!.end)).toBe('"x"');
  });

  it('says what a graph model lacks', () => {
    const { models, errors } = read('{"format": "graph-model", "modelTopology": {}}');
    expect(models).toEqual([]);
    expect(errors).toMatchObject([{ message: 'This graph model has no list of nodes in modelTopology.' }]);
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
