import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Edge, ModelGraph } from '../src-analysis/model/graph.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { readTfjsJson } from '../src-analysis/readers/tfjs-json/read.ts';
import { readTfjsWeights } from '../src-analysis/readers/tfjs-json/weights.ts';
import { describeLayer } from '../src-analysis/readers/tfjs-layers/build.ts';
import { classNameOf, factoryOf, layerFactories } from '../src-analysis/readers/tfjs-layers/catalogue.ts';
import { type Application, configurations, minimalConfigurations } from './tfjs-shapes/configurations.ts';
import { fixture } from './tfjs-shapes/fixture.ts';
import { applications, load, models, save } from './tfjs-shapes/models.ts';
import { ask, makeLayer } from './tfjs-shapes/oracle.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function snake(role: string): string {
  return (role.split('.').at(-1) ?? '').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

/**
 * Where we refuse and TensorFlow.js may go on: sizes of zero, which it builds into empty or infinite tensors, and a
 * bias on the wrong axis, which shows in the shape only if the two axes differ in length.
 */
const stricter = [/positive integer/, /bias of separableConv2d/];

/** Compares one application; true where TensorFlow.js accepts it. */
function agree(className: string, { config, inputShapes }: Application): boolean {
  const ours = describeLayer(className, config, inputShapes);
  const theirs = ask(className, config, inputShapes);
  if ('refused' in theirs) {
    expect(ours.problems, `TensorFlow.js refuses: ${theirs.refused}`).not.toEqual([]);
    return false;
  }
  expect(ours.problems.filter(problem => !stricter.some(pattern => pattern.test(problem)))).toEqual([]);
  if (ours.problems.length > 0) return false;
  expect(ours.outputShapes).toEqual(theirs.outputShapes);
  const weights = ours.weights.map(({ role, shape, trainable }) => ({ role: snake(role), shape, trainable }));
  expect(weights).toEqual(theirs.weights);
  // Its defaults are ours. TensorFlow.js 4.22 forgets to save depthMultiplier of separableConv2d.
  const saved = className === 'SeparableConv2D' ? { ...config, ...theirs.config } : theirs.config;
  expect(describeLayer(className, saved, inputShapes)).toEqual(ours);
  return true;
}

describe('the catalogue', () => {
  /** Exports that are classes to derive from, not functions that make a layer. */
  const baseClasses = ['Layer', 'RNN', 'RNNCell'];

  it('knows every export of tf.layers', () => {
    expect([...layerFactories, ...baseClasses].sort()).toEqual(Object.keys(tf.layers).sort());
  });

  it.each(layerFactories.filter(factory => factory !== 'input'))('knows what %s makes', factory => {
    const className = classNameOf(factory)!;
    const layer = makeLayer(className, minimalConfigurations[className] ?? {});
    expect(layer.getClassName()).toBe(className);
    expect(factoryOf(className)).toBeDefined();
  });

  it('has random configurations for every layer class', () => {
    const classes = new Set(layerFactories.map(factory => classNameOf(factory)));
    const parts = ['InputLayer', 'SimpleRNNCell', 'GRUCell', 'LSTMCell', 'ConvLSTM2DCell', 'StackedRNNCells'];
    expect(new Set([...Object.keys(configurations), ...parts])).toEqual(classes);
  });
});

/** TensorFlow.js 4.22 cannot infer the shapes behind these in a model. */
const neverAccepted = ['Resizing', 'RandomWidth'];

describe('random configurations', () => {
  it.each(Object.keys(configurations))('%s', className => {
    let accepted = 0;
    const property = fc.property(configurations[className]!, application => {
      if (agree(className, application)) accepted++;
    });
    fc.assert(property, { numRuns: 100 });
    if (neverAccepted.includes(className)) expect(accepted).toBe(0);
    else expect(accepted).toBeGreaterThan(20);
  });
});

/** Leaves out the inputs that we make for sequential models and those of nested models, which we join up. */
function compareShapes(graph: ModelGraph, model: tf.LayersModel): void {
  const theirs = [...applications(model)].filter(([layer]) => !layer.includes('/input'));
  const ours = graph.layers.filter(layer => !layer.name.endsWith('_input'));
  expect(Object.fromEntries(ours.map(layer => [layer.name, layer.outputShapes]))).toEqual(Object.fromEntries(theirs));
}

describe('model.json as TensorFlow.js saves it', () => {
  it.each(Object.keys(models))('%s', async name => {
    const model = models[name]!();
    const { text, bytes } = await save(model);
    const read = readTfjsJson({ path: 'model.json', text }, neverCancelled);
    expect(read.errors).toEqual([]);
    const graph = read.models[0]!;
    expect(graph.gaps).toEqual([]);

    compareShapes(graph, model);
    const shapeAt = ({ layer, output }: Edge) => graph.layers[layer]?.outputShapes[output];
    expect(graph.inputs.map(shapeAt)).toEqual(model.inputs.map(tensor => tensor.shape.slice(1)));
    expect(graph.outputs.map(shapeAt)).toEqual(model.outputs.map(tensor => tensor.shape.slice(1)));

    const weights = graph.layers.flatMap(layer => layer.weights);
    expect(new Set(weights.map(w => w.name))).toEqual(new Set(model.weights.map(w => w.originalName)));
    expect(weights.every(w => w.source.kind === 'stored')).toBe(true);
    const trainable = new Set(weights.filter(w => w.trainable).map(w => w.name));
    expect(trainable).toEqual(new Set(model.trainableWeights.map(w => w.originalName)));

    const decoded = readTfjsWeights(text, () => bytes);
    expect(decoded.errors).toEqual([]);
    for (const weight of model.weights) {
      const values = decoded.weights.get(weight.originalName);
      expect(values?.shape).toEqual(weight.shape);
      expect(values?.data).toEqual(weight.read().dataSync());
    }
  });
});

describe('model.json as TensorFlow.js loads it', () => {
  // Not the one of Keras 3, which TensorFlow.js 4.22 does not load.
  it.each(['sequential.json', 'shared-and-nested.json', 'keras2-converted.json'])('%s', async name => {
    const text = fixture(name);
    const graph = readTfjsJson({ path: name, text }, neverCancelled).models[0]!;
    compareShapes(graph, await load(text));
  });
});
