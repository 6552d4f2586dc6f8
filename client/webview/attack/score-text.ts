/** Scores in words, for captions, tables and alternatives to pictures. */
import type { ImageScores, Scores } from '../../../src-attack/process/protocol.ts';

/** An infinite PSNR, which JSON cannot say, is null. */
export function decibels(psnr: number | null): string {
  return psnr === null ? '∞' : `${psnr.toFixed(1)} dB`;
}

export function scoreText(scores: Scores | null): string {
  if (!scores) return '';
  const exact = scores.psnr === null ? ' (pixel-exact)' : '';
  return `PSNR ${decibels(scores.psnr)}${exact} · SSIM ${scores.ssim.toFixed(3)} · MSE ${scores.mse.toExponential(1)}`;
}

/** Mean and best of a batch: one image that comes back is hidden by a mean. */
export function batchText(mean: Scores | null, images: readonly ImageScores[]): string {
  if (!mean) return '';
  const best = images.reduce<ImageScores | undefined>((a, b) => (a === undefined || b.mse < a.mse ? b : a), undefined);
  const top = best ? ` · best ${decibels(best.psnr)}` : '';
  return `mean PSNR ${decibels(mean.psnr)}${top} · mean SSIM ${mean.ssim.toFixed(3)}`;
}
