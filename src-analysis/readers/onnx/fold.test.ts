import { expect, test } from 'vitest';
import { type AttributeSpec, buildModel, type TensorSpec } from '../../../test/fixtures/onnx/model-builder.ts';
import { runtimeValues } from '../../../test/fixtures/onnx/runtime-shapes.ts';
import { neverCancelled } from '../reader.ts';
import { buildGraph } from './build.ts';
import { decodeModel } from './decode.ts';
import { convertModel } from './from-proto.ts';
import type { Elements } from './value.ts';

const ints = (...values: number[]): TensorSpec => ({ dims: [values.length], type: 7, values });
const floats = (...values: number[]): TensorSpec => ({ dims: [values.length], values });
const int = (value: number): TensorSpec => ({ dims: [], type: 7, values: [value] });
const table: TensorSpec = { dims: [2, 3], type: 7, values: [1, 2, 3, 4, 5, 6] };
const bools = (...values: number[]): TensorSpec => ({ dims: [values.length], type: 9, values });

type Attributes = Readonly<Record<string, AttributeSpec>>;

/** A model with one node of constants; x, of shape [1, 2, 5, 7], is there to have a shape. */
function modelOf(
  op: string,
  inputs: readonly (TensorSpec | 'x')[],
  attributes: Attributes,
  outputs: number,
): Uint8Array {
  const names = inputs.map((input, index) => (input === 'x' ? 'x' : `c${index}`));
  const tensors = inputs.flatMap((input, index) => (input === 'x' ? [] : [[`c${index}`, input] as const]));
  return buildModel({
    opset: 18,
    inputs: { x: [1, 2, 5, 7] },
    initializers: Object.fromEntries(tensors),
    nodes: [{ op, inputs: names, outputs: Array.from({ length: outputs }, (_, i) => `y${i}`), attributes }],
    outputs: { y0: null },
  });
}

function foldedElements(bytes: Uint8Array): ReadonlyMap<string, Elements | null> {
  const proto = decodeModel(bytes, neverCancelled);
  if (typeof proto === 'string') throw new Error(proto);
  const built = buildGraph(convertModel(proto, neverCancelled).model, { name: '', format: 'onnx' }, neverCancelled);
  expect(built.errors).toEqual([]);
  return new Map([...built.values].map(([name, value]) => [name, value.kind === 'constant' ? value.elements() : null]));
}

const cases: readonly [string, readonly (TensorSpec | 'x')[], Attributes?, number?][] = [
  ['Shape', ['x']],
  ['Shape', ['x'], { start: 1, end: -1 }],
  ['Shape', ['x'], { start: -3 }],
  ['Size', ['x']],
  ['ConstantOfShape', [ints(2, 2)], { value: { tensor: ints(7) } }],
  ['Range', [int(3), int(-8), int(-3)]],
  ['Identity', [table]],
  ['Reshape', [table, ints(3, -1)]],
  ['Unsqueeze', [table, ints(0)]],
  ['Squeeze', [{ ...table, dims: [2, 1, 3] }, ints(1)]],
  ['Flatten', [table], { axis: 0 }],
  ['Cast', [floats(1.9, -1.9, 0)], { to: 7 }],
  ['Cast', [ints(1, -2)], { to: 1 }],
  ['Gather', [table, int(-1)], { axis: 1 }],
  ['Gather', [table, { dims: [2, 2], type: 7, values: [0, 2, 1, 1] }], { axis: 1 }],
  ['Gather', [table, ints(1, 0)]],
  ['Concat', [table, table], { axis: 1 }],
  ['Concat', [ints(1), ints(2, 3), ints(4)], { axis: 0 }],
  ['Slice', [table, ints(-1), ints(-9), ints(1), ints(-2)]],
  ['Slice', [table, ints(0, 1), ints(1, 9)]],
  ['Split', [table, ints(1, 2)], { axis: 1 }, 2],
  ['Split', [ints(1, 2, 3, 4, 5)], { num_outputs: 2 }, 2],
  ['Transpose', [{ dims: [2, 3, 1], type: 7, values: [1, 2, 3, 4, 5, 6] }], { perm: [2, 1, 0] }],
  ['Transpose', [table]],
  ['Expand', [ints(4, 5), ints(3, 1)]],
  ['Tile', [table, ints(2, 2)]],
  ['Where', [bools(1, 0), ints(1, 2), ints(3, 4)]],
  ['Add', [table, ints(10, 20, 30)]],
  ['Sub', [table, int(9)]],
  ['Mul', [table, ints(-1, 0, 1)]],
  ['Div', [ints(7, -7, 9), ints(2, 2, -4)]],
  ['Div', [floats(7, -7), floats(2, 4)]],
  ['Mod', [ints(7, -7, 7), ints(3, 3, -3)]],
  ['Pow', [floats(2, 3), floats(3, 0.5)]],
  ['Max', [ints(1, 5), ints(4, 2), ints(3)]],
  ['Min', [ints(1, 5), ints(4, 2)]],
  ['Sum', [floats(1, 5), floats(4, 2), floats(0.5)]],
  ['Equal', [ints(1, 2), ints(1, 3)]],
  ['Greater', [ints(1, 2), ints(1, 1)]],
  ['GreaterOrEqual', [ints(1, 2), ints(1, 3)]],
  ['Less', [ints(1, 2), ints(1, 3)]],
  ['LessOrEqual', [ints(1, 2), ints(1, 1)]],
  ['And', [bools(1, 1, 0), bools(1, 0, 0)]],
  ['Or', [bools(1, 1, 0), bools(1, 0, 0)]],
  ['Not', [bools(1, 0)]],
  ['Neg', [ints(1, -2)]],
  ['Abs', [ints(1, -2)]],
  ['Floor', [floats(1.5, -1.5)]],
  ['Ceil', [floats(1.5, -1.5)]],
  ['Sqrt', [floats(4, 9)]],
  ['Reciprocal', [floats(4, -0.5)]],
  ['ReduceProd', [ints(2, 3, 4)], { keepdims: 0 }],
  ['ReduceSum', [table]],
  ['ReduceMax', [ints(2, 9, 4)]],
  ['ReduceMin', [ints(2, 9, 4)]],
];

test.each(cases)('%s of %j with %j is what ONNX Runtime computes', async (op, inputs, attributes = {}, outputs = 1) => {
  const bytes = modelOf(op, inputs, attributes, outputs);
  const folded = foldedElements(bytes);
  for (const [name, tensor] of await runtimeValues(bytes)) {
    const expected = Array.from(tensor.data as ArrayLike<number>, Number);
    expect(folded.get(name)?.map(element => element && Math.fround(Number(element)))).toEqual(
      expected.map(Math.fround),
    );
  }
});

test('lengths go on as expressions, and what is not known stays unknown', () => {
  const bytes = buildModel({
    inputs: { x: ['N', 3, 'H', null] },
    initializers: { two: ints(2), rows: { dims: [2, 2], type: 7, values: [3, 2, 1, 0] } },
    nodes: [
      { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
      { op: 'Mul', inputs: ['shape', 'two'], outputs: ['doubled'] },
      { op: 'Gather', inputs: ['doubled', 'rows'], outputs: ['picked'] },
      { op: 'ReduceProd', inputs: ['shape'], outputs: ['product'] },
      { op: 'Size', inputs: ['x'], outputs: ['size'] },
    ],
  });
  const folded = foldedElements(bytes);
  expect(folded.get('doubled')).toEqual([2, 6, '2*H', null]);
  expect(folded.get('picked')).toEqual([null, '2*H', 6, 2]);
  expect(folded.get('product')).toEqual([null]);
  expect(folded.get('size')).toEqual([null]);
});

test('values of many entries are not computed, and long chains end', () => {
  const nodes = Array.from({ length: 20_000 }, (_, i) => ({
    op: 'Add',
    inputs: [`v${i}`, 'one'],
    outputs: [`v${i + 1}`],
  }));
  const bytes = buildModel({
    initializers: { v0: ints(0), one: ints(1), large: { dims: [5000], type: 7 } },
    nodes: [...nodes, { op: 'Add', inputs: ['large', 'one'], outputs: ['sum'] }],
  });
  const folded = foldedElements(bytes);
  expect(folded.get('v20000')).toEqual([20_000]);
  expect(folded.get('sum')).toBeNull();
});

test('operators of very many operands are left alone', () => {
  const inputs = Array.from({ length: 200_000 }, () => 'one');
  const bytes = buildModel({ initializers: { one: ints(1) }, nodes: [{ op: 'Max', inputs, outputs: ['y'] }] });
  expect(foldedElements(bytes).get('y')).toBeNull();
});
