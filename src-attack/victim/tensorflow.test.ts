import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../../src-analysis/readers/tfjs-code/read.ts';
import { createReferenceEngine } from '../engines/reference/engine.ts';
import type { Values } from '../ir/graph.ts';
import { buildVictim } from './build-victim.ts';
import { weightKey } from './parameters.ts';
import type { VictimOptions, WeightValues } from './victim.ts';

/*
 * Models of TensorFlow.js, read from code, against TensorFlow.js's own loss and first derivatives (those it gets right):
 * every gradient has to come out in the layout of the weight itself.
 */

interface Case {
  readonly name: string;
  readonly input: readonly number[];
  /** Layers between the input and the output, as in code. */
  readonly layers: readonly string[];
  readonly options?: Partial<VictimOptions>;
  /** Why the gradients of TensorFlow.js 4.22 are of no use here; then only the loss is compared. */
  readonly lossOnly?: string;
}

const classifier = ['tf.layers.flatten()', "tf.layers.dense({ units: 4, activation: 'softmax' })"];

const cases: readonly Case[] = [
  {
    name: 'convolutions, strides, same padding, bias',
    input: [9, 8, 3],
    layers: [
      "tf.layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: 2, padding: 'same', activation: 'tanh' })",
      "tf.layers.conv2d({ filters: 4, kernelSize: 2, useBias: false, activation: 'sigmoid' })",
      ...classifier,
    ],
  },
  {
    name: 'dilated convolution, upsampling, average of partly covered windows',
    input: [9, 9, 2],
    layers: [
      "tf.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })",
      "tf.layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same', activation: 'elu' })",
      'tf.layers.upSampling2d({ size: [2, 1] })',
      ...classifier,
    ],
    lossOnly:
      'It has none for dilated convolution; on its cpu backend, those of resizing and of padded average pooling are wrong.',
  },
  {
    name: 'layers at each step of time',
    input: [4, 9, 2],
    layers: [
      "tf.layers.timeDistributed({ layer: tf.layers.conv1d({ filters: 3, kernelSize: 3, strides: 2, activation: 'sigmoid' }) })",
      'tf.layers.timeDistributed({ layer: tf.layers.globalAveragePooling1d() })',
      ...classifier,
    ],
  },
  {
    name: 'pooling',
    input: [11, 11, 2],
    layers: [
      "tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'elu' })",
      "tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })",
      'tf.layers.averagePooling2d({ poolSize: 2, strides: 1 })',
      ...classifier,
    ],
  },
  {
    name: 'depthwise and separable convolution',
    input: [8, 8, 3],
    layers: [
      "tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: 'softplus' })",
      "tf.layers.separableConv2d({ filters: 4, kernelSize: 3, padding: 'same', depthMultiplier: 2, activation: 'selu' })",
      'tf.layers.globalAveragePooling2d({})',
      'tf.layers.dense({ units: 4 })',
    ],
  },
  {
    name: 'transposed convolution, padding, cropping',
    input: [4, 5, 2],
    layers: [
      "tf.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'tanh' })",
      'tf.layers.zeroPadding2d({ padding: [[1, 2], [0, 1]] })',
      'tf.layers.cropping2D({ cropping: [[1, 0], [1, 1]] })',
      "tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, activation: 'relu' })",
      ...classifier,
    ],
  },
  {
    name: 'batch-norm with stored statistics, dropout, leaky ReLU',
    input: [6, 6, 2],
    layers: [
      'tf.layers.conv2d({ filters: 3, kernelSize: 3 })',
      'tf.layers.batchNormalization({})',
      'tf.layers.leakyReLU({ alpha: 0.2 })',
      'tf.layers.dropout({ rate: 0.5 })',
      'tf.layers.prelu({ sharedAxes: [1, 2] })',
      ...classifier,
    ],
  },
  {
    name: 'batch-norm with the statistics of the batch',
    input: [6, 6, 2],
    layers: [
      'tf.layers.conv2d({ filters: 3, kernelSize: 3 })',
      'tf.layers.batchNormalization({})',
      "tf.layers.activation({ activation: 'tanh' })",
      ...classifier,
    ],
    options: { normMode: 'train' },
  },
  {
    name: 'sequence: 1-D convolution and pooling, layer-norm',
    input: [12, 3],
    layers: [
      "tf.layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' })",
      'tf.layers.layerNormalization({})',
      'tf.layers.maxPooling1d({ poolSize: 2 })',
      'tf.layers.averagePooling1d({ poolSize: 2 })',
      "tf.layers.dense({ units: 3, activation: 'tanh' })",
      'tf.layers.globalMaxPooling1d({})',
      'tf.layers.dense({ units: 4 })',
    ],
  },
  {
    name: 'vectors: reshape, permute, repeat, mean squared error',
    input: [12],
    layers: [
      "tf.layers.dense({ units: 12, activation: 'softsign' })",
      'tf.layers.reshape({ targetShape: [3, 4] })',
      'tf.layers.permute({ dims: [2, 1] })',
      'tf.layers.flatten()',
      'tf.layers.repeatVector({ n: 2 })',
      "tf.layers.dense({ units: 2, activation: 'hardSigmoid' })",
    ],
    options: { loss: 'mse' },
  },
  {
    name: 'binary cross-entropy after a sigmoid',
    input: [6],
    layers: [
      "tf.layers.dense({ units: 5, activation: 'relu6' })",
      "tf.layers.dense({ units: 1, activation: 'sigmoid' })",
    ],
    options: { loss: 'bce' },
  },
  {
    name: 'channels first',
    input: [2, 6, 6],
    layers: [
      "tf.layers.zeroPadding2d({ padding: 1, dataFormat: 'channelsFirst' })",
      "tf.layers.flatten({ dataFormat: 'channelsFirst' })",
      "tf.layers.dense({ units: 4, activation: 'softmax' })",
    ],
  },
];

const batch = 2;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe('loss and gradients of TensorFlow.js', () => {
  it.each(cases)('$name', async ({ input, layers, options = {}, lossOnly }) => {
    const text = sequential(input, layers);
    const model = runCode(text);
    const [graph] = readTfjsCode(
      { path: 'model.js', text: `import * as tf from '@tensorflow/tfjs';\nconst model = ${text};` },
      neverCancelled,
    ).models;
    randomise(model);

    const { victim, unsupported } = buildVictim(graph!, weightsOf(graph!, model), {
      batch,
      loss: 'cross-entropy',
      normMode: 'eval',
      ...options,
    });
    expect(unsupported).toEqual([]);
    const x = tf.randomNormal([batch, ...input], 0, 1, 'float32', 7);
    const y = targets(model, options.loss);
    const expected = tfjsGradients(model, x, y, options, lossOnly !== undefined);

    const program = await createReferenceEngine().compile({
      loss: victim!.loss,
      ...Object.fromEntries(victim!.gradients.map((node, i) => [victim!.parameters[i]!.name, node])),
    });
    const image = victim!.inputLayout === 'channelsLast' ? tf.transpose(x, [0, 3, 1, 2]) : x;
    const actual = await program.run({ x: image.dataSync() as Float32Array, y: y.dataSync() as Float32Array });

    if (!lossOnly) expect(Object.keys(actual).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, values] of Object.entries(expected))
      expect(difference(actual[name]!, values), name).toBeLessThan(1e-4);
  });
});

/** Every layer gets a name, by which its weights are found. */
function sequential(input: readonly number[], layers: readonly string[]): string {
  const named = layers.map((layer, i) => {
    const first = i === 0 ? `, inputShape: [${input.join(', ')}]` : '';
    const own = `name: 'layer${i}'${first}`;
    return layer.endsWith('()')
      ? layer.replace('()', `({ ${own} })`)
      : layer.replace('({', `({ ${own},`).replace(', }', ' }');
  });
  return `tf.sequential({ layers: [${named.join(', ')}] })`;
}

function runCode(text: string): tf.Sequential {
  return new Function('tf', `return ${text};`)(tf) as tf.Sequential;
}

/** Weights that are neither zero nor one, variances positive. */
function randomise(model: tf.Sequential): void {
  model.setWeights(
    model
      .getWeights()
      .map((weight, i) => tf.randomUniform(weight.shape, 0.2, 0.8, 'float32', 11 + i).sub(i % 3 === 0 ? 0.5 : 0)),
  );
}

function weightsOf(graph: ModelGraph, model: tf.Sequential): Map<string, WeightValues> {
  const values = new Map<string, WeightValues>();
  for (const layer of graph.layers) {
    if (layer.weights.length === 0) continue;
    const stored = model.getLayer(layer.name).getWeights();
    layer.weights.forEach((ref, i) => {
      values.set(weightKey(graph, layer, ref), {
        shape: stored[i]!.shape,
        data: stored[i]!.dataSync() as Float32Array,
      });
    });
  }
  return values;
}

function targets(model: tf.Sequential, loss: VictimOptions['loss'] | undefined): tf.Tensor {
  const shape = [batch, ...(model.outputShape as (number | null)[]).slice(1)] as number[];
  if (loss) return tf.randomUniform(shape, 0, 1, 'float32', 3);
  return tf.oneHot(tf.tensor1d([1, 3], 'int32'), 4).toFloat();
}

function tfjsGradients(
  model: tf.Sequential,
  x: tf.Tensor,
  y: tf.Tensor,
  { loss, normMode }: Partial<VictimOptions>,
  lossOnly: boolean,
): Record<string, Values> {
  const lastName = model.layers.at(-1)!.getConfig().activation;
  const objective = (): tf.Scalar => {
    const output = model.apply(x, { training: normMode === 'train' }) as tf.Tensor;
    if (loss === 'mse') return tf.losses.meanSquaredError(y, output) as tf.Scalar;
    if (loss === 'bce') {
      const terms = tf.add(tf.mul(y, tf.log(output)), tf.mul(tf.sub(1, y), tf.log(tf.sub(1, output))));
      return tf.neg(tf.mean(terms)) as tf.Scalar;
    }
    const logs = lastName === 'softmax' ? tf.log(output) : tf.logSoftmax(output);
    return tf.neg(tf.mean(tf.sum(tf.mul(y, logs), -1))) as tf.Scalar;
  };
  const variables = model.trainableWeights.map(weight => weight.read() as tf.Variable);
  const result: Record<string, Values> = { loss: objective().dataSync() as Float32Array };
  if (lossOnly) return result;
  const { grads } = tf.variableGrads(objective, variables);
  for (const layer of model.layers) {
    for (const weight of layer.trainableWeights) {
      const [, role] = weight.originalName.split('/');
      const variable = weight.read() as tf.Variable;
      result[`${layer.name}/${camelCase(role!)}`] = grads[variable.name]!.dataSync() as Float32Array;
    }
  }
  return result;
}

/** `depthwise_kernel` → `depthwiseKernel`. */
function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Largest difference over the largest expected entry. */
function difference(actual: Values, expected: Values): number {
  let gap = 0;
  let scale = 1e-3;
  for (let i = 0; i < expected.length; i++) {
    gap = Math.max(gap, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return actual.length === expected.length ? gap / scale : Number.POSITIVE_INFINITY;
}
