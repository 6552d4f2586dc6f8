/** A measurement in words: the same in terminal, notification, page and panel. */
import { formatShare } from '../../src-analysis/reports/headline.ts';
import type { PixelMap } from '../verify/map.ts';
import type { Measurement, Prediction, Verification, VerifyProgress } from './verify-protocol.ts';

/** `r = 2883 of 3072 (93.8 %)`, with a doubt where there is one. */
export function rankText({ rank, unknowns, bound, certain }: Measurement): string {
  const doubt = certain ? '' : ', uncertain: some directions are near rounding';
  return `r ${bound === 'at least' ? '≥' : '='} ${rank} of ${unknowns} (${formatShare(rank / unknowns)})${doubt}`;
}

/** `32 × 32 × 3` of a twin whose input is [B, C, H, W]. */
export function twinText({ inputShape: [, channels, ...sides] }: Measurement): string {
  return `a smaller twin, the same model on a picture of ${[...sides, channels].join(' × ')}`;
}

/** What a twin's figures are worth for the model. */
export function twinWarning({ unknowns, equations }: Verification): string {
  const few = equations !== null && equations < unknowns;
  return few
    ? `Its share is not the model’s: the model’s own gradient has ${equations} entries, so that r is at most ${formatShare(equations / unknowns)} of its ${unknowns} unknowns. What the twin tells is whether the analysis is right about such a model.`
    : 'Its share stands for the model’s only as far as the model treats all of the picture alike.';
}

/** The analysis beside a measurement: `r = 36 of 64 (56.3 %): the same`. */
export function comparisonText(predicted: Prediction, measured: Measurement | null): string {
  if (predicted.rank === null || !measured || measured.bound === 'at least') return predicted.text;
  const difference = predicted.rank - measured.rank;
  const how = difference === 0 ? 'the same' : `${Math.abs(difference)} ${difference > 0 ? 'more' : 'less'}`;
  return `${predicted.text}: ${how}`;
}

/** What a map shows. */
export function mapText({ shares }: PixelMap): string {
  const among = (count: number) => formatShare(count / shares.length);
  const determined = shares.filter(share => share > 0.995).length;
  const lost = shares.filter(share => share < 0.005).length;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return `Of the pixels, ${among(determined)} are determined by the gradient and ${among(lost)} do not enter it; the mean share is ${formatShare(mean)}.`;
}

/** `rank 512 so far, at most 3072, at most 2 min left`. */
export function progressText({ what, rank, most, secondsLeft }: VerifyProgress): string {
  const left = secondsLeft === null || rank === most ? '' : `, at most ${duration(secondsLeft)} left`;
  return `${what === 'twin' ? 'smaller twin: ' : ''}rank ${rank} so far, at most ${most}${left}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
