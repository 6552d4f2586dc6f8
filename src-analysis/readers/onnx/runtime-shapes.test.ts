import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runtimeShapes } from '../../../test/fixtures/onnx/runtime-shapes.ts';
import { neverCancelled } from '../reader.ts';
import { buildGraph } from './build.ts';
import { decodeModel } from './decode.ts';
import { convertModel } from './from-proto.ts';
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

const folders = ['paper', 'zoo', 'keras'];
const files = folders.flatMap(folder =>
  readdirSync(new URL(folder, fixtures))
    .filter(f => f.endsWith('.onnx'))
    .map(file => `${folder}/${file}`),
);

test.each(files)('%s has the shapes that ONNX Runtime computes', async file => {
  const bytes = new Uint8Array(readFileSync(new URL(file, fixtures)));
  const values = inferredValues(bytes);
  const expected = await runtimeShapes(bytes);
  const actual = new Map([...expected.keys()].map(name => [name, values.get(name)?.shape]));
  expect(actual).toEqual(expected);
});
