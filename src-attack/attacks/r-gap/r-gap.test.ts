import { afterAll, describe, expect, test } from 'vitest';
import { loadOnnxCpu } from '../../engines/onnxruntime/load.ts';
import { type ChainLayer, chainVictim, uniformWeights } from '../testing/chain-victim.ts';
import { attackWith, landscape, observe } from '../testing/problem.ts';
import { denseFeatures } from './dense.ts';
import { rGap } from './r-gap.ts';

const loading = loadOnnxCpu();
afterAll(async () => (await loading).dispose());

async function solve(layers: readonly ChainLayer[], batch = 1) {
  const victim = chainVictim([batch, 3, 8, 8], layers, uniformWeights(3));
  const labels = Array.from({ length: batch }, (_, b) => b + 1);
  const { problem, psnr } = await observe(victim, await loading, new Array(batch).fill(landscape(8)), labels);
  const result = await attackWith(rGap, problem);
  return { ...result, psnr: result.x ? psnr(result.x) : Number.NaN };
}

const dense: ChainLayer = { type: 'dense', units: 5, bias: true };
const relu: ChainLayer = { type: 'leakyRelu', alpha: 0 };
const conv = (options: Partial<ChainLayer> = {}): ChainLayer =>
  ({ type: 'conv', filters: 6, kernel: 3, ...options }) as ChainLayer;

/** Models all of whose layers are soluble: the picture comes back to 8 bits and beyond. */
const soluble: readonly (readonly [string, readonly ChainLayer[]])[] = [
  ['one convolution', [conv(), { type: 'tanh' }, dense]],
  ['a bias', [conv({ bias: true }), { type: 'tanh' }, dense]],
  ['padding that a stride does not divide', [conv({ filters: 16, stride: 2, padding: 1 }), { type: 'tanh' }, dense]],
  ['the activation sigmoid', [conv(), { type: 'sigmoid' }, dense]],
  ['the activation softplus', [conv(), { type: 'softplus' }, dense]],
  ['a leaky ReLU of slope 0.2', [conv(), { type: 'leakyRelu', alpha: 0.2 }, dense]],
  ['ReLU', [conv({ filters: 12 }), relu, dense]],
  [
    'two convolutions and ReLU',
    [conv({ filters: 12, bias: true }), relu, conv({ filters: 12, padding: 1 }), relu, dense],
  ],
  ['no activation', [conv(), dense]],
  ['two convolutions', [conv(), { type: 'tanh' }, conv({ filters: 8, padding: 1 }), { type: 'tanh' }, dense]],
  ['a dense layer in front', [{ type: 'dense', units: 12, bias: true }, { type: 'tanh' }, dense]],
  ['two dense layers', [conv(), { type: 'tanh' }, { type: 'dense', units: 9, bias: true }, { type: 'tanh' }, dense]],
  ['a last layer without bias', [conv(), { type: 'tanh' }, { type: 'dense', units: 5 }]],
  [
    'an inner dense layer without bias',
    [conv(), { type: 'tanh' }, { type: 'dense', units: 9 }, { type: 'tanh' }, dense],
  ],
];

test.each(soluble)('a soluble model with %s gives the picture', async (_, layers) => {
  const { psnr, status, note } = await solve(layers);
  expect({ status, note }).toEqual({ status: 'done', note: '' });
  expect(psnr).toBeGreaterThan(65);
});

test('a deficient layer gives the solution of least norm: a picture, but not the picture', async () => {
  const { psnr, loss } = await solve([conv({ filters: 2 }), { type: 'tanh' }, dense]);
  expect(psnr).toBeGreaterThan(8);
  expect(psnr).toBeLessThan(30);
  // The layer's equations hold all the same.
  expect(loss[0]).toBeLessThan(1e-6);
});

const refused: readonly (readonly [string, readonly ChainLayer[], number, RegExp])[] = [
  ['a branch', [conv(), relu, { type: 'residual', kernel: 3 }, dense], 1, /has a branch.*gauss-newton/],
  ['a batch', [conv(), { type: 'tanh' }, dense], 2, /takes one image/],
];

test.each(refused)('%s is refused with a sentence', async (_, layers, batch, message) => {
  const result = await solve(layers, batch);
  expect(result).toMatchObject({ status: 'failed', x: null });
  expect(result.note).toMatch(message);
});

describe('the dense layer', () => {
  test('is divided where the bias gradient is largest, in either layout', () => {
    const delta = Float64Array.of(1e-9, -2, 0.5);
    const x = [3, 4];
    const values = Float64Array.from([...delta].flatMap(d => x.map(v => d * v)));
    const transposed = Float64Array.from(x.flatMap(v => [...delta].map(d => d * v)));
    // The small row is spoilt: only the division by the largest is unharmed.
    values[0] = 1;
    transposed[0] = 1;
    expect([...denseFeatures({ values, units: 3, unitsFirst: true }, delta)]).toEqual(x);
    expect([...denseFeatures({ values: transposed, units: 3, unitsFirst: false }, delta)]).toEqual(x);
  });
});
