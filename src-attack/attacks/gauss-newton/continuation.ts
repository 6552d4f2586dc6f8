import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import { type AttackOptions, type AttackProblem, batchOf, type Recorder } from '../attack.ts';
import { inputName } from '../objective.ts';
import { createGradientModel, type GradientModel } from './model.ts';
import { quadraticPrior } from './prior.ts';
import type { SmoothedLoss } from './smoothing.ts';
import { direction, type Iterate, linearise, objective, type StepSettings } from './step.ts';

/** β of the first level, its growth, and where the smooth function stands for the true one. */
const beta = { first: 4, growth: 1.6, last: 2e5 };
const stepsPerLevel = 6;
/** Below this β the smooth model's picture is too far from the true one's. */
const trueModelFrom = 50;
/** A level is done when a step lowers its objective by less than this share. */
const settled = 0.02;
/** Levenberg's damping, relative to the mean diagonal of JᵀJ. */
const damping = { first: 1e-6, smallest: 1e-12, largest: 1e2, easier: 0.2, harder: 10 };

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
 * @param finish steps on the true model from a picture; null where they do not lead to the observed gradient
 */
export async function followSmoothing(
  smoothed: SmoothedLoss,
  start: Float64Array,
  problem: AttackProblem,
  options: AttackOptions,
  recorder: Recorder,
  finish: (u: Float64Array) => Promise<Iterate | null>,
): Promise<Float64Array> {
  let level = beta.first;
  const model = await createGradientModel(problem, smoothed.loss, () => ({
    [inputName(smoothed.beta)]: Float32Array.of(level),
  }));
  const plan = levels();
  let left = options.steps ?? plan.length * stepsPerLevel;
  recorder.expect(left);
  let u = start;
  let lambda = damping.first;
  try {
    for (level of plan) {
      const result = await settle(
        model,
        u,
        priorWeight(level),
        lambda,
        Math.min(left, stepsPerLevel),
        problem,
        recorder,
      );
      ({ u, lambda } = result);
      left -= result.steps;
      const finished = level > trueModelFrom ? await finish(u) : null;
      if (finished) return finished.u;
      if (left <= 0) break;
    }
  } finally {
    await model.dispose();
  }
  return u;
}

/** Levenberg–Marquardt at one level. */
async function settle(
  model: GradientModel,
  start: Float64Array,
  mu: number,
  firstDamping: number,
  steps: number,
  problem: AttackProblem,
  recorder: Recorder,
): Promise<{ readonly u: Float64Array; readonly lambda: number; readonly steps: number }> {
  const prior = quadraticPrior(problem.shape, batchOf(problem));
  const settings = (lambda: number): StepSettings => ({ prior, mu, priorOn: 'picture', damping: lambda });
  let lambda = firstDamping;
  let current: Iterate = { u: start, misfit: await model.misfit(start) };
  let done = 0;
  while (done < steps) {
    throwIfCancelled(recorder.cancel);
    const before = objective(current, settings(lambda), problem);
    const linear = await linearise(model, current, problem, recorder.cancel);
    let next: Iterate | undefined;
    while (!next && lambda <= damping.largest) {
      const d = await direction(linear, current.u, settings(lambda), problem, recorder.cancel);
      const u = d && current.u.map((value, i) => value + d[i]!);
      const trial = u && { u, misfit: await model.misfit(u) };
      if (trial && objective(trial, settings(lambda), problem) < before) {
        next = trial;
        lambda = Math.max(damping.smallest, lambda * damping.easier);
      } else lambda *= damping.harder;
    }
    lambda = Math.min(lambda, damping.largest);
    if (!next) break;
    current = next;
    done++;
    recorder.preview(current.misfit.value, model.toInput(current.u));
    if (objective(current, settings(lambda), problem) > (1 - settled) * before) break;
  }
  return { u: current.u, lambda, steps: done };
}
