import { type AttackProblem, batchOf, type Recorder } from '../attack.ts';
import { inputName } from '../objective.ts';
import { descendDamped } from './levenberg.ts';
import { createGradientModel, type GradientModel } from './model.ts';
import { quadraticPrior } from './prior.ts';
import type { SmoothedGradients } from './smoothing.ts';
import { type Iterate, lossOf } from './step.ts';

/** Growth of β, and up to how many times the first one. */
const beta = { growth: 2.2, last: 5e4 };
const stepsPerLevel = 5;
/** Below so many times the first β the smooth model's picture is too far from the true one's. */
const trueModelFrom = 12;
/** The true model is tried where its misfit has fallen to this share since the last time. */
const worthTrying = 0.5;
/** Levels in a row that do not lower the true model's misfit by a tenth: the rest would not either. */
const patience = { levels: 5, share: 0.9 };
/** A level is done when a step lowers its objective by less than this share. */
const settled = 0.02;
const firstDamping = 1e-6;
/** A level that ended stuck does not freeze the next one. */
const mostDamping = 1e-2;

/** Weight of the prior where β is so many times the first one. */
function priorWeight(ratio: number): number {
  return 0.015 / ratio ** 1.5;
}

/** β of every level over the first one. */
const ratios = Array.from(
  { length: Math.ceil(Math.log(beta.last) / Math.log(beta.growth)) },
  (_, i) => beta.growth ** i,
);

/** Most steps along one stand-in. */
export const mostSmoothSteps = ratios.length * stepsPerLevel;

/** A stand-in to follow. */
export interface Course {
  readonly smoothed: SmoothedGradients;
  /** β of the first level. */
  readonly firstBeta: number;
  /** Steps at most. */
  readonly most: number;
}

/**
 * Follows the picture from a very smooth stand-in for the model (β small) to the model itself: each level starts where
 * the one before ended and takes a few damped steps. From some β on, the true model is tried after every level.
 * @param trueModel for the distance of each level's picture
 * @param finish steps on the true model from a picture; whether they lead to the observed gradient
 * @returns whether the observed gradient is reached, and steps taken on the stand-in
 */
export async function followSmoothing(
  { smoothed, firstBeta, most }: Course,
  start: Float64Array,
  trueModel: GradientModel,
  problem: AttackProblem,
  recorder: Recorder,
  finish: (from: Iterate) => Promise<boolean>,
): Promise<{ readonly reached: boolean; readonly steps: number }> {
  let level = firstBeta;
  const model = await createGradientModel(problem, smoothed.gradients, () => ({
    [inputName(smoothed.beta)]: Float32Array.of(level),
  }));
  let left = most;
  let u = start;
  let damping = firstDamping;
  let tried = Number.POSITIVE_INFINITY;
  let best: Iterate | undefined;
  let idle = 0;
  try {
    for (const ratio of ratios) {
      level = firstBeta * ratio;
      const result = await descendDamped(
        model,
        u,
        Math.min(damping, mostDamping),
        {
          prior: quadraticPrior(problem.shape, batchOf(problem)),
          mu: priorWeight(ratio),
          steps: Math.min(left, stepsPerLevel),
          settled,
          cancel: recorder.cancel,
          onStep: step => recorder.preview(lossOf(step), model.toInput(step.u)),
        },
        problem,
      );
      u = result.iterate.u;
      damping = result.damping;
      left -= result.steps;
      const reached: Iterate = { u, misfit: await trueModel.misfit(u) };
      const { value } = reached.misfit;
      recorder.record(lossOf(reached), trueModel.toInput(u));
      if (ratio > trueModelFrom && value < worthTrying * tried) {
        tried = value;
        if (await finish(reached)) return { reached: true, steps: most - left };
      }
      idle = best && value > patience.share * best.misfit.value ? idle + 1 : 0;
      if (!best || value < best.misfit.value) best = reached;
      if (left <= 0 || (ratio > trueModelFrom && idle >= patience.levels)) break;
    }
    const isReached = best !== undefined && best.misfit.value < tried && (await finish(best));
    return { reached: isReached, steps: most - left };
  } finally {
    await model.dispose();
  }
}
