import { describe, expect, it } from 'vitest';
import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import { readOnnx } from '../../src-analysis/readers/onnx/read.ts';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../../src-analysis/readers/tfjs-code/read.ts';
import { buildModel, type ModelSpec } from '../../test/fixtures/onnx/model-builder.ts';
import { sizeOf } from '../ir/graph.ts';
import { buildVictim } from './build-victim.ts';
import { weightKey } from './parameters.ts';
import type { VictimOptions, WeightValues } from './victim.ts';

/* What cannot be attacked is told layer by layer, all of it at once; nothing is skipped in silence. */

const options: VictimOptions = { batch: 1, loss: 'cross-entropy', normMode: 'eval' };

interface Case {
  readonly name: string;
  readonly model: ModelGraph;
  readonly weights?: ReadonlyMap<string, WeightValues>;
  readonly options?: Partial<VictimOptions>;
  /** Names of layers (null: the model) and what their reason has to say. */
  readonly expected: readonly (readonly [string | null, RegExp])[];
}

const dense = code("tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })");
const image = "tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [null, null, 3], name: 'c' })";
const twoOutputs: ModelSpec = {
  inputs: { x: [1, 3] },
  nodes: [
    { op: 'Tanh', inputs: ['x'], outputs: ['y'] },
    { op: 'Tanh', inputs: ['y'], outputs: ['z'] },
  ],
  outputs: { y: [1, 3], z: [1, 3] },
};

const cases: readonly Case[] = [
  {
    name: 'layers without a gradient that leads to the input, and those behind them',
    model: code(
      "tf.layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 5, name: 'e' })",
      "tf.layers.lstm({ units: 3, name: 'l' })",
      "tf.layers.dense({ units: 2, name: 'd' })",
    ),
    weights: new Map(),
    expected: [
      ['e', /integers/],
      ['l', /no values/],
      ['d', /no values/],
    ],
  },
  {
    name: 'cells that are stacked, and convolutions inside a cell',
    model: code(
      "tf.layers.convLstm2d({ filters: 2, kernelSize: 2, inputShape: [3, 4, 4, 1], name: 'c' })",
      'tf.layers.reshape({ targetShape: [9, 2] })',
      "tf.layers.rnn({ cell: [tf.layers.gruCell({ units: 2 }), tf.layers.gruCell({ units: 2 })], name: 's' })",
    ),
    expected: [
      ['c', /Convolutions inside a recurrent cell/],
      ['s', /layers in a row, .* compute the same/],
    ],
  },
  {
    name: 'tokens that are looked up in two tables',
    model: script(`const x = tf.input({ shape: [4] });
      const [a, b] = [1, 2].map(() => tf.layers.embedding({ inputDim: 9, outputDim: 3 }).apply(x));
      const y = tf.layers.dense({ units: 2 }).apply(tf.layers.flatten().apply(tf.layers.add().apply([a, b])));
      const m = tf.model({ inputs: x, outputs: y });`),
    options: { tokenVectors: true },
    expected: [[null, /looked up in 2 tables/]],
  },
  { name: 'weights without values', model: dense, weights: new Map(), expected: [['d', /"d\/kernel" has no values/]] },
  {
    name: 'weights of a wrong shape',
    model: dense,
    weights: new Map([
      ['d/kernel', { shape: [2, 3], data: new Float32Array(6) }],
      ['d/bias', { shape: [2], data: new Float32Array(2) }],
    ]),
    expected: [['d', /\[2, 3\].*\[3, 2\]/]],
  },
  {
    name: 'an input whose shape is open',
    model: code(image, "tf.layers.globalAveragePooling2d({ name: 'g' })"),
    expected: [[null, /shape of the input/]],
  },
  {
    name: 'an input that is too small',
    model: code(image, "tf.layers.globalAveragePooling2d({ name: 'g' })"),
    options: { inputShape: [2, 2, 3] },
    expected: [['c', /does not fit/]],
  },
  {
    name: 'no trainable weight',
    model: code("tf.layers.dense({ units: 2, inputShape: [3], trainable: false, name: 'd' })"),
    expected: [[null, /no trainable weight/]],
  },
  {
    name: 'cross-entropy of a map',
    model: code("tf.layers.conv2d({ filters: 2, kernelSize: 1, inputShape: [4, 4, 3], name: 'c' })"),
    expected: [[null, /one row of classes/]],
  },
  { name: 'several outputs', model: onnx(twoOutputs), expected: [[null, /2 outputs/]] },
  {
    name: 'an operator that the reader does not know',
    model: onnx({
      inputs: { x: [1, 3] },
      nodes: [{ op: 'CumSum', inputs: ['x', 'axis'], outputs: ['y'], name: 'cumulated' }],
      initializers: { axis: { dims: [], type: 7, values: [1] } },
      outputs: { y: [1, 3] },
    }),
    expected: [['cumulated', /\S/]],
  },
];

describe('models that cannot be attacked', () => {
  it.each(cases)('$name', ({ model, weights = zeroWeights(model), options: own = {}, expected }) => {
    const { victim, unsupported } = buildVictim(model, weights, { ...options, ...own });
    expect(victim).toBeNull();
    const told = unsupported.map(({ layer, reason }) => [layer === null ? null : model.layers[layer]!.name, reason]);
    expect(told).toEqual(expected.map(([layer, reason]) => [layer, expect.stringMatching(reason)]));
  });

  it('runs at an input shape that the caller gives', () => {
    const model = code(image, "tf.layers.globalAveragePooling2d({ name: 'g' })");
    const { victim, unsupported } = buildVictim(model, zeroWeights(model), {
      ...options,
      batch: 3,
      inputShape: [6, 5, 3],
    });
    expect(unsupported).toEqual([]);
    expect(victim?.x.shape).toEqual([3, 3, 6, 5]);
    expect(victim?.logits.shape).toEqual([3, 2]);
  });
});

function code(...layers: readonly string[]): ModelGraph {
  return script(`const m = tf.sequential({ layers: [${layers.join(', ')}] });`);
}

function script(statements: string): ModelGraph {
  const text = `import * as tf from '@tensorflow/tfjs';\n${statements}`;
  return readTfjsCode({ path: 'm.js', text }, neverCancelled).models[0]!;
}

function onnx(spec: ModelSpec): ModelGraph {
  return readOnnx({ path: 'm.onnx', bytes: buildModel(spec) }, neverCancelled).models[0]!;
}

function zeroWeights(model: ModelGraph): Map<string, WeightValues> {
  const values = new Map<string, WeightValues>();
  for (const layer of model.layers) {
    for (const ref of layer.weights) {
      const shape = ref.shape as readonly number[];
      values.set(weightKey(model, layer, ref), { shape, data: new Float32Array(sizeOf(shape)) });
    }
  }
  return values;
}
