import { readdirSync, readFileSync } from 'node:fs';
import { create, fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../onnx/decode.ts';
import { type ModelProto, ModelProtoSchema, TensorProtoSchema } from '../onnx/generated/onnx_pb.ts';
import { readOnnx } from '../onnx/read.ts';
import { neverCancelled } from '../reader.ts';
import { parseOnnxText } from './parse.ts';
import { printModel } from './print.ts';
import { readOnnxText } from './read.ts';

const fixtures = new URL('../../../test/fixtures/onnx/', import.meta.url);
const files = ['paper', 'zoo', 'keras'].flatMap(folder =>
  readdirSync(new URL(`${folder}/`, fixtures)).map(file => `${folder}/${file}`),
);

function decode(bytes: Uint8Array): ModelProto {
  const model = decodeModel(bytes, neverCancelled);
  if (typeof model === 'string') throw new Error(model);
  return model;
}

describe('a file printed with values by place', () => {
  test.each(files)('%s reads as the same layers and prints as the same text', file => {
    const bytes = new Uint8Array(readFileSync(new URL(file, fixtures)));
    const printing = { maxFloats: 16, maxOthers: 256, file: { name: 'model.onnx', bytes } };
    const { text } = printModel(decode(bytes), printing);
    const parsed = parseOnnxText(text, neverCancelled);
    expect(parsed.errors).toEqual([]);
    expect(printModel(parsed.model).text).toBe(text);
    const binary = readOnnx({ path: 'model.onnx', bytes }, neverCancelled).models[0];
    const layers = readOnnxText({ path: 'model.onnxtxt', text }, neverCancelled).models[0]?.layers;
    // Places and where values are stored are what differs.
    const comparable = layers?.map(({ range, fullRange, weights, ...layer }) => ({
      ...layer,
      weights: weights.length,
    }));
    expect(comparable).toEqual(binary?.layers.map(({ weights, ...layer }) => ({ ...layer, weights: weights.length })));
  });
});

test('the place of a tensor holds its values', () => {
  const bytes = new Uint8Array(readFileSync(new URL('paper/cnn3_c2.onnx', fixtures)));
  const { model } = parseOnnxText(
    printModel(decode(bytes), { maxFloats: 0, file: { name: 'm.onnx', bytes } }).text,
    neverCancelled,
  );
  for (const [index, tensor] of model.graph!.initializer.entries()) {
    const { externalData } = fromBinary(TensorProtoSchema, tensor);
    const { location, offset, length } = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
    expect(location).toBe('m.onnx');
    const original = fromBinary(TensorProtoSchema, decode(bytes).graph!.initializer[index]!);
    expect(bytes.slice(Number(offset), Number(offset) + Number(length))).toEqual(original.rawData);
  }
});

describe('what is hard to say', () => {
  /** A node and its text; null where it is the same. */
  const nodes: readonly [string, string | null][] = [
    ['y = Clip (x, "", hi)', null],
    ['y = Clip (x, , hi)', 'y = Clip (x, "", hi)'],
    ['= Print (x)', '= Print (x)'],
    [
      '["a \\"b\\" \\\\ c"] "0", "seq", float_ = Op ("inf", "1.x")',
      '["a \\"b\\" \\\\ c"] "0", "seq", float_ = Op ("inf", "1.x")',
    ],
    ['y = com.microsoft.Gelu:fast <a = 1, b = -2.5, c = "x"> (x)', null],
    ['y = "my-domain"."a::b" <"an attribute" = 1> (x)', null],
    [
      'y = Op <f = 1e-7, g = 3e38, h = 0.1, i = -0.0, j = 16777217.0> (x)',
      'y = Op <f = 1e-7, g = 3e+38, h = 0.1, i = -0.0, j = 16777216.0> (x)',
    ],
    [
      'y = Op <f = [inf, -inf, nan], g: floats = [1, 2], h: ints = [], i: float = 3> (x)',
      'y = Op <f = [inf, -inf, nan], g = [1.0, 2.0], h: ints = [], i = 3.0> (x)',
    ],
    ['y = Op <s = ["a", "b\\"c"], t = "two\nlines"> (x)', null],
    ['y = Op <t = float[2] named {1.0, 2.5}, u = int64 {-9223372036854775808}> (x)', null],
    ['y = Op <t = float[N, ?, "a b"], u = seq(map(int64, optional(string[])))> (x)', null],
    ['y = Op <t = sparse_tensor(float[3]), u = opaque(a.b, c), v = float> (x)', null],
    ['y = Op <t: tensors = [float {1.0}, int8[2] {1, -1}], u: type_protos = [float, int64[2]]> (x)', null],
    ['y = Op <t = string[2] {"a", "b"}, u = complex64[1] {1.0, 2.0}, v = uint64 {18446744073709551615}> (x)', null],
    ['y = Op <a: int = @alpha> (x)', null],
    ['y = Op (x) <a = 1>', 'y = Op <a = 1> (x)'],
    ['y = If (c) <\n    then_branch = g () => (float z)\n    {\n      z = Neg (x)\n    },\n    n = 1\n  >', null],
  ];
  const withNode = (node: string) =>
    `<\n  ir_version: 10,\n  opset_import: ["" : 22]\n>\ng (x) => (y)\n{\n  ${node}\n}\n`;
  test.each(nodes)('%s', (node, expected) => {
    const { model, errors } = parseOnnxText(withNode(node), neverCancelled);
    expect(errors).toEqual([]);
    expect(printModel(model)).toEqual({ text: withNode(expected ?? node), lost: [] });
  });

  test('functions, metadata and typed values', () => {
    const text = `<
  ir_version: 10,
  opset_import: ["" : 22, "local" : 1],
  producer_name: "a \\"quoted\\" name",
  model_version: 3,
  doc_string: "two
lines",
  metadata_props: ["key": "value", "a": ""]
>
main (float[2] x) => (float[2] y)
<
  float[2] w = {1.0, -0.5},
  float[2] "a/b"
>
{
  y = local.twice <alpha = 2.0> (x)
}

<
  domain: "local",
  opset_import: ["" : 22],
  doc_string: "doubles"
>
twice <beta, alpha = 1.0> (a) => (b)
{
  b = Add (a, a)
}
`;
    const { model, errors } = parseOnnxText(text, neverCancelled);
    expect(errors).toEqual([]);
    expect(model.functions).toHaveLength(1);
    expect(printModel(model)).toEqual({ text, lost: [] });
  });

  test('what the syntax has no place for is named', () => {
    const model = create(ModelProtoSchema, {
      graph: {
        name: 'g',
        docString: 'x',
        node: [{ opType: 'Relu', docString: 'x' }],
        sparseInitializer: [new Uint8Array()],
      },
      trainingInfo: [{}],
    });
    expect(printModel(model).lost).toEqual([
      'training graphs',
      'documentation of graphs',
      'sparse initializers',
      'documentation of nodes',
    ]);
  });
});
