import { afterAll, describe, expect, test } from 'vitest';
import { neverCancelled } from '../../../src-analysis/readers/reader.ts';
import { loadOnnxCpu } from '../../engines/onnxruntime/load.ts';
import { createReferenceEngine } from '../../engines/reference/engine.ts';
import type { Picture } from '../../image/picture.ts';
import { multiplyVector, tiledZeros } from '../../linear-algebra/tiled.ts';
import { addScaled, dot, maxAbs, norm } from '../../linear-algebra/vector.ts';
import { createRandom } from '../../optimisers/random.ts';
import { type ChainLayer, chainVictim, uniformWeights } from '../testing/chain-victim.ts';
import { attackWith, landscape, observe } from '../testing/problem.ts';
import { compressionFor } from './compression.ts';
import { gaussNewton } from './gauss-newton.ts';
import { createGradientModel } from './model.ts';
import { addPrior, applyPrior, quadraticPrior, totalVariationPrior } from './prior.ts';
import { hasKinks, kinkInputs, smoothGradients } from './smoothing.ts';
import { lossOf } from './step.ts';

const loading = loadOnnxCpu();
afterAll(async () => (await loading).dispose());

const shape = { width: 8, height: 8, channels: 3, dataFormat: 'channelsFirst' } as const;
const dense: ChainLayer = { type: 'dense', units: 5, bias: true };
const conv = (filters: number, kernel: number, stride: number, padding = 0): ChainLayer => ({
  type: 'conv',
  filters,
  kernel,
  stride,
  padding,
  bias: true,
});

function flipped(picture: Picture): Picture {
  return {
    ...picture,
    pixels: Uint8Array.from({ length: picture.pixels.length }, (_, i) => {
      const p = Math.floor(i / 3);
      return 255 - picture.pixels[3 * (picture.width * picture.height - 1 - p) + (i % 3)]!;
    }),
  };
}

async function reconstruct(
  layers: readonly ChainLayer[],
  pictures: readonly Picture[],
  { seed = 3, steps }: { readonly seed?: number; readonly steps?: number } = {},
) {
  const victim = chainVictim([pictures.length, 3, 8, 8], layers, uniformWeights(seed));
  const { problem, psnr } = await observe(
    victim,
    await loading,
    pictures,
    pictures.map((_, b) => b),
  );
  const result = await attackWith(gaussNewton, problem, steps === undefined ? {} : { steps });
  return { ...result, psnr: pictures.map((_, b) => (result.x ? psnr(result.x, b) : Number.NaN)) };
}

describe('the attack', () => {
  const smooth = [conv(8, 3, 1), { type: 'tanh' }, conv(8, 3, 2, 1), { type: 'tanh' }, dense] as const;

  test('gives the exact picture where the gradient determines it', async () => {
    const { psnr, status } = await reconstruct(smooth, [landscape(8)]);
    expect(status).toBe('done');
    expect(psnr[0]).toBeGreaterThan(70);
  });

  test('gives a close picture where the gradient leaves half of it open', async () => {
    const { psnr } = await reconstruct([conv(2, 4, 2), { type: 'tanh' }, dense], [landscape(8)]);
    expect(psnr[0]).toBeGreaterThan(18);
    expect(psnr[0]).toBeLessThan(60);
  });

  test('tells two images of a batch apart', async () => {
    const { psnr } = await reconstruct(
      [conv(12, 3, 1, 1), { type: 'tanh' }, dense],
      [landscape(8), flipped(landscape(8))],
    );
    expect(Math.min(...psnr)).toBeGreaterThan(40);
  });

  describe.each([
    ['ReLU', 0],
    ['leaky ReLU', 0.01],
  ])('with %s', (_, alpha) => {
    const kink: ChainLayer = { type: 'leakyRelu', alpha };

    test('is exact layer by layer where the layers determine the picture', async () => {
      const { psnr, note } = await reconstruct(
        [conv(12, 5, 2, 2), kink, conv(12, 5, 1, 2), kink, dense],
        [landscape(8)],
      );
      expect(psnr[0]).toBeGreaterThan(70);
      expect(note).toMatch(/layer by layer/);
    });

    test('fills what the first layer leaves open by the prior and by what the units that are off tell', async () => {
      const layers = [conv(4, 3, 2, 1), kink, conv(8, 3, 1, 1), kink, dense];
      const { psnr, loss } = await reconstruct(layers, [landscape(8)]);
      expect(psnr[0]).toBeGreaterThan(21);
      expect(psnr[0]).toBeLessThan(60);
      expect(loss.at(-1)).toBeLessThan(1e-3);
    });
  });

  test('follows smooth stand-ins through the ReLUs of a residual network', async () => {
    const layers = [conv(8, 3, 2, 1), { type: 'leakyRelu', alpha: 0 }, { type: 'residual', kernel: 3 }, dense] as const;
    const { psnr, note } = await reconstruct(layers, [landscape(8)]);
    expect(note).toBe('');
    expect(psnr[0]).toBeGreaterThan(60);
  });

  test.each([1, 2])(
    'follows smooth stand-ins through ReLUs around a layer of two channels (weights %i)',
    async seed => {
      const relu: ChainLayer = { type: 'leakyRelu', alpha: 0 };
      const wide = conv(6, 3, 1, 1);
      const layers = [
        wide,
        relu,
        conv(2, 3, 1, 1),
        relu,
        wide,
        relu,
        { type: 'dense', units: 10, bias: true },
      ] as const;
      const { psnr, note } = await reconstruct(layers, [landscape(8)], { seed });
      expect(note).toBe('');
      expect(psnr[0]).toBeGreaterThan(60);
    },
  );

  test('follows smooth stand-ins through max-pooling', async () => {
    const layers = [
      conv(12, 3, 1, 1),
      { type: 'tanh' },
      { type: 'maxPool' },
      conv(8, 3, 1, 1),
      { type: 'tanh' },
      dense,
    ];
    const { psnr } = await reconstruct(layers as ChainLayer[], [landscape(8)]);
    expect(psnr[0]).toBeGreaterThan(60);
  });

  test('is the same for the same seed', async () => {
    const [first, second] = [
      await reconstruct(smooth, [landscape(8), flipped(landscape(8))], { steps: 2 }),
      await reconstruct(smooth, [landscape(8), flipped(landscape(8))], { steps: 2 }),
    ];
    expect(first.x).toEqual(second.x);
    expect(first.loss).toEqual(second.loss);
  });
});

describe('the linearised gradient', () => {
  const layers = [conv(4, 3, 1, 1), { type: 'tanh' }, dense] as const;

  test('has Jacobian columns that agree with differences, and products that agree with the columns', async () => {
    const victim = chainVictim([1, 3, 8, 8], layers, uniformWeights(3));
    const engine = createReferenceEngine();
    const precise = {
      ...engine,
      compile: (outputs: Parameters<typeof engine.compile>[0]) => engine.compile(outputs, { precision: 'float64' }),
    };
    const { problem } = await observe(victim, precise, [landscape(8)], [2]);
    const model = await createGradientModel(problem);
    const random = createRandom(1);
    const u = Float64Array.from({ length: model.unknowns }, () => 0.2 * random.normal());
    const t = u.map(() => random.normal());
    const { residual } = await model.misfit(u);
    const change = await model.pushForward(u, t);

    const h = 1e-5;
    const [ahead, behind] = [
      (await model.misfit(u.map((v, i) => v + h * t[i]!))).residual,
      (await model.misfit(u.map((v, i) => v - h * t[i]!))).residual,
    ];
    change.forEach((tensor, l) => {
      const difference = tensor.map((value, i) => value - (behind[l]![i]! - ahead[l]![i]!) / (2 * h));
      expect(maxAbs(difference)).toBeLessThan(1e-8);
    });
    const pulled = await model.pullBack(u, residual);
    const product = residual.reduce((sum, r, l) => sum + dot(r, change[l]!), 0);
    expect(dot(pulled, t)).toBeCloseTo(product, 8);
  });

  test('keeps all lengths and angles of the columns when it shortens them', async () => {
    const victim = chainVictim([1, 3, 8, 8], layers, uniformWeights(3));
    const { problem } = await observe(victim, await loading, [landscape(8)], [2]);
    const model = await createGradientModel(problem);
    const u = Float64Array.from({ length: model.unknowns }, (_, i) => 0.3 * Math.sin(i));
    const { gradients } = await model.misfit(u);
    const columns = await model.jacobianColumns(u, gradients, neverCancelled);
    const entries = gradients.reduce((sum, g) => sum + g.length, 0);
    expect(columns[0]!.length).toBeLessThan(entries / 2);
    const unit = (i: number) => Float64Array.from({ length: model.unknowns }, (_, k) => (k === i ? 1 : 0));
    const full = async (i: number) =>
      Float64Array.from((await model.pushForward(u, unit(i))).flatMap(part => [...part]));
    const [a, b] = [await full(7), await full(100)];
    expect(norm(columns[7]!) / norm(a)).toBeCloseTo(1, 5);
    expect(dot(columns[7]!, columns[100]!) / (norm(a) * norm(b))).toBeCloseTo(dot(a, b) / (norm(a) * norm(b)), 5);
  });

  test('is not shortened where the gradient is no product of few factors', () => {
    const random = createRandom(5);
    const gradient = Float64Array.from({ length: 20 * 30 }, () => random.normal());
    expect(compressionFor(gradient, 20, 30, 1).length).toBe(600);
    expect(compressionFor(new Float64Array(600), 20, 30, 1).length).toBe(600);
  });
});

describe('the prior', () => {
  const random = createRandom(2);
  const u = Float64Array.from({ length: 2 * 192 }, () => random.normal());

  test.each(['channelsFirst', 'channelsLast'] as const)('as a matrix and as a product is the same, %s', dataFormat => {
    const prior = { ...totalVariationPrior({ ...shape, dataFormat }, 2, u), colourWeight: 5 };
    const matrix = tiledZeros(u.length, 100);
    addPrior(matrix, prior, 3, { ...shape, dataFormat }, 2);
    const product = multiplyVector(matrix, u);
    addScaled(product, -3, applyPrior(prior, u, { ...shape, dataFormat }, 2));
    expect(maxAbs(product)).toBeLessThan(1e-10);
  });

  test('is zero on constant channels, positive elsewhere, and weaker across edges once it is total variation', () => {
    const flat = u.map((_, i) => Math.floor(i / 64));
    expect(maxAbs(applyPrior(quadraticPrior(shape, 2), flat, shape, 2))).toBeLessThan(1e-12);
    expect(dot(u, applyPrior(quadraticPrior(shape, 2), u, shape, 2))).toBeGreaterThan(0);
    const step = Float64Array.from({ length: 192 }, (_, i) => (i % 8 < 4 ? 0 : 1));
    const { weights } = totalVariationPrior(shape, 1, step);
    expect(Math.min(...weights)).toBeCloseTo(0.05, 3);
    expect(Math.max(...weights)).toBeCloseTo(5, 3);
  });

  test('takes differences of colour as unlikely as the picture suggests', () => {
    const grey = Float64Array.from({ length: 192 }, (_, i) => Math.sin(i % 64));
    const coloured = grey.map((value, i) => (i < 64 ? value : 0));
    const tinted = grey.map((value, i) => (i < 64 ? 1.5 * value : value));
    const weightOf = (picture: Float64Array) => totalVariationPrior(shape, 1, picture).colourWeight;
    expect(weightOf(grey)).toBe(16);
    expect(weightOf(coloured)).toBeCloseTo(1, 0);
    expect(weightOf(new Float64Array(192))).toBe(1);
    expect(weightOf(tinted)).toBeGreaterThan(4);
    const energy = (picture: Float64Array, colourWeight: number) =>
      dot(picture, applyPrior({ ...quadraticPrior(shape, 1), colourWeight }, picture, shape, 1));
    expect(energy(grey, 16)).toBeCloseTo(energy(grey, 1), 10);
    expect(energy(coloured, 16)).toBeCloseTo(11 * energy(coloured, 1), 8);
  });
});

describe('the loss', () => {
  test('has a price for intensities beyond black and white, and none for those of a picture', () => {
    const misfit = { residual: [], value: 0.5, gradients: [] };
    expect(lossOf({ u: Float64Array.of(-0.5, 0.2, 0.5), misfit })).toBe(0.5);
    expect(lossOf({ u: Float64Array.of(-0.6, 0.2, 0.7), misfit })).toBeCloseTo(0.5 + 1e-3 * (0.01 + 0.04), 12);
  });
});

describe('the smooth stand-in', () => {
  test('tends to the true gradient, and a model without kinks has none', async () => {
    const relu: ChainLayer = { type: 'leakyRelu', alpha: 0.1 };
    const victim = chainVictim([1, 3, 8, 8], [conv(4, 3, 1), relu, conv(4, 3, 1), relu, dense], uniformWeights(3));
    const scales = new Map([...kinkInputs(victim.gradients)].map((node, i) => [node, 1 + i]));
    const smoothed = smoothGradients(victim.gradients, scales);
    expect(hasKinks(victim.gradients)).toBe(true);
    const [kernel, smooth] = [victim.gradients[0]!, smoothed.gradients[0]!];
    const program = await createReferenceEngine().compile({ kernel, smooth }, { precision: 'float64' });
    const { name } = smoothed.beta.operation as { name: string };
    const gap = async (beta: number) => {
      const x = Float64Array.from({ length: 192 }, (_, i) => Math.sin(i));
      const y = Float64Array.of(0, 1, 0, 0, 0);
      const values = await program.run({ x, y, [name]: Float64Array.of(beta) });
      return norm(values.kernel!.map((value, i) => value - values.smooth![i]!)) / norm(values.kernel!);
    };
    expect(await gap(10)).toBeGreaterThan(await gap(1000));
    expect(await gap(1e8)).toBeLessThan(1e-6);
    for (const type of ['tanh', 'elu'] as const) {
      const { gradients } = chainVictim([1, 3, 8, 8], [conv(4, 3, 1), { type }, dense], uniformWeights(3));
      expect(hasKinks(gradients)).toBe(false);
    }
  });
});
