import { createRandom } from '../../optimisers/random.ts';
import { type Attack, type AttackProblem, batchOf } from '../attack.ts';
import { fadePrior } from './fade-prior.ts';
import { throughKinks } from './kinks.ts';
import { createGradientModel, type GradientModel } from './model.ts';
import { polish } from './polish.ts';
import { hasKinks } from './smoothing.ts';

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
    const model = await createGradientModel(problem);
    try {
      const u = start(problem, model, options.seed);
      if (!hasKinks(problem.victim.gradients)) {
        await polish(model, await fadePrior(model, u, problem, options, recorder), problem, options, recorder);
        return;
      }
      await throughKinks(model, u, problem, options, recorder);
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
