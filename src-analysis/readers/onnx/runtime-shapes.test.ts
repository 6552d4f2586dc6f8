import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runtimeShapes } from '../../../test/fixtures/onnx/runtime-shapes.ts';
import { neverCancelled } from '../reader.ts';
import { buildGraph } from './build.ts';
import { decodeModel } from './decode.ts';
import { parseDim, type Shape } from './dimension.ts';
import { convertModel } from './from-proto.ts';
import { readOnnx } from './read.ts';
import type { Value } from './value.ts';

const fixtures = new URL('../../../test/fixtures/onnx/', import.meta.url);

/** Every value of a model, with the shapes that the file records left out: only the operators' own rules are tested. */
function inferredValues(bytes: Uint8Array): ReadonlyMap<string, Value> {
  const proto = decodeModel(bytes, neverCancelled);
  if (typeof proto === 'string') throw new Error(proto);
  const { model } = convertModel(proto, neverCancelled);
  const graph = {
    ...model.graph,
    valueInfo: [],
    outputs: model.graph.outputs.map(output => ({ ...output, shape: null })),
  };
  return buildGraph({ ...model, graph }, { name: '', format: 'onnx' }, neverCancelled).values;
}

const folders = ['paper', 'zoo', 'keras', 'exported'];

/** Lengths of the symbolic dimensions that are no batches, for the runs. */
const lengths = new Map([
  ['T', 200],
  ['s0', 12],
  ['s27', 7],
  ['s53', 200],
]);

function evaluated(shape: Shape | undefined): Shape | undefined {
  return shape?.map(dim => (typeof dim === 'string' ? parseDim(dim, lengths) : dim));
}
const files = folders.flatMap(folder =>
  readdirSync(new URL(folder, fixtures))
    .filter(f => f.endsWith('.onnx'))
    .map(file => `${folder}/${file}`),
);

test.each(files)('%s has the shapes that ONNX Runtime computes', async file => {
  const bytes = new Uint8Array(readFileSync(new URL(file, fixtures)));
  const values = inferredValues(bytes);
  const expected = await runtimeShapes(bytes, lengths);
  const actual = new Map([...expected.keys()].map(name => [name, evaluated(values.get(name)?.shape ?? undefined)]));
  expect(actual).toEqual(expected);
});

/** Layers of the kinds that the analysis or an attack may care about, as `kind` or, with a bias, `kind+bias`. */
const contents: readonly (readonly [string, string])[] = [
  ['dynamo-transformer', 'embedding dense+bias dense dense+bias dense+bias dense+bias'],
  ['dynamo-unet', 'conv+bias conv+bias convTranspose+bias conv+bias'],
  ['dynamo-speech', 'conv+bias conv+bias recurrent recurrent dense+bias'],
  ['torchscript-speech', 'conv+bias conv+bias recurrent recurrent dense+bias'],
  ['torchscript-routed', 'dense+bias dense+bias'],
  ['quantised-qdq', 'conv+bias conv+bias conv+bias dense+bias'],
  ['quantised-operators', 'conv+bias conv+bias conv+bias dense+bias'],
  ['quantised-dynamic', 'conv conv conv dense'],
  ['optimised-image', 'conv+bias conv+bias conv+bias dense+bias'],
  ['scikit-network', 'dense+bias dense+bias'],
  ['scikit-pipeline', 'dense+bias'],
];
const kinds = new Set(['conv', 'convTranspose', 'dense', 'embedding', 'recurrent', 'attention']);

test.each(contents)('%s consists of %s', (name, expected) => {
  const bytes = new Uint8Array(readFileSync(new URL(`exported/${name}.onnx`, fixtures)));
  const { models, errors } = readOnnx({ path: `${name}.onnx`, bytes }, neverCancelled);
  expect(errors).toEqual([]);
  const layers = models[0]!.layers.filter(({ op }) => kinds.has(op.kind));
  expect(layers.map(({ op }) => ('bias' in op && op.bias ? `${op.kind}+bias` : op.kind)).join(' ')).toBe(expected);
  expect(layers.every(({ weights }) => weights.some(({ trainable }) => trainable))).toBe(true);
});
