import type { CancellationToken } from '../../src-analysis/readers/reader.ts';
import type { Engine } from '../engines/engine.ts';
import type { Preprocess } from '../image/preprocess.ts';
import type { ImageShape } from '../image/tensor.ts';
import type { Values } from '../ir/graph.ts';
import type { MatrixProducts } from '../linear-algebra/products.ts';
import type { Victim } from '../victim/victim.ts';

/** What an observer of one gradient knows. The picture is not in it. */
export interface AttackProblem {
  readonly victim: Victim;
  /** Gradient of the loss for every parameter of the victim, in its order and layout. */
  readonly observed: readonly Values[];
  /** The target of the loss, of the shape of `victim.y`: one-hot labels, given or inferred. */
  readonly y: Values;
  /** One image as `victim.x` holds it; the batch is the first axis of `victim.x`. */
  readonly shape: ImageShape;
  readonly preprocess: Preprocess;
  readonly engine: Engine;
  /** Float64 matrix products. */
  readonly products: MatrixProducts;
}

export interface AttackOptions {
  /** Of every random number the attack draws. */
  readonly seed: number;
  /** Instead of the preset's number of steps. */
  readonly steps?: number;
}

/** How an attack tells what it does. Losses are comparable within one attack: smaller means a closer gradient. */
export interface Recorder {
  readonly cancel: CancellationToken;
  /** Number of steps to come in all, as far as known. */
  expect(steps: number): void;
  /**
   * One step is done. The input of the smallest loss is kept.
   * @throws {NotFinite} when the loss is not a number any more.
   */
  record(loss: number, x: ArrayLike<number>): void;
  /**
   * One step is done whose input is shown but not kept: its loss does not compare with the others'. Null while the
   * attack works on something that is no picture.
   */
  preview(loss: number, x: ArrayLike<number> | null): void;
  /** A sentence for the report. */
  note(sentence: string): void;
}

/** One attack: a preset of published or own settings. */
export interface Attack {
  /** `gauss-newton`, `r-gap`, …: the name in commands and reports. */
  readonly name: string;
  /** What it does and where it is from, in a sentence. */
  readonly description: string;
  /**
   * Reconstructs `victim.x`, in the model's units; what the recorder holds is the result.
   * @throws {NotApplicable} when the model is of a kind that the attack cannot treat.
   * @throws Cancelled when the recorder's token asks for it.
   */
  run(problem: AttackProblem, options: AttackOptions, recorder: Recorder): Promise<void>;
}

/** The attack cannot treat this model; the message says why, and what to use instead. */
export class NotApplicable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotApplicable';
  }
}

/** The objective is NaN or infinite: nothing sensible can follow. */
export class NotFinite extends Error {
  constructor(step: number) {
    super(
      `The objective was no longer a finite number at step ${step}; the best result before it is kept. Another seed may do better.`,
    );
    this.name = 'NotFinite';
  }
}

export function batchOf(problem: AttackProblem): number {
  return problem.victim.x.shape[0]!;
}

/** @throws {NotApplicable} for a batch, with the attack's name */
export function requireOneImage(problem: AttackProblem, attack: string): void {
  if (batchOf(problem) === 1) return;
  throw new NotApplicable(`${attack} takes one image: the gradient of a batch gives a mixture. Use gauss-newton.`);
}
