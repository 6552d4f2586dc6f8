import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import { type AttackOptions, type AttackProblem, batchOf, type Recorder } from '../attack.ts';
import type { GradientModel } from './model.ts';
import { quadraticPrior } from './prior.ts';
import { direction, type Iterate, linearise, lineSearch, lossOf, minimalDamping, type StepSettings } from './step.ts';

/** Weight of the prior where only what the gradient leaves open is left to it. */
export const lastMu = 1e-10;
const polishSteps = 12;
/** A misfit for each gradient tensor that float32 gradients cannot tell from zero. */
const roundingMisfit = 1e-13;

/** Without the prior on the picture: steps as long as each at least halves the misfit, down to rounding. */
export async function polish(
  model: GradientModel,
  from: Iterate,
  problem: AttackProblem,
  options: AttackOptions,
  recorder: Recorder,
): Promise<Iterate> {
  const prior = quadraticPrior(problem.shape, batchOf(problem));
  const enough = roundingMisfit * problem.observed.length;
  let current = from;
  let mu = lastMu;
  for (let step = 0; step < Math.min(polishSteps, options.steps ?? polishSteps); step++) {
    throwIfCancelled(recorder.cancel);
    if (current.misfit.value < enough) break;
    const settings: StepSettings = { prior, mu, priorOn: 'change', damping: minimalDamping };
    const linear = await linearise(model, current, problem, recorder.cancel);
    const d = await direction(linear, current.u, settings, problem, recorder.cancel);
    const found = d && (await lineSearch(model, current, d, settings, problem));
    if (!found?.decreased) break;
    const before = current.misfit.value;
    current = found.iterate;
    recorder.record(lossOf(current), model.toInput(current.u));
    if (current.misfit.value > before / 2) break;
    mu /= 10;
  }
  return current;
}
