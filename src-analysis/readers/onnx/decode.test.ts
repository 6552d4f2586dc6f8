import { readFileSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { buildModel } from '../../../test/fixtures/onnx/model-builder.ts';
import { Cancelled, neverCancelled } from '../reader.ts';
import { decodeModel } from './decode.ts';
import { AttributeProtoSchema, GraphProtoSchema, ModelProtoSchema, NodeProtoSchema } from './generated/onnx_pb.ts';
import { readOnnx } from './read.ts';

const paper = new Uint8Array(readFileSync(new URL('../../../test/fixtures/onnx/paper/cnn3_c2.onnx', import.meta.url)));

const text = (value: string) => Uint8Array.from(value, character => character.charCodeAt(0));

function nested(depth: number): Uint8Array {
  let graph = create(GraphProtoSchema);
  for (let level = 0; level < depth; level++) {
    const attribute = [create(AttributeProtoSchema, { name: 'body', g: graph })];
    graph = create(GraphProtoSchema, { node: [create(NodeProtoSchema, { opType: 'Loop', attribute })] });
  }
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph }));
}

/** A graph of `count` empty nodes, two bytes each. */
function emptyNodes(count: number): Uint8Array {
  const nodes = new Uint8Array(2 * count);
  for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
  const length: number[] = [];
  for (let rest = nodes.length; rest > 0; rest >>>= 7) length.push(rest > 127 ? (rest & 127) | 128 : rest);
  return Uint8Array.from([0x3a, ...length, ...nodes]);
}

describe('bytes that are no model', () => {
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /^The file is empty/],
    ['JSON', text('{"format": "layers-model"}'), /^This is not a binary ONNX model but JSON text/],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\noid'), /Git LFS pointer/],
    ['a ZIP archive', text('PK\x03\x04....'), /ZIP archive/],
    ['HDF5', text('\x89HDF\r\n'), /HDF5/],
    ['a pickle', text('\x80\x02}q'), /pickle/],
    ['TensorFlow Lite', text('\x1c\0\0\0TFL3'), /TensorFlow Lite/],
    ['a web page', text('<!DOCTYPE html>'), /web page/],
    ['prose', text('hello world, this is no model'), /not an ONNX model/],
    ['zeros', new Uint8Array(64), /not an ONNX model/],
    ['a message without a graph', Uint8Array.of(8, 7), /holds no graph/],
    ['half a model', paper.slice(0, paper.length / 2), /^The file ends too early: \d+ of its bytes are missing/],
    ['subgraphs nested without end', nested(150), /nested more deeply/],
    ['more nodes than any model has', emptyNodes(500_000), /more nodes, attributes and names than Leaklint reads/],
  ];
  test.each(cases)('%s', (_, bytes, message) => {
    const { models, errors } = readOnnx({ path: 'x.onnx', bytes }, neverCancelled);
    expect(models).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(errors[0]!.message).toMatch(message);
    expect(errors[0]!.message).toMatch(/\w"?\)?\.$/);
  });

  test('subgraphs nested as exporters do are read', () => {
    expect(readOnnx({ path: 'x.onnx', bytes: nested(20) }, neverCancelled).errors).toEqual([]);
  });
});

test('tensors stay views of the file: nothing of them is copied', () => {
  const model = decodeModel(paper, neverCancelled);
  if (typeof model === 'string') throw new Error(model);
  const { initializer } = model.graph!;
  expect(initializer).toHaveLength(4);
  for (const tensor of initializer) expect(tensor.buffer).toBe(paper.buffer);
});

test('a model stands where it stands in a larger buffer', () => {
  const buffer = new Uint8Array(paper.length + 20);
  buffer.set(paper, 7);
  const inside = buffer.subarray(7, 7 + paper.length);
  expect(readOnnx({ path: 'x.onnx', bytes: inside }, neverCancelled)).toEqual(
    readOnnx({ path: 'x.onnx', bytes: paper }, neverCancelled),
  );
});

test('reading stops when it is asked to', () => {
  const nodes = Array.from({ length: 2000 }, (_, i) => ({ op: 'Relu', inputs: [`v${i}`], outputs: [`v${i + 1}`] }));
  const bytes = buildModel({ inputs: { v0: [1, 4] }, nodes, outputs: { v2000: null } });
  let asked = 0;
  const cancel = {
    get isCancellationRequested() {
      return ++asked > 500;
    },
  };
  expect(() => readOnnx({ path: 'x.onnx', bytes }, cancel)).toThrow(Cancelled);
});

test('ten thousand layers are read', () => {
  const attributes = { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };
  const nodes = Array.from({ length: 10_000 }, (_, i) => ({
    op: 'Conv',
    inputs: [`v${i}`, 'w'],
    outputs: [`v${i + 1}`],
    attributes,
  }));
  const initializers = { w: { dims: [4, 4, 3, 3] } };
  const bytes = buildModel({ inputs: { v0: [1, 4, 9, 9] }, initializers, nodes, outputs: { v10000: null } });
  const { models, errors } = readOnnx({ path: 'x.onnx', bytes }, neverCancelled);
  expect(errors).toEqual([]);
  expect(models[0]!.layers).toHaveLength(10_001);
  expect(models[0]!.layers.at(-1)!.outputShapes).toEqual([[4, 9, 9]]);
});
