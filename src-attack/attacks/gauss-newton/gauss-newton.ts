import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import { createRandom } from '../../optimisers/random.ts';
import { type Attack, type AttackOptions, type AttackProblem, batchOf, NotFinite, type Recorder } from '../attack.ts';
import { throughKinks } from './kinks.ts';
import { createGradientModel, type GradientModel } from './model.ts';
import { lastMu, polish } from './polish.ts';
import { quadraticPrior, totalVariationPrior } from './prior.ts';
import { smoothGradients } from './smoothing.ts';
import { direction, type Iterate, linearise, lineSearch, lossOf, minimalDamping, type StepSettings } from './step.ts';

const firstMu = 1e-3;
/** One image: μ falls fast and the prior turns to total variation; several: slowly, so that they come apart. */
const muFactor = { single: 0.2, batch: 0.5 };
const quadraticSteps = 3;
/**
 * Gauss–Newton on the whole gradient (Leaklint): min Σ_l ‖g_l(x) − g_l*‖²/‖g_l*‖² + μ·uᵀL(u)u with μ → 0, u the
 * intensities and L the pixel grid's Laplacian, its edges reweighted to total variation; intensities beyond black and
 * white have a price that stays. The gradient's Jacobian is
 * used in full, so everything the gradient holds is reached and the prior fills only what it does not. Models with
 * ReLU, leaky ReLU or max-pooling, where the steps would stall, go another way (see kinks.ts).
 */
export const gaussNewton: Attack = {
  name: 'gauss-newton',
  description: 'Gauss–Newton on the whole gradient with a smoothness prior that fades (Leaklint).',
  async run(problem, options, recorder) {
    const smoothed = smoothGradients(problem.victim);
    const model = await createGradientModel(problem);
    try {
      const u = start(problem, model, options.seed);
      if (!smoothed) {
        await polish(model, await fadePrior(model, u, problem, options, recorder), problem, options, recorder);
        return;
      }
      await throughKinks(model, smoothed, u, problem, options, recorder);
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

/** The prior on the picture, its weight μ falling at every step. */
async function fadePrior(
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
