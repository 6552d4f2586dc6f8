import { describe, expect, test } from 'vitest';
import { createAdam } from './adam.ts';
import { createLbfgs, pytorchDefaults } from './lbfgs.ts';
import { createRandom } from './random.ts';

describe('the random numbers', () => {
  test('are the same for the same seed and differ between seeds', () => {
    const first = (seed: number) => Array.from({ length: 5 }, () => createRandom(seed).normal());
    expect(first(10)).toEqual(first(10));
    expect(first(10)).not.toEqual(first(11));
  });
  test('never change: results recorded with a seed can be repeated', () => {
    const random = createRandom(10);
    expect([random.uniform(), random.normal(), random.normal()]).toEqual([
      0.7266206186644641, -0.10354321292573894, -0.2320819551069727,
    ]);
  });
  test('are uniform and normal', () => {
    const random = createRandom(1);
    const count = 40_000;
    const uniform = Array.from({ length: count }, () => random.uniform());
    const normal = Array.from({ length: count }, () => random.normal());
    const moment = (values: number[], power: number) => values.reduce((sum, v) => sum + v ** power, 0) / count;
    expect(moment(uniform, 1)).toBeCloseTo(1 / 2, 2);
    expect(moment(uniform, 2)).toBeCloseTo(1 / 3, 2);
    expect(Math.abs(moment(normal, 1))).toBeLessThan(0.02);
    expect(Math.abs(moment(normal, 2) - 1)).toBeLessThan(0.03);
    expect(Math.abs(moment(normal, 4) - 3)).toBeLessThan(0.2);
  });
});

/** Rosenbrock's function in two variables. */
function rosenbrock(x: ArrayLike<number>) {
  const [a, b] = [x[0]!, x[1]!];
  return {
    value: (1 - a) ** 2 + 100 * (b - a * a) ** 2,
    gradient: [-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)],
  };
}

describe('L-BFGS agrees with torch.optim.LBFGS 1.13 on Rosenbrock’s function', () => {
  const run = async (steps: number, options?: Parameters<typeof createLbfgs>[2]) => {
    const x = Float64Array.of(-1.2, 1);
    const step = createLbfgs(x, async () => rosenbrock(x), options);
    const values: number[] = [];
    for (let i = 0; i < steps; i++) values.push(await step());
    return { x, values };
  };

  test('with the defaults', async () => {
    const { x, values } = await run(4);
    const expected = [24.199999999999996, 1.9456874727314497, 0.5793136907775303, 3.8814108761943625e-8];
    expected.forEach((value, i) => {
      expect(values[i]! / value).toBeCloseTo(1, 4);
    });
    expect(Math.abs(x[0]! - 0.9999987897933501)).toBeLessThan(1e-8);
  });

  test('with a short history, few iterations a step and a learning rate', async () => {
    const { x, values } = await run(6, { ...pytorchDefaults, historySize: 3, maxIterations: 4, learningRate: 0.5 });
    const expected = [
      24.199999999999996, 4.276533533351236, 4.103831946765254, 4.032944347397823, 2.882759518119752,
      2.1486257599824747,
    ];
    expected.forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 9);
    });
    expect(x[0]).toBeCloseTo(0.16095909969473748, 9);
    expect(x[1]).toBeCloseTo(-0.07458228411832006, 9);
  });

  test('a step at a minimum changes nothing', async () => {
    const x = Float64Array.of(1, 1);
    expect(await createLbfgs(x, async () => rosenbrock(x))()).toBe(0);
    expect([...x]).toEqual([1, 1]);
  });
});

test('Adam agrees with torch.optim.Adam 1.13', () => {
  const x = Float64Array.of(1, -2, 0.5);
  const step = createAdam(x, 0.1);
  for (let i = 0; i < 7; i++) {
    const product = x[0]! * x[1]! * x[2]!;
    step(Array.from(x, v => 4 * v ** 3 + product / v));
  }
  const expected = [0.510409835102088, -1.3329852109856812, 0.7441953208812611];
  expected.forEach((value, i) => {
    expect(x[i]).toBeCloseTo(value, 12);
  });
});
