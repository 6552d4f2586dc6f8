import type { AttackResult } from '../attacks/run-attack.ts';
import type { ImageScores, Scores } from '../process/protocol.ts';
import type { AppliedDefence } from './simulate.ts';

/** The report of a run: version 1 of the JSON that docs/attack.md describes. */
export interface AttackReport {
  readonly version: 1;
  readonly model: string;
  /** The analysis of the model in one line. */
  readonly summary: string;
  /** The image, of a batch the first. */
  readonly image: string;
  readonly images: readonly string[];
  /** The label, of a batch the first image's; null for a batch whose labels were inferred: they belong to nobody in particular. */
  readonly label: number | null;
  /** One for every example of the gradient, neighbours included; inferred ones in rising order. */
  readonly labels: readonly number[];
  readonly labelFrom: 'given' | 'inferred';
  readonly seed: number;
  readonly engine: { readonly name: string; readonly device: string; readonly threads: number };
  readonly preprocess: string;
  readonly defence: readonly AppliedDefence[];
  readonly assumptions: readonly string[];
  readonly results: readonly ResultReport[];
  readonly sweep?: SweepReport;
}

export interface ResultReport {
  readonly method: string;
  readonly status: AttackResult['status'];
  /** dB, of a batch the mean; null when every entry is equal to the target's, or when there is no result. */
  readonly psnr: number | null;
  readonly ssim: number | null;
  readonly mse: number | null;
  /** ‖g(x) − g*‖²/‖g*‖² of the reconstruction's gradient against the observed one; null without a result. */
  readonly residual: number | null;
  /** Whether the reconstruction, rounded to 8 bits, equals the target in every pixel; of a batch in every image. */
  readonly pixelExact: boolean;
  readonly seconds: number;
  readonly steps: number;
  readonly loss: readonly number[];
  /** Path of the written picture, where one was written; of a batch see `images`. */
  readonly output: string | null;
  readonly note: string;
  /** Of a batch: every image, in the order in which they were given. */
  readonly perImage?: readonly ImageReport[];
  /** Of a batch: the scores of the image that came back best. */
  readonly best?: Scores;
}

/** One image of a batch. */
export interface ImageReport extends ImageScores {
  readonly image: string;
  readonly output: string | null;
}

/** One defence at rising levels; the results above are those without it. */
export interface SweepReport {
  readonly defence: string;
  /** The setting that varies, and what it means. */
  readonly parameter: string;
  readonly meaning: string;
  readonly levels: readonly SweepLevelReport[];
}

export interface SweepLevelReport {
  readonly level: number;
  readonly defence: readonly AppliedDefence[];
  readonly results: readonly SweepMethodReport[];
}

export interface SweepMethodReport
  extends Pick<
    ResultReport,
    'method' | 'status' | 'psnr' | 'ssim' | 'mse' | 'residual' | 'seconds' | 'steps' | 'note'
  > {}

/** The report of an attack that reached nothing. */
export function emptyResult(result: AttackResult): ResultReport {
  const { method, status, seconds, steps, loss, note } = result;
  const nothing = { psnr: null, ssim: null, mse: null, residual: null, pixelExact: false, output: null };
  return { method, status, ...nothing, seconds, steps, loss, note };
}
