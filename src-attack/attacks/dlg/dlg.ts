import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import { createLbfgs } from '../../optimisers/lbfgs.ts';
import type { Attack } from '../attack.ts';
import { compileObjective, createTargets, squaredDistance } from '../objective.ts';
import { randomStart } from '../start.ts';

const presetSteps = 300;

/**
 * Deep Leakage from Gradients (Zhu, Liu & Han, NeurIPS 2019) with the label known: min Σ_l ‖g_l(x) − g_l*‖² by L-BFGS
 * with PyTorch's defaults, x₀ ~ N(0, 1), 300 steps of up to 20 iterations.
 */
export const dlg: Attack = {
  name: 'dlg',
  description: 'Deep Leakage from Gradients (Zhu, Liu & Han 2019): matches the gradient by L-BFGS from random noise.',
  async run(problem, { seed, steps = presetSteps }, recorder) {
    const { victim } = problem;
    const targets = createTargets(problem);
    const distance = squaredDistance(victim.gradients, targets.nodes);
    const objective = await compileObjective(problem, distance, victim.x, targets.values);
    const x = randomStart(problem, seed);
    const evaluate = () => {
      // A step is up to twenty evaluations: cancelling must not wait for all of them.
      throwIfCancelled(recorder.cancel);
      return objective.evaluate(x);
    };
    const step = createLbfgs(x, evaluate);
    recorder.expect(steps);
    try {
      for (let i = 0; i < steps; i++) {
        const before = x.slice();
        recorder.record(await step(), before);
      }
      recorder.record((await evaluate()).value, x);
    } finally {
      await objective.dispose();
    }
  },
};
