/** What the attack process is asked when it is to measure a model's identifiable dimension. Plain data. */
import type { PixelMap } from '../verify/map.ts';
import type { ModelChoice } from './protocol.ts';

export interface VerifySpec {
  readonly model: ModelChoice;
  readonly seed: number;
  /** Examples that share one gradient. */
  readonly batch: number;
  /** The examples themselves; absent: random inputs. */
  readonly pictures?: VerifyPictures;
  /** Inputs of more entries are not measured whole if the model has a smaller twin; absent: the measurement's own limit. */
  readonly largestWhole?: number;
}

/** Pictures at which the gradient is taken, as an attack takes them. */
export interface VerifyPictures {
  /** PNG or JPEG files, as many as examples share the gradient. */
  readonly paths: readonly string[];
  /** Class of every picture; null: the one that the model predicts. */
  readonly labels: readonly number[] | null;
  /** Preprocessing as an expression in x. */
  readonly preprocess: string;
}

/** The identifiable dimension of one model, or of its twin, at one input. */
export interface Measurement {
  /** rank J, or a lower bound where {@link bound} says so. */
  readonly rank: number;
  /** n: entries of the input, of all examples of the batch. */
  readonly unknowns: number;
  /** `exact`: of the whole Jacobian; `sketch`: of the Jacobian with columns summed at random, which is the same; `at least`: a lower bound. */
  readonly bound: 'exact' | 'sketch' | 'at least';
  /** No direction is near rounding. */
  readonly certain: boolean;
  /** Share of a random row outside the span of those before it: the smallest that counted, and the largest that did not. */
  readonly smallestKept: number;
  readonly largestDropped: number;
  /** Batch first; feature maps as [B, C, H, W]. */
  readonly inputShape: readonly number[];
  /** Entries of all gradients. */
  readonly equations: number;
  readonly engine: string;
  readonly seconds: number;
  readonly assumptions: readonly string[];
  /** One an example; empty where the input is no picture or was sketched. */
  readonly maps: readonly PixelMap[];
  /** Of the same model: of a twin the twin's own. */
  readonly predicted: Prediction;
}

/** What the analysis says without measuring. */
export interface Prediction {
  /** null where it does not know. */
  readonly rank: number | null;
  readonly basis: string;
  /** `r = 1029 of 3072 (33.5 %)` */
  readonly text: string;
}

/** What was measured of a model: all of it, or a smaller twin, or both. */
export interface Verification {
  /** n: entries of the model's own input, of all examples. */
  readonly unknowns: number;
  /** Entries of the model's own gradient, which r cannot exceed; null where a shape is unknown. */
  readonly equations: number | null;
  readonly predicted: Prediction;
  /** null where the model was too large to be measured whole. */
  readonly whole: Measurement | null;
  /** The same model on a smaller picture, or why there is none; null where the whole was measured exactly. */
  readonly twin: Measurement | { readonly reason: string } | null;
}

export interface VerifyReport extends Verification {
  readonly model: string;
}

/** Request: answers {@link VerifyReport}; cancellable. */
export const verifyMethod = 'verify/run';
/** Notification on the way. */
export const verifyProgressMethod = 'verify/progress';
export interface VerifyProgress {
  readonly what: 'model' | 'twin';
  /** Found so far, and the most it can become. */
  readonly rank: number;
  readonly most: number;
  /** Until the rank is the most it can become, at the present pace; null when nobody can say. */
  readonly secondsLeft: number | null;
}

/** The measurement with the map of its examples: the model's own, or its twin's; null where neither has one. */
export function mapped({ whole, twin }: Verification): Measurement | null {
  if (whole && whole.maps.length > 0) return whole;
  return twin && 'rank' in twin && twin.maps.length > 0 ? twin : null;
}
