import { expect, test } from 'vitest';
import { type AttributeSpec, buildModel, type TensorSpec } from '../../../../test/fixtures/onnx/model-builder.ts';
import { runtimeShapes } from '../../../../test/fixtures/onnx/runtime-shapes.ts';
import { neverCancelled } from '../../reader.ts';
import { readOnnx } from '../read.ts';

interface Case {
  readonly op: string;
  readonly domain?: string;
  /** Shapes of activations. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Element type of the inputs; float where absent. */
  readonly type?: number;
  readonly weights?: Readonly<Record<string, TensorSpec>>;
  /** Names of the node's inputs in their order. */
  readonly of: readonly string[];
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** Types of the layers behind the inputs. */
  readonly layers: string;
  /** Roles of their weights. */
  readonly roles?: string;
}

const weight = (...dims: number[]): TensorSpec => ({ dims });
const domain = 'com.microsoft';

const cases: readonly Case[] = [
  {
    op: 'BiasGelu',
    domain,
    inputs: { x: [2, 4] },
    weights: { b: weight(4) },
    of: ['x', 'b'],
    layers: 'Add Gelu',
    roles: 'offset',
  },
  { op: 'FastGelu', domain, inputs: { x: [2, 4] }, of: ['x'], layers: 'FastGelu' },
  {
    op: 'SkipLayerNormalization',
    domain,
    inputs: { x: [2, 5, 4], s: [2, 5, 4] },
    weights: { gamma: weight(4), beta: weight(4), bias: weight(4) },
    of: ['x', 's', 'gamma', 'beta', 'bias'],
    outputs: ['y', '', '', 'sum'],
    layers: 'Add Add LayerNormalization',
    roles: 'offset gamma beta',
  },
  {
    op: 'SkipLayerNormalization',
    domain,
    inputs: { x: [2, 5, 4], s: [2, 5, 4] },
    weights: { gamma: weight(4) },
    of: ['x', 's', 'gamma'],
    layers: 'Add LayerNormalization',
    roles: 'gamma',
  },
  {
    op: 'FusedConv',
    domain,
    inputs: { x: [2, 3, 8, 8], z: [2, 4, 6, 6] },
    weights: { w: weight(4, 3, 3, 3), b: weight(4) },
    of: ['x', 'w', 'b', 'z'],
    attributes: { activation: 'Relu' },
    layers: 'Conv Add Relu',
    roles: 'kernel bias',
  },
  {
    op: 'FusedMatMul',
    domain,
    inputs: { a: [2, 4, 5], b: [2, 4, 6] },
    of: ['a', 'b'],
    attributes: { transA: 1, alpha: { float: 0.5 } },
    layers: 'Transpose MatMul Mul',
    roles: 'constant',
  },
  {
    op: 'EmbedLayerNormalization',
    domain,
    inputs: { ids: [2, 5], segments: [2, 5] },
    type: 6,
    weights: { words: weight(9, 4), places: weight(7, 4), kinds: weight(2, 4), gamma: weight(4), beta: weight(4) },
    of: ['ids', 'segments', 'words', 'places', 'kinds', 'gamma', 'beta'],
    outputs: ['y', '', 'sum'],
    layers: 'Gather Add Gather Add LayerNormalization',
    roles: 'embeddings offset embeddings gamma beta',
  },
  {
    op: 'MultiHeadAttention',
    domain,
    inputs: { q: [2, 5, 8], k: [2, 6, 8], v: [2, 6, 4] },
    of: ['q', 'k', 'v'],
    attributes: { num_heads: 2 },
    layers: 'Reshape Transpose Reshape Transpose MatMul Mul Softmax Reshape Transpose MatMul Transpose Reshape',
  },
  {
    op: 'Attention',
    inputs: { q: [2, 3, 5, 8], k: [2, 3, 6, 8], v: [2, 3, 6, 4] },
    of: ['q', 'k', 'v'],
    layers: 'Transpose MatMul Mul Softmax MatMul',
  },
  // What the composition does not know is left to the operator's own rule.
  {
    op: 'Attention',
    inputs: { q: [2, 3, 5, 8], k: [2, 3, 5, 8], v: [2, 3, 5, 8] },
    of: ['q', 'k', 'v'],
    attributes: { is_causal: 1 },
    layers: 'Attention',
  },
  {
    op: 'Attention',
    inputs: { q: [2, 4, 5, 8], k: [2, 2, 6, 8], v: [2, 2, 6, 8] },
    of: ['q', 'k', 'v'],
    layers: 'Attention',
  },
];

test.each(cases)('$op of $inputs is $layers', async ({ op, domain = '', inputs, type = 1, weights = {}, ...item }) => {
  const bytes = buildModel({
    opset: 23,
    domains: { 'com.microsoft': 1 },
    inputs,
    inputType: type,
    outputs: { y: null },
    initializers: weights,
    nodes: [
      { op, domain, inputs: item.of, outputs: item.outputs ?? ['y'], attributes: item.attributes ?? {}, name: 'node' },
    ],
  });
  const { models, errors } = readOnnx({ path: 'm.onnx', bytes }, neverCancelled);
  expect(errors).toEqual([]);
  const [model] = models;
  const layers = model!.layers.filter(layer => layer.op.kind !== 'input' && layer.op.kind !== 'constant');
  expect(layers.map(layer => layer.type).join(' ')).toBe(item.layers);
  expect(layers.filter(layer => layer.op.kind === 'unknown')).toEqual([]);
  const roles = layers.flatMap(layer => layer.weights.map(({ role }) => role));
  if (item.roles !== undefined) expect(roles.filter(role => role !== 'indices').join(' ')).toBe(item.roles);
  const [output] = model!.outputs;
  const shape = (await runtimeShapes(bytes)).get('y')!;
  expect(model!.layers[output!.layer]!.outputShapes[output!.output]).toEqual(shape.slice(1));
});
