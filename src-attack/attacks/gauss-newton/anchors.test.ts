import { describe, expect, test } from 'vitest';
import { createReferenceEngine } from '../../engines/reference/engine.ts';
import { picturesToInput } from '../../image/tensor.ts';
import { norm } from '../../linear-algebra/vector.ts';
import type { AttackProblem } from '../attack.ts';
import { inputName } from '../objective.ts';
import { type ChainLayer, chainVictim, uniformWeights } from '../testing/chain-victim.ts';
import { landscape, observe } from '../testing/problem.ts';
import { anchoredGradients } from './anchors.ts';
import { kinkScales } from './kink-scales.ts';
import { createGradientModel } from './model.ts';
import { kinkInputs } from './smoothing.ts';

const engine = createReferenceEngine();
const conv: ChainLayer = { type: 'conv', filters: 4, kernel: 3, stride: 1, bias: true };
const dense: ChainLayer = { type: 'dense', units: 5, bias: true };
const rectified = (alpha: number): ChainLayer => ({ type: 'leakyRelu', alpha });

async function observed(layers: readonly ChainLayer[], images = 1): Promise<AttackProblem> {
  const victim = chainVictim([images, 3, 8, 8], layers, uniformWeights(3));
  const pictures = Array.from({ length: images }, () => landscape(8));
  return (
    await observe(
      victim,
      engine,
      pictures,
      pictures.map((_, b) => b),
    )
  ).problem;
}

/** Values of the anchored gradients, and of the true ones, at an input. */
async function gradientsAt(problem: AttackProblem, x: Float64Array) {
  const { victim, y } = problem;
  const anchored = await anchoredGradients(problem);
  const named = (prefix: string, nodes: typeof anchored) => nodes.map((node, i) => [`${prefix}${i}`, node] as const);
  const program = await engine.compile(
    Object.fromEntries([...named('anchored', anchored), ...named('true', victim.gradients)]),
    { precision: 'float64' },
  );
  const values = await program.run({ [inputName(victim.x)]: x, [inputName(victim.y)]: y });
  return victim.gradients.map((_, i) => ({ anchored: values[`anchored${i}`]!, exact: values[`true${i}`]! }));
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  norm(Float64Array.from(a, (value, i) => value - b[i]!)) / norm(Float64Array.from(b));

describe('anchored gradients', () => {
  const models: readonly (readonly [string, readonly ChainLayer[]])[] = [
    ['ReLU', [conv, rectified(0), conv, rectified(0), dense]],
    ['leaky ReLU', [conv, rectified(0.2), conv, rectified(0.2), dense]],
    ['a residual block before the last layer', [conv, rectified(0), { type: 'residual', kernel: 3 }, dense]],
    ['max-pooling', [conv, { type: 'tanh' }, { type: 'maxPool' }, dense]],
    ['a dense layer without bias', [conv, rectified(0), { type: 'dense', units: 5 }]],
  ];
  test.each(models)('are the true ones at the picture, others elsewhere: %s', async (_, layers) => {
    const problem = await observed(layers);
    const truth = picturesToInput([landscape(8)], problem.shape, problem.preprocess);
    for (const { anchored, exact } of await gradientsAt(problem, truth)) {
      expect(distance(anchored, exact)).toBeLessThan(1e-4);
    }
    const elsewhere = await gradientsAt(
      problem,
      truth.map((value, i) => value + 0.3 * Math.sin(i)),
    );
    expect(elsewhere.some(({ anchored, exact }) => distance(anchored, exact) > 1e-2)).toBe(true);
  });

  test('are the true ones for a batch, where the dense layer tells a mixture', async () => {
    const problem = await observed([conv, rectified(0), dense], 2);
    expect(await anchoredGradients(problem)).toBe(problem.victim.gradients);
  });

  test('are the true ones where the observed gradient was changed: noise, clipping', async () => {
    const problem = await observed([conv, rectified(0), dense]);
    expect(await anchoredGradients(problem)).not.toBe(problem.victim.gradients);
    const noisy = problem.observed.map(g => Float64Array.from(g, (value, i) => value + 0.01 * Math.sin(37 * i)));
    const clipped = problem.observed.map(g => Float64Array.from(g, value => value / 2));
    for (const changed of [noisy, clipped]) {
      expect(await anchoredGradients({ ...problem, observed: changed })).toBe(problem.victim.gradients);
    }
  });
});

describe('scales of kinks', () => {
  test('grow with what goes into the kinks, one by one', async () => {
    const scalesFor = async (factor: number) => {
      const weights = uniformWeights(3);
      const victim = chainVictim([1, 3, 8, 8], [conv, rectified(0), conv, rectified(0), dense], (shape, fanIn) =>
        weights(shape, fanIn).map(value => factor * value),
      );
      const { problem } = await observe(victim, engine, [landscape(8)], [0]);
      const model = await createGradientModel(problem);
      const scales = await kinkScales(victim.gradients, model, problem);
      await model.dispose();
      expect([...scales.keys()]).toEqual([...kinkInputs(victim.gradients)]);
      return [...scales.values()];
    };
    const [plain, large] = [await scalesFor(1), await scalesFor(10)];
    expect(plain.every(scale => scale > 0)).toBe(true);
    // Biases are multiplied once, what comes from the layer before twice.
    expect(large[0]! / plain[0]!).toBeCloseTo(10, 3);
    expect(large[1]! / plain[1]!).toBeGreaterThan(30);
  });
});
