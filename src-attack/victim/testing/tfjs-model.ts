/** Models of TensorFlow.js, read from code, beside TensorFlow.js itself: loss and gradients in the layout of the weights. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { ModelGraph } from '../../../src-analysis/model/graph.ts';
import { neverCancelled } from '../../../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../../../src-analysis/readers/tfjs-code/read.ts';
import { createReferenceEngine } from '../../engines/reference/engine.ts';
import type { Values } from '../../ir/graph.ts';
import { buildVictim } from '../build-victim.ts';
import { weightKey } from '../parameters.ts';
import type { Victim, VictimOptions, WeightValues } from '../victim.ts';

/** A model in code, and what of it is compared with TensorFlow.js. */
export interface TfjsCase {
  readonly name: string;
  readonly input: readonly number[];
  /** Layers between the input and the output, as in code. */
  readonly layers: readonly string[];
  readonly options?: Partial<VictimOptions>;
  /** Why the gradients of TensorFlow.js 4.22 are of no use here; then only the loss is compared. */
  readonly lossOnly?: string;
  /** The input are tokens of so many, which the first layer looks up. */
  readonly vocabulary?: number;
}

const batch = 2;

/** Before the first model. */
export async function ready(): Promise<void> {
  tf.enableProdMode();
  await tf.setBackend('cpu');
}

/** What the victim computes, and what TensorFlow.js does: the loss, and the gradient of every trainable weight by its key. */
export async function compared({ input, layers, options = {}, lossOnly, vocabulary }: TfjsCase) {
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
    tokenVectors: vocabulary !== undefined,
    ...options,
  });
  expect(unsupported).toEqual([]);
  const shape = [batch, ...input];
  const x = vocabulary ? tokens(shape, vocabulary) : tf.randomNormal(shape, 0, 1, 'float32', 7);
  const y = targets(model, options.loss);
  const expected = tfjsGradients(model, x, y, options, lossOnly !== undefined);
  const seen = vocabulary ? rowsOf(victim!.table!.data, x, victim!.x.shape.at(-1)!) : imageOf(victim!, x);
  if (vocabulary) {
    // Of the table's gradient the rows of the tokens, one for every place; all others are 0.
    const { name } = victim!.parameters[0]!;
    expected[name] = rowsOf(expected[name]!, x, victim!.x.shape.at(-1)!);
  }
  const program = await createReferenceEngine().compile({
    loss: victim!.loss,
    ...Object.fromEntries(victim!.gradients.map((node, i) => [victim!.parameters[i]!.name, node])),
  });
  const actual = await program.run({ x: seen, y: y.dataSync() as Float32Array });
  return { actual, expected };
}

/** Tokens no two of which are alike. */
function tokens(shape: number[], vocabulary: number): tf.Tensor {
  const count = shape.reduce((size, dim) => size * dim, 1);
  // 5 and the vocabulary have no common divisor.
  const ids = Array.from({ length: count }, (_, i) => (5 * i + 2) % vocabulary);
  return tf.tensor(ids, shape, 'int32');
}

function rowsOf(table: Values, ids: tf.Tensor, width: number): Float32Array {
  return Float32Array.from(Array.from(ids.dataSync()).flatMap(id => [...table.subarray(id * width, (id + 1) * width)]));
}

function imageOf({ inputLayout }: Victim, x: tf.Tensor): Float32Array {
  return (inputLayout === 'channelsLast' ? tf.transpose(x, [0, 3, 1, 2]) : x).dataSync() as Float32Array;
}

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
    const directions = layer.getClassName() === 'Bidirectional' ? ['forward.', 'backward.'] : [''];
    const each = layer.trainableWeights.length / directions.length;
    layer.trainableWeights.forEach((weight, i) => {
      const role = weight.originalName.split('/').at(-1)!;
      const variable = weight.read() as tf.Variable;
      const key = `${layer.name}/${directions[Math.floor(i / each)]}${camelCase(role)}`;
      result[key] = grads[variable.name]!.dataSync() as Float32Array;
    });
  }
  return result;
}

/** `depthwise_kernel` → `depthwiseKernel`. */
function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Of every expected tensor the largest difference, over its largest entry. */
export function differences(actual: Record<string, Values>, expected: Record<string, Values>): [string, number][] {
  return Object.entries(expected).map(([name, values]) => [name, difference(actual[name]!, values)]);
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
