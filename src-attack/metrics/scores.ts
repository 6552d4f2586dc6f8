import { channelOf, type ImageShape, imageSize, positionOf } from '../image/tensor.ts';
import { ssim } from './ssim.ts';

/** How close a reconstruction is to the picture; on intensities clamped to [0,1] (0 black, 1 white). */
export interface Scores {
  /** −10·log10(MSE), peak 1, in dB; the MSE is floored at 1e-30, so identical pictures read 300 dB. */
  readonly psnr: number;
  readonly ssim: number;
  readonly mse: number;
}

const smallestMse = 1e-30;

/** NaN becomes 0. */
export function clamp01(value: number): number {
  if (!(value > 0)) return 0;
  return Math.min(1, value);
}

/** Mean squared difference of two images' intensities, each clamped to [0,1]; NaN counts as black. */
export function meanSquaredError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (clamp01(a[i]!) - clamp01(b[i]!)) ** 2;
  return sum / a.length;
}

export function psnrOf(mse: number): number {
  return -10 * Math.log10(Math.max(smallestMse, mse));
}

/** Scores of one image given as intensities in the model's layout. */
export function scoreImage(image: ArrayLike<number>, truth: ArrayLike<number>, shape: ImageShape): Scores {
  const mse = meanSquaredError(image, truth);
  let similarity = 0;
  for (let c = 0; c < shape.channels; c++) {
    similarity += ssim(plane(image, shape, c), plane(truth, shape, c), shape.width, shape.height) / shape.channels;
  }
  return { mse, psnr: psnrOf(mse), ssim: similarity };
}

function plane(image: ArrayLike<number>, shape: ImageShape, channel: number): Float64Array {
  const values = new Float64Array(shape.width * shape.height);
  for (let i = 0; i < imageSize(shape); i++) {
    if (channelOf(shape, i) === channel) values[positionOf(shape, i)] = clamp01(image[i]!);
  }
  return values;
}
