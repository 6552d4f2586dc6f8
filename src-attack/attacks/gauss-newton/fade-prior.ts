import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import { type AttackOptions, type AttackProblem, batchOf, NotFinite, type Recorder } from '../attack.ts';
import type { GradientModel } from './model.ts';
import { lastMu } from './polish.ts';
import { quadraticPrior, totalVariationPrior } from './prior.ts';
import { direction, type Iterate, linearise, lineSearch, lossOf, minimalDamping, type StepSettings } from './step.ts';

const firstMu = 1e-3;
/** One image: μ falls fast and the prior turns to total variation; several: slowly, so that they come apart. */
const muFactor = { single: 0.2, batch: 0.5 };
const quadraticSteps = 3;

/** Gauss–Newton steps with the prior on the picture, its weight μ falling at every step. */
export async function fadePrior(
  model: GradientModel,
  u: Float64Array,
  problem: AttackProblem,
  options: AttackOptions,
  recorder: Recorder,
): Promise<Iterate> {
  const batch = batchOf(problem);
  const factor = batch === 1 ? muFactor.single : muFactor.batch;
  const steps = options.steps ?? Math.ceil(Math.log(lastMu / firstMu) / Math.log(factor)) + 1;
  recorder.expect(steps);
  let current: Iterate = { u, misfit: await model.misfit(u) };
  recorder.record(lossOf(current), model.toInput(u));
  let mu = firstMu;
  for (let step = 0; step < steps; step++) {
    throwIfCancelled(recorder.cancel);
    const prior =
      step > quadraticSteps && batch === 1
        ? totalVariationPrior(problem.shape, batch, current.u)
        : quadraticPrior(problem.shape, batch);
    const settings: StepSettings = { prior, mu, priorOn: 'picture', damping: minimalDamping };
    const linear = await linearise(model, current, problem, recorder.cancel);
    const d = await direction(linear, current.u, settings, problem, recorder.cancel);
    const found = d && (await lineSearch(model, current, d, settings, problem));
    if (!found) throw new NotFinite(step + 1);
    current = found.iterate;
    recorder.record(lossOf(current), model.toInput(current.u));
    mu = Math.max(mu * factor, lastMu);
  }
  return current;
}
