/** What the attack process is asked when it is to measure a model's identifiable dimension. Plain data. */
import type { ModelChoice } from './protocol.ts';

export interface VerifySpec {
  readonly model: ModelChoice;
  readonly seed: number;
  /** Examples that share one gradient. */
  readonly batch: number;
}

/** One measurement: src-attack/verify/verify.ts says what the fields mean. */
export interface Measurement {
  readonly rank: number;
  readonly unknowns: number;
  readonly bound: 'exact' | 'sketch' | 'at least';
  readonly certain: boolean;
  readonly smallestKept: number;
  readonly largestDropped: number;
  /** Batch first; feature maps as [B, C, H, W]. */
  readonly inputShape: readonly number[];
  readonly equations: number;
  readonly engine: string;
  readonly seconds: number;
  readonly assumptions: readonly string[];
  /** How much of each pixel the gradient determines, 0 to 1, row by row; null where the input is no picture or was sketched. */
  readonly map: { readonly width: number; readonly height: number; readonly shares: readonly number[] } | null;
}

export interface VerifyReport {
  readonly model: string;
  /** What the analysis says without measuring, in a line. */
  readonly predicted: string;
  readonly measured: Measurement;
  /** For a model too large to measure whole: a smaller twin, or why there is none. */
  readonly twin: Measurement | { readonly reason: string } | null;
}

/** Request: answers {@link VerifyReport}; cancellable. */
export const verifyMethod = 'verify/run';
/** Notification on the way. */
export const verifyProgressMethod = 'verify/progress';
export interface VerifyProgress {
  readonly rank: number;
  readonly most: number;
  readonly what: 'model' | 'twin';
}
