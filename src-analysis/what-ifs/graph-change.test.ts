import { describe, expect, test } from 'vitest';
import { analyseModel } from '../analyse.ts';
import { neverCancelled } from '../readers/reader.ts';
import { candidatesFor } from './candidates.ts';
import { applyEdits, type Change } from './change.ts';
import { editsOf, evaluate, type Subject, subjectsOf } from './evaluate.ts';
import { figuresOf } from './figures.ts';
import { changedGraph } from './graph-change.ts';
import { distinctChanges } from './what-ifs.ts';

const head = "import * as tf from '@tensorflow/tfjs';\n";
const models = {
  plain: `tf.sequential({ layers: [
    tf.layers.conv2d({ inputShape: [16, 16, 3], filters: 6, kernelSize: 3, strides: 2, padding: 'same', activation: 'tanh' }),
    tf.layers.batchNormalization({}),
    tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'tanh' }),
    tf.layers.averagePooling2d({ poolSize: 2, strides: 2 }),
    tf.layers.flatten(), tf.layers.dense({ units: 12, activation: 'sigmoid' }), tf.layers.dense({ units: 4 })] })`,
  global: `tf.sequential({ layers: [
    tf.layers.conv2d({ inputShape: [12, 12, 3], filters: 6, kernelSize: 3, activation: 'relu' }),
    tf.layers.depthwiseConv2d({ kernelSize: 3 }),
    tf.layers.globalAveragePooling2d({}), tf.layers.dense({ units: 4, useBias: false })] })`,
};

const subjectOf = (code: string): Subject =>
  subjectsOf({ path: 'model.ts', text: `${head}const model = ${code};\n` }, new Map(), neverCancelled)[0]!;

describe.each(Object.entries(models))('changes of the graph of a model (%s)', (_, code) => {
  const subject = subjectOf(code);
  const { graph } = subject.model;
  const changes = distinctChanges(
    subject,
    graph.layers.map(({ id }) => id),
  );
  const changed = changes.map(change => ({ change, after: changedGraph(graph, [change]) }));

  test('make the shapes and weights that the changed code makes', () => {
    const compared = changed.filter(({ change, after }) => {
      const edits = editsOf(subject, [change])!;
      const text = applyEdits(subject.file.text ?? '', edits);
      const [again] = subjectsOf({ path: 'model.ts', text }, new Map(), neverCancelled);
      if (!after || !again) return false;
      const shapes = (model: typeof graph) =>
        model.layers.map(({ outputShapes, weights }) => [outputShapes, weights.map(({ shape }) => shape)]);
      expect(shapes(after), JSON.stringify(change)).toEqual(shapes(again.model.graph));
      return true;
    });
    expect(compared.length).toBeGreaterThan(10);
    expect(new Set(compared.map(({ change }) => change.parameter)).size).toBeGreaterThanOrEqual(4);
  });

  test('get the figures that the changed code gets', () => {
    for (const { change, after } of changed) {
      const variant = evaluate(subject, [change], neverCancelled);
      if (!after || !variant) continue;
      const figures = figuresOf({ graph: after, analysis: analyseModel(after, new Map(), neverCancelled) });
      expect(figures, JSON.stringify(change)).toEqual(variant.figures);
    }
  });
});

test('what two layers share is left alone, but for no other layer', () => {
  const { graph } = subjectOf(models.plain).model;
  const dense = graph.layers.at(-1)!;
  const change: Change = { layer: dense.id, parameter: 'trainable', from: true, to: false };
  expect(changedGraph(graph, [change])?.layers.at(-1)?.trainable).toBe(false);
  const shared = {
    ...graph,
    layers: graph.layers.map(layer => (layer === dense ? { ...layer, sharedWith: 1 } : layer)),
  };
  expect(changedGraph(shared, [change])).toBeUndefined();
  expect(changedGraph(shared, [{ ...change, layer: 1 }])).toBeUndefined();
});

test('a kind that nothing is known of stops a change before it, not one behind it', () => {
  const { graph } = subjectOf(models.plain).model;
  const at = graph.layers.findIndex(({ op }) => op.kind === 'norm');
  const strange = { ...graph.layers[at]!, op: { kind: 'unknown', reason: 'strange' } as const };
  const odd = { ...graph, layers: graph.layers.map(layer => (layer.id === at ? strange : layer)) };
  const [before, behind] = [graph.layers[at - 1]!, graph.layers[at + 1]!].map(layer =>
    candidatesFor(layer).find(({ parameter }) => parameter === 'filters'),
  );
  expect(changedGraph(odd, [before!])).toBeUndefined();
  expect(changedGraph(odd, [behind!])).toBeDefined();
});
