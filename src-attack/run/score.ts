import { imageSize, inputToIntensities } from '../image/tensor.ts';
import { assign } from '../metrics/assignment.ts';
import { meanSquaredError, psnrOf, scoreImage } from '../metrics/scores.ts';
import type { Scores } from '../process/protocol.ts';
import type { PreparedRun } from './prepare.ts';

/** Scores of a reconstructed batch, every image compared with the reconstruction that is matched to it. */
export interface MatchedScores {
  /** Place in the reconstructed batch of every image, in the targets' order. */
  readonly places: readonly number[];
  readonly images: readonly Scores[];
}

/**
 * Matches the images to the places of a reconstructed batch so that the total squared error is smallest (a gradient
 * tells nothing of the order), and scores each pair. Null where nobody knows the images.
 */
export function scoresOf({ problem, targets }: PreparedRun, x: Float64Array): MatchedScores | null {
  if (!targets) return null;
  const { shape, preprocess } = problem;
  const size = imageSize(shape);
  const imagesIn = (input: Float64Array) => {
    const all = inputToIntensities(input, shape, preprocess);
    return Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size));
  };
  const [found, truth] = [imagesIn(x), imagesIn(targets.input)];
  // Neighbours of a larger batch are not compared: their rows cost nothing wherever they go.
  const costs = found.map((_, i) => found.map(image => (i < truth.length ? meanSquaredError(image, truth[i]!) : 0)));
  const places = assign(costs).slice(0, truth.length);
  const images = places.map((place, i) => {
    const { psnr, ssim, mse } = scoreImage(found[place]!, truth[i]!, shape);
    return { psnr: mse === 0 ? null : psnr, ssim, mse };
  });
  return { places, images };
}

/** Means over the images. Equal images, whose PSNR is infinite, count as the 300 dB that the smallest error reads. */
export function meanScores(images: readonly Scores[]): Scores {
  const mean = (value: (scores: Scores) => number) =>
    images.reduce((sum, scores) => sum + value(scores), 0) / images.length;
  const allEqual = images.every(({ psnr }) => psnr === null);
  return {
    psnr: allEqual ? null : mean(({ psnr }) => psnr ?? psnrOf(0)),
    ssim: mean(({ ssim }) => ssim),
    mse: mean(({ mse }) => mse),
  };
}

/** The image that came back best: one that leaks is hidden by a mean. */
export function bestScores<T extends Scores>(images: readonly T[]): T {
  return images.reduce((best, scores) => (scores.mse < best.mse ? scores : best));
}
