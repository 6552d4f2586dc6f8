import { type AttackOptions, type AttackProblem, batchOf, type Recorder } from '../attack.ts';
import { inputName } from '../objective.ts';
import { descendDamped } from './levenberg.ts';
import { createGradientModel, type GradientModel } from './model.ts';
import { quadraticPrior } from './prior.ts';
import type { SmoothedGradients } from './smoothing.ts';
import { type Iterate, lossOf } from './step.ts';

/** β of the first level, its growth, and where the smooth function stands for the true one. */
const beta = { first: 4, growth: 1.6, last: 2e5 };
const stepsPerLevel = 6;
/** Below this β the smooth model's picture is too far from the true one's. */
const trueModelFrom = 50;
/** The true model is tried where its misfit has fallen to this share since the last time. */
const worthTrying = 0.5;
/** Levels in a row that do not lower the true model's misfit by a tenth: the rest would not either. */
const patience = { levels: 5, share: 0.9 };
/** A level is done when a step lowers its objective by less than this share. */
const settled = 0.02;
const firstDamping = 1e-6;
/** A level that ended stuck does not freeze the next one. */
const mostDamping = 1e-2;

/** Weight of the prior at one β. */
function priorWeight(level: number): number {
  return Math.max(1e-9, 0.12 / level ** 1.5);
}

function levels(): number[] {
  const list: number[] = [];
  for (let level = beta.first; level < beta.last; level *= beta.growth) list.push(level);
  return list;
}

/**
 * Follows the picture from a very smooth stand-in for the model (β small) to the model itself: each level starts where
 * the one before ended and takes a few damped steps. From some β on, the true model is tried after every level.
 * @param trueModel for the distance of each level's picture
 * @param finish steps on the true model from a picture; whether they lead to the observed gradient
 * @returns whether the observed gradient is reached
 */
export async function followSmoothing(
  smoothed: SmoothedGradients,
  start: Float64Array,
  trueModel: GradientModel,
  problem: AttackProblem,
  options: AttackOptions,
  recorder: Recorder,
  finish: (from: Iterate) => Promise<boolean>,
): Promise<boolean> {
  let level = beta.first;
  const model = await createGradientModel(problem, smoothed.gradients, () => ({
    [inputName(smoothed.beta)]: Float32Array.of(level),
  }));
  const plan = levels();
  let left = options.steps ?? plan.length * stepsPerLevel;
  recorder.expect(left);
  let u = start;
  let damping = firstDamping;
  let tried = Number.POSITIVE_INFINITY;
  let best: Iterate | undefined;
  let idle = 0;
  try {
    for (level of plan) {
      const result = await descendDamped(
        model,
        u,
        Math.min(damping, mostDamping),
        {
          prior: quadraticPrior(problem.shape, batchOf(problem)),
          mu: priorWeight(level),
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
      if (level > trueModelFrom && value < worthTrying * tried) {
        tried = value;
        if (await finish(reached)) return true;
      }
      idle = best && value > patience.share * best.misfit.value ? idle + 1 : 0;
      if (!best || value < best.misfit.value) best = reached;
      if (left <= 0 || (level > trueModelFrom && idle >= patience.levels)) break;
    }
    return best !== undefined && best.misfit.value < tried && (await finish(best));
  } finally {
    await model.dispose();
  }
}
