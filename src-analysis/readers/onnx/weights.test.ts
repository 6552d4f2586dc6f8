import { readFileSync } from 'node:fs';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { buildModel } from '../../../test/fixtures/onnx/model-builder.ts';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  SparseTensorProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from './generated/onnx_pb.ts';
import { readOnnxWeights } from './weights.ts';

type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

/** A model that holds one initializer, as its protobuf fields say. */
function modelWith(tensor: Exclude<TensorInit, { $typeName: string }>): Uint8Array {
  const initializer = [toBinary(TensorProtoSchema, create(TensorProtoSchema, { name: 'w', ...tensor }))];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: create(GraphProtoSchema, { initializer }) }));
}

const raw = (...bytes: number[]) => Uint8Array.from(bytes);

const readable: readonly [string, Exclude<TensorInit, { $typeName: string }>, ArrayLike<number | bigint>][] = [
  ['float, raw', { dataType: 1, dims: [2n], rawData: raw(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0) }, Float32Array.of(1, -2)],
  ['float, in fields', { dataType: 1, dims: [2n], floatData: [1, -2] }, Float32Array.of(1, -2)],
  ['double, raw', { dataType: 11, dims: [], rawData: raw(0, 0, 0, 0, 0, 0, 0xf8, 0x3f) }, Float64Array.of(1.5)],
  ['double, in fields', { dataType: 11, dims: [1n], doubleData: [0.1] }, Float64Array.of(0.1)],
  [
    'float16, raw: 1, −2, smallest, largest, infinity',
    { dataType: 10, dims: [5n], rawData: raw(0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00, 0x7c) },
    Float32Array.of(1, -2, 2 ** -24, 65504, Number.POSITIVE_INFINITY),
  ],
  [
    'float16, in fields',
    { dataType: 10, dims: [2n], int32Data: [0x3555, 0x7e00] },
    Float32Array.of(0.333251953125, Number.NaN),
  ],
  ['bfloat16, raw', { dataType: 16, dims: [2n], rawData: raw(0x80, 0x3f, 0x49, 0xc0) }, Float32Array.of(1, -3.140625)],
  ['bfloat16, in fields', { dataType: 16, dims: [1n], int32Data: [0x3f80] }, Float32Array.of(1)],
  [
    'int64, raw',
    { dataType: 7, dims: [1n], rawData: raw(255, 255, 255, 255, 255, 255, 255, 255) },
    BigInt64Array.of(-1n),
  ],
  ['int64, in fields', { dataType: 7, dims: [2n], int64Data: [-1n, 2n ** 62n] }, BigInt64Array.of(-1n, 2n ** 62n)],
  ['uint64, in fields', { dataType: 13, dims: [1n], uint64Data: [2n ** 63n] }, BigUint64Array.of(2n ** 63n)],
  ['uint32, in fields', { dataType: 12, dims: [1n], uint64Data: [4294967295n] }, Uint32Array.of(4294967295)],
  ['uint32, raw', { dataType: 12, dims: [1n], rawData: raw(255, 255, 255, 255) }, Uint32Array.of(4294967295)],
  ['int32, in fields', { dataType: 6, dims: [2n], int32Data: [-5, 7] }, Int32Array.of(-5, 7)],
  ['int16, raw', { dataType: 5, dims: [1n], rawData: raw(0xfe, 0xff) }, Int16Array.of(-2)],
  ['uint16, in fields', { dataType: 4, dims: [1n], int32Data: [65535] }, Uint16Array.of(65535)],
  ['int8, raw', { dataType: 3, dims: [2n], rawData: raw(0xff, 1) }, Int8Array.of(-1, 1)],
  ['uint8, in fields', { dataType: 2, dims: [1n], int32Data: [200] }, Uint8Array.of(200)],
  ['bool, raw', { dataType: 9, dims: [2n], rawData: raw(1, 0) }, Uint8Array.of(1, 0)],
  ['empty', { dataType: 1, dims: [0n, 3n], rawData: raw() }, new Float32Array()],
];

test.each(readable)('reads %s', (_, tensor, expected) => {
  const { shape, data } = readOnnxWeights(modelWith(tensor)).get('w')!;
  expect(data).toEqual(expected);
  expect(shape).toEqual((tensor.dims ?? []).map(Number));
});

test.each([
  ['one by one', [0x25, 0, 0, 0x80, 0x3f, 0x25, 0, 0, 0, 0xc0]],
  ['in two lists', [0x22, 4, 0, 0, 0x80, 0x3f, 0x22, 4, 0, 0, 0, 0xc0]],
])('reads floats that are given %s', (_, data) => {
  const tensor = raw(0x08, 2, 0x10, 1, 0x42, 1, 0x77, ...data);
  const graph = create(GraphProtoSchema, { initializer: [tensor] });
  const bytes = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph }));
  expect(readOnnxWeights(bytes).get('w')!.data).toEqual(Float32Array.of(1, -2));
});

const unreadable: readonly [string, Exclude<TensorInit, { $typeName: string }>, RegExp][] = [
  [
    'fewer bytes than its shape says',
    { dataType: 1, dims: [2n], rawData: raw(0, 0, 0, 0) },
    /^Tensor 'w' has dimensions \[2\] but holds 4 bytes/,
  ],
  [
    'more values than its shape says',
    { dataType: 1, dims: [1n], floatData: [1, 2] },
    /^Tensor 'w' has dimensions \[1\] but holds 2 values/,
  ],
  ['no values', { dataType: 1, dims: [3n] }, /but holds 0 values/],
  ['negative dimensions', { dataType: 1, dims: [-2n] }, /impossible dimensions \[-2\]/],
  ['dimensions beyond counting', { dataType: 1, dims: [2n ** 40n, 2n ** 40n] }, /impossible dimensions/],
  ['strings', { dataType: 8, dims: [1n], stringData: [raw(65)] }, /element type 8, which cannot be read as numbers/],
  [
    'several segments',
    { dataType: 1, dims: [1n], segment: { begin: 0n, end: 1n }, floatData: [1] },
    /several segments/,
  ],
  [
    'values in another file',
    {
      dataType: 1,
      dims: [1n],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [{ key: 'location', value: '../../w.bin' }],
    },
    /^Tensor 'w' is stored outside the model, in the file '..\/..\/w.bin', which is not opened/,
  ],
];

test.each(unreadable)('refuses a tensor with %s', (_, tensor, message) => {
  expect(() => readOnnxWeights(modelWith(tensor))).toThrow(message);
});

test('refuses a sparse tensor', () => {
  const values = toBinary(
    TensorProtoSchema,
    create(TensorProtoSchema, { name: 'w', dataType: 1, dims: [1n], floatData: [1] }),
  );
  const sparse = toBinary(SparseTensorProtoSchema, create(SparseTensorProtoSchema, { values, dims: [9n] }));
  const graph = create(GraphProtoSchema, { sparseInitializer: [sparse] });
  const bytes = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph }));
  expect(() => readOnnxWeights(bytes)).toThrow("Tensor 'w' is stored as a sparse tensor, which is not read.");
});

describe('names', () => {
  const bytes = buildModel({
    nodes: [
      { op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: { tensor: { dims: [1], values: [3] } } } },
    ],
    initializers: { a: { dims: [1], values: [1] }, b: { dims: [1], values: [2] } },
  });

  test('choose what is read', () => {
    expect([...readOnnxWeights(bytes, ['b', 'c'])].map(([name, { data }]) => [name, data[0]])).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
  });

  test('left out mean all initializers', () => {
    expect([...readOnnxWeights(bytes).keys()].sort()).toEqual(['a', 'b']);
  });

  test('that are not there are an error', () => {
    expect(() => readOnnxWeights(bytes, ['d'])).toThrow("The model holds no tensor named 'd'.");
  });
});

test('bytes that are no model are an error', () => {
  expect(() => readOnnxWeights(raw(1, 2, 3))).toThrow(/not an ONNX model/);
});

test("reads an exported model's weights without touching the file's bytes", () => {
  const bytes = new Uint8Array(
    readFileSync(new URL('../../../test/fixtures/onnx/paper/cnn3_c2.onnx', import.meta.url)),
  );
  const before = bytes.slice();
  const weights = readOnnxWeights(bytes);
  const sizes = [...weights].map(([name, { shape, data }]) => [name, shape, data.length]);
  expect(sizes).toEqual([
    ['m.module_list.0.weight', [6, 3, 4, 4], 288],
    ['m.module_list.1.weight', [3, 6, 3, 3], 162],
    ['m.module_list.2.weight', [10, 147], 1470],
    ['m.module_list.2.bias', [10], 10],
  ]);
  for (const { data } of weights.values()) {
    data.fill(0 as never);
    expect(data.buffer).not.toBe(bytes.buffer);
  }
  expect(bytes).toEqual(before);
});
