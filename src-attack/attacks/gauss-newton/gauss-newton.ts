import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import { createRandom } from '../../optimisers/random.ts';
import { type Attack, type AttackOptions, type AttackProblem, batchOf, NotFinite, type Recorder } from '../attack.ts';
import { createGradientModel, type GradientModel } from './model.ts';
import { quadraticPrior, totalVariationPrior } from './prior.ts';
import { direction, type Iterate, linearise, lineSearch, type StepSettings } from './step.ts';

const firstMu = 1e-3;
const lastMu = 1e-10;
/** One image: μ falls fast and the prior turns to total variation; several: slowly, so that they come apart. */
const muFactor = { single: 0.2, batch: 0.5 };
const quadraticSteps = 3;
/** Against rounding only: relative to the mean diagonal of JᵀJ. */
const minimalDamping = 1e-12;
const polishSteps = 12;
export const gaussNewton: Attack = {
  name: 'gauss-newton',
  description: 'Gauss–Newton on the whole gradient with a smoothness prior that fades (Leaklint).',
  async run(problem, options, recorder) {
    const model = await createGradientModel(problem);
    try {
      const reached = await fadePrior(model, problem, options, recorder);
      await polish(model, reached, problem, options, recorder);
    } finally {
      await model.dispose();
    }
  },
};

function start(problem: AttackProblem, model: GradientModel, seed: number): Float64Array {
  const u = new Float64Array(model.unknowns);
  if (batchOf(problem) === 1) return u;
  // Equal images would have equal gradients for ever: a little noise tells them apart.
  const random = createRandom(seed);
  return u.map(() => 0.01 * random.normal());
}

async function fadePrior(
  model: GradientModel,
  problem: AttackProblem,
  options: AttackOptions,
  recorder: Recorder,
): Promise<Iterate> {
  const batch = batchOf(problem);
  const factor = batch === 1 ? muFactor.single : muFactor.batch;
  const steps = options.steps ?? Math.ceil(Math.log(lastMu / firstMu) / Math.log(factor)) + 1;
  const u = start(problem, model, options.seed);
  let current: Iterate = { u, misfit: await model.misfit(u) };
  recorder.expect(steps + polishSteps);
  recorder.record(current.misfit.value, model.toInput(u));
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
    recorder.record(current.misfit.value, model.toInput(current.u));
    mu = Math.max(mu * factor, lastMu);
  }
  return current;
}

async function polish(
  model: GradientModel,
  from: Iterate,
  problem: AttackProblem,
  options: AttackOptions,
  recorder: Recorder,
): Promise<void> {
  let current = from;
  let mu = lastMu;
  for (let step = 0; step < Math.min(polishSteps, options.steps ?? polishSteps); step++) {
    throwIfCancelled(recorder.cancel);
    const prior = quadraticPrior(problem.shape, batchOf(problem));
    const settings: StepSettings = { prior, mu, priorOn: 'change', damping: minimalDamping };
    const linear = await linearise(model, current, problem, recorder.cancel);
    const d = await direction(linear, current.u, settings, problem, recorder.cancel);
    const found = d && (await lineSearch(model, current, d, settings, problem));
    if (!found?.decreased) return;
    const before = current.misfit.value;
    current = found.iterate;
    recorder.record(current.misfit.value, model.toInput(current.u));
    if (current.misfit.value > 0.5 * before) return;
    mu /= 10;
  }
}
