import { expect, test } from 'vitest';
import {
  type AttributeSpec,
  buildModel,
  type NodeSpec,
  type TensorSpec,
} from '../../../test/fixtures/onnx/model-builder.ts';
import { runtimeShapes } from '../../../test/fixtures/onnx/runtime-shapes.ts';
import { neverCancelled } from '../reader.ts';
import { readOnnx } from './read.ts';

/** "Mul x,s -> y"; inputs that are numbers are constants. */
function model(text: string, attributes: Readonly<Record<string, AttributeSpec>> = {}, opset = 17): Uint8Array {
  const initializers: Record<string, TensorSpec> = {};
  const nodes = text.split('; ').map((each): NodeSpec => {
    const [op = '', inputs = '', output = ''] = each.replace(' ->', '').split(' ');
    for (const input of inputs.split(',')) {
      if (Number.isFinite(Number(input))) initializers[input] = { dims: [], values: [Number(input)] };
    }
    const own = op === 'HardSigmoid' ? attributes : {};
    return { op, inputs: inputs.split(','), outputs: [output], attributes: own, name: `${output}:${op}` };
  });
  return buildModel({ opset, inputs: { x: ['N', 6] }, outputs: { y: null }, nodes, initializers });
}

const layersOf = (bytes: Uint8Array) => {
  const { models, errors } = readOnnx({ path: 'm.onnx', bytes }, neverCancelled);
  expect(errors).toEqual([]);
  return models[0]!.layers.slice(1);
};

const inverse = 1 / Math.SQRT2;
const slope = Math.sqrt(2 / Math.PI);

test.each([
  ['SiLU (PyTorch)', 'Sigmoid x -> s; Mul x,s -> y', { name: 'silu' }],
  ['a swish with a slope', 'Mul x,1.702 -> a; Sigmoid a -> s; Mul s,x -> y', { name: 'swish', alpha: 1.702 }],
  ['x / (1 + e^−x)', 'Neg x -> n; Exp n -> e; Add e,1 -> d; Div x,d -> y', { name: 'silu' }],
  [
    'GELU (PyTorch)',
    'Div x,1.4142135381698608 -> d; Erf d -> e; Add e,1 -> a; Mul x,a -> m; Mul m,0.5 -> y',
    { name: 'gelu' },
  ],
  ['GELU (Keras)', `Mul x,${inverse} -> d; Erf d -> e; Add 1,e -> a; Mul 0.5,x -> h; Mul h,a -> y`, { name: 'gelu' }],
  [
    'GELU by tanh (Hugging Face)',
    `Pow x,3 -> c; Mul c,0.044715 -> d; Add x,d -> e; Mul e,${slope} -> f; Tanh f -> t; Add t,1 -> a; Mul x,0.5 -> h; Mul h,a -> y`,
    { name: 'geluTanh' },
  ],
  ['Mish', 'Softplus x -> s; Tanh s -> t; Mul x,t -> y', { name: 'mish' }],
  ['hard swish by Clip', 'Add x,3 -> a; Clip a,0,6 -> c; Mul x,c -> m; Div m,6 -> y', { name: 'hardSwish' }],
])('%s is read as one layer', async (_, text, activation) => {
  const bytes = model(text);
  const layers = layersOf(bytes);
  expect(layers.map(({ op }) => op)).toEqual([{ kind: 'activation', activation }]);
  expect(layers[0]!.name).toMatch(/^y:/);
  expect(layers[0]!.outputShapes[0]).toEqual((await runtimeShapes(bytes)).get('y')!.slice(1));
});

test('hard swish by HardSigmoid is read as one layer', () => {
  const bytes = model('HardSigmoid x -> h; Mul x,h -> y', { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
  expect(layersOf(bytes).map(({ op }) => op)).toEqual([{ kind: 'activation', activation: { name: 'hardSwish' } }]);
});

test('a guard against values that are no numbers changes nothing', () => {
  const bytes = model('Softmax x -> s; IsNaN s -> n; Where n,0,s -> y');
  expect(layersOf(bytes).map(({ op }) => op.kind)).toEqual(['activation', 'identity']);
  expect(layersOf(model('IsNaN x -> n; Relu x -> r; Where n,0,r -> y')).map(({ type }) => type)).toContain('Where');
});

test.each([
  ['the gate of another value', 'Relu x -> r; Sigmoid r -> s; Mul x,s -> y', 'Relu Sigmoid Mul'],
  ['a factor that is used elsewhere', 'Sigmoid x -> s; Mul x,s -> m; Add m,s -> y', 'Sigmoid Mul Add'],
  ['nearly GELU', 'Div x,1.5 -> d; Erf d -> e; Add e,1 -> a; Mul x,a -> m; Mul m,0.5 -> y', 'Div Erf Add Mul Mul'],
  ['a square', 'Mul x,x -> y', 'Mul'],
])('%s is left as it is', (_, text, types) => {
  expect(
    layersOf(model(text))
      .map(({ type }) => type)
      .join(' '),
  ).toBe(types);
});
