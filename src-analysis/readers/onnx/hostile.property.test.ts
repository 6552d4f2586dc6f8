import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AttributeSpec,
  buildModel,
  type NodeSpec,
  type TensorSpec,
} from '../../../test/fixtures/onnx/model-builder.ts';
import type { Shape } from '../../model/graph.ts';
import { neverCancelled, type ReadResult } from '../reader.ts';
import { MAX_DIM } from './dimension.ts';
import { operators } from './operators/table.ts';
import { readOnnx } from './read.ts';
import { readOnnxWeights } from './weights.ts';

const fixtures = new URL('../../../test/fixtures/onnx/', import.meta.url);
const bytesOf = (path: string) => new Uint8Array(readFileSync(new URL(path, fixtures)));

/** Real models, most of them small and without weights, so that a changed byte is one of the structure. */
const models: readonly Uint8Array[] = [
  bytesOf('zoo/light_squeezenet.onnx'),
  bytesOf('zoo/light_bvlc_alexnet.onnx'),
  ...readdirSync(new URL('paper/', fixtures))
    .map(file => bytesOf(`paper/${file}`))
    .filter(({ length }) => length < 30_000),
  ...(JSON.parse(readFileSync(new URL('node-cases.json', fixtures), 'utf8')) as { readonly model: string }[]).map(
    ({ model }) => new Uint8Array(Buffer.from(model, 'base64')),
  ),
];

/** Plain checks: `expect` would take most of the time of thousands of runs. */
function check(condition: boolean, what: string): void {
  if (!condition) expect.fail(what);
}

/** Whatever was read makes sense in itself. */
function expectSound({ models: graphs, errors }: ReadResult): void {
  for (const { message } of errors) check(/^[A-Z].{10,800}$/s.test(message), message);
  for (const { layers, inputs, outputs, gaps } of graphs) {
    check(new Set(layers.map(({ name }) => name)).size === layers.length, 'two layers of one name');
    for (const [index, layer] of layers.entries()) {
      check(layer.id === index, 'id');
      check(layer.inputShapes.length === layer.inputs.length, 'input shapes');
      for (const { layer: source, output } of layer.inputs) {
        check(source < index && output < layers[source]!.outputShapes.length, `edge ${source}.${output} to ${index}`);
      }
      for (const shape of [...layer.inputShapes, ...layer.outputShapes]) expectShape(shape);
      for (const weight of layer.weights) expectShape(weight.shape);
      if (layer.op.kind === 'unknown') check(layer.op.reason.length > 10, 'reason');
    }
    for (const { layer, output } of [...inputs, ...outputs])
      check(output < layers[layer]!.outputShapes.length, 'output');
    for (const { reason } of gaps) check(reason.length > 10, 'gap');
  }
}

function expectShape(shape: Shape): void {
  for (const dim of shape ?? []) {
    check(dim === null || (Number.isInteger(dim) && dim >= 0 && dim <= MAX_DIM), `dimension ${dim}`);
  }
}

type Change = (bytes: Uint8Array) => Uint8Array;

/** A place in a file as a share of its length; without bias, since fast-check prefers the ends of a range. */
const position = fc.noBias(fc.integer({ min: 0, max: 999_999 })).map(share => share / 1_000_000);

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(position, fc.noBias(fc.integer({ min: 0, max: 255 }))).map(
      ([at, value]): Change =>
        bytes =>
          bytes.with(Math.floor(at * bytes.length), value),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(position, fc.integer({ min: 0, max: 7 })).map(
      ([at, bit]): Change =>
        bytes => {
          const index = Math.floor(at * bytes.length);
          return bytes.with(index, bytes[index]! ^ (1 << bit));
        },
    ),
  },
  {
    weight: 1,
    arbitrary: position.map(
      (at): Change =>
        bytes =>
          bytes.slice(0, Math.floor(at * bytes.length)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(position, fc.uint8Array({ maxLength: 8 })).map(
      ([at, inserted]): Change =>
        bytes => {
          const index = Math.floor(at * bytes.length);
          return Uint8Array.from([...bytes.subarray(0, index), ...inserted, ...bytes.subarray(index)]);
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(position, position).map(
      ([from, to]): Change =>
        bytes => {
          const [start, end] = [from, to].map(at => Math.floor(at * bytes.length)).sort((a, b) => a - b);
          return Uint8Array.from([...bytes.subarray(0, start), ...bytes.subarray(end)]);
        },
    ),
  },
);

test('a damaged model is read or refused, never more', () => {
  fc.assert(
    fc.property(fc.constantFrom(...models), fc.array(change, { minLength: 1, maxLength: 3 }), (model, changes) => {
      const bytes = changes.reduce((damaged, apply) => (damaged.length > 0 ? apply(damaged) : damaged), model);
      expectSound(readOnnx({ path: 'x.onnx', bytes }, neverCancelled));
    }),
    { numRuns: 4000 },
  );
});

test('weights of a damaged model are read or refused with a sentence', () => {
  fc.assert(
    fc.property(fc.constantFrom(...models), fc.array(change, { minLength: 1, maxLength: 3 }), (model, changes) => {
      const bytes = changes.reduce((damaged, apply) => (damaged.length > 0 ? apply(damaged) : damaged), model);
      try {
        for (const { shape, data } of readOnnxWeights(bytes).values()) {
          expect(data.length).toBe(shape.reduce((product, dim) => product * dim, 1));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).constructor).toBe(Error);
        expect((error as Error).message).toMatch(/^[A-Z].{10,}\.$/s);
      }
    }),
    { numRuns: 1500 },
  );
});

/** Integers as attributes and shapes have them, with the ones that break arithmetic. */
const anyInt = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 40, -(2 ** 40), 2 ** 53, 1000, -1000) },
);

const anyAttribute: fc.Arbitrary<AttributeSpec> = fc.oneof(
  { weight: 4, arbitrary: anyInt },
  { weight: 5, arbitrary: fc.array(anyInt, { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom('SAME_UPPER', 'nearest', 'reflect', 'bidirectional', '') },
  { weight: 1, arbitrary: fc.constantFrom(0.5, -1, Number.NaN, Number.POSITIVE_INFINITY).map(float => ({ float })) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(0.5, 2, 0, Number.NaN), { maxLength: 4 }).map(floats => ({ floats })),
  },
  { weight: 1, arbitrary: fc.constant({ tensor: { dims: [1], type: 7, values: [3] } }) },
  { weight: 1, arbitrary: fc.constant({ graph: { nodes: [{ op: 'Relu', inputs: ['v1'], outputs: ['inner'] }] } }) },
);

/** Attributes as real models have them, so that rules get beyond their first check. */
const plausible: Readonly<Record<string, readonly AttributeSpec[]>> = {
  allowzero: [0, 1],
  alpha: [{ float: 0.5 }],
  auto_pad: ['SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET'],
  axes: [[0], [1], [2, 3], [-1]],
  axis: [0, 1, -1, 3],
  beta: [{ float: 0.5 }],
  blocksize: [2],
  ceil_mode: [0, 1],
  count_include_pad: [0, 1],
  dilations: [
    [1, 1],
    [2, 1],
  ],
  direction: ['bidirectional', 'forward'],
  ends: [[3, 3], [-1]],
  epsilon: [{ float: 0.5 }],
  group: [1, 2, 4],
  hidden_size: [4],
  keepdims: [0, 1],
  kernel_shape: [
    [3, 3],
    [2, 2],
  ],
  layout: [0, 1],
  mode: ['nearest', 'linear', 'constant', 'reflect'],
  num_groups: [2],
  num_outputs: [2],
  output_padding: [[0, 1]],
  output_shape: [[9, 9]],
  pads: [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
    [0, 0, 1, 1, 0, 0, 1, 1],
  ],
  perm: [
    [0, 2, 3, 1],
    [1, 0, 2, 3],
    [1, 0],
  ],
  scales: [{ floats: [1, 1, 2, 2] }],
  size: [3],
  starts: [[1, 1], [0]],
  strides: [
    [1, 1],
    [2, 2],
  ],
  to: [1, 7],
  transA: [0, 1],
  transB: [0, 1],
};

const weights: Readonly<Record<string, TensorSpec>> = {
  kernel: { dims: [4, 4, 3, 3] },
  grouped: { dims: [4, 1, 3, 3] },
  vector: { dims: [4] },
  matrix: { dims: [8, 8] },
  narrow: { dims: [1, 8, 4] },
  scalar: { dims: [], values: [2] },
  scales: { dims: [4], values: [1, 1, 2, 2] },
  axes: { dims: [2], type: 7, values: [2, 3] },
  axis: { dims: [1], type: 7, values: [1] },
  target: { dims: [3], type: 7, values: [0, -1, 4] },
  many: { dims: [4], type: 7, values: [1, 4, 9, 9] },
  pads: { dims: [8], type: 7, values: [0, 0, 1, 1, 0, 0, 1, 1] },
  index: { dims: [], type: 7, values: [1] },
};

const attributeNames = [...new Set([...operators.values()].flatMap(({ attributes }) => attributes ?? []))];

function attributesOf(op: string, wild: boolean): fc.Arbitrary<Record<string, AttributeSpec>> {
  const known = operators.get(op)?.attributes ?? [];
  const names = wild ? [...known, ...attributeNames] : known.filter(name => plausible[name] !== undefined);
  if (names.length === 0) return fc.constant({});
  const entry = fc
    .constantFrom(...names)
    .chain(name => fc.tuple(fc.constant(name), wild ? anyAttribute : fc.constantFrom(...(plausible[name] ?? []))));
  return fc.array(entry, { maxLength: 4 }).map(entries => Object.fromEntries(entries));
}

const rarely = fc.integer({ min: 0, max: 11 }).map(roll => roll === 5);

/** Node `index` of a graph: takes earlier values and weights, now and then anything. */
function anyNode(index: number): fc.Arbitrary<NodeSpec> {
  const earlier = fc.integer({ min: 0, max: index }).map(i => `v${i}`);
  const first = fc.oneof({ weight: 8, arbitrary: fc.constant(`v${index}`) }, { weight: 3, arbitrary: earlier });
  const other = fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(...Object.keys(weights)) },
    { weight: 4, arbitrary: earlier },
    { weight: 1, arbitrary: fc.constantFrom('', 'gone', `v${index + 3}`) },
  );
  const op = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...operators.keys()) },
    { weight: 1, arbitrary: fc.constantFrom('Constant', 'If', 'Loop', 'NoSuchOperator', '') },
  );
  return fc.tuple(op, first, fc.array(other, { maxLength: 4 }), rarely).chain(([type, input, inputs, wild]) =>
    fc.tuple(attributesOf(type, wild), rarely).map(
      ([attributes, again]): NodeSpec => ({
        op: type,
        inputs: [input, ...inputs],
        outputs: [again ? 'v1' : `v${index + 1}`, `second${index}`],
        attributes,
      }),
    ),
  );
}

const anyDim = fc.oneof(anyInt, fc.constantFrom('N', 'H', null));

const inputShape = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom([1, 4, 8, 8], ['N', 4, 8, 8], [2, 4, 8, 8], ['N', 8], [3, 4, 'H', 'W'], [4, 8, 8]),
  },
  { weight: 1, arbitrary: fc.array(anyDim, { maxLength: 5 }) },
);

const anyGraph = fc.record({
  nodes: fc
    .integer({ min: 1, max: 6 })
    .chain(count => fc.tuple(...Array.from({ length: count }, (_, i) => anyNode(i)))),
  inputs: fc.record({ v0: inputShape }),
  initializers: fc.constant(weights),
  outputs: fc.constantFrom<Record<string, null>>({ v1: null }, { v6: null }, {}),
  valueInfo: fc.dictionary(fc.constantFrom('v1', 'v2', 'v3'), fc.array(anyDim, { maxLength: 5 }), { maxKeys: 2 }),
  opset: fc.constantFrom(1, 6, 9, 11, 13, 17, 21),
});

test('any nodes, in any order and with any attributes, make a graph or an error', () => {
  fc.assert(
    fc.property(anyGraph, spec => expectSound(readOnnx({ path: 'x.onnx', bytes: buildModel(spec) }, neverCancelled))),
    { numRuns: 4000 },
  );
});
