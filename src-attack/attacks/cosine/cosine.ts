import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import { add, mul } from '../../ir/elementwise.ts';
import { createAdam } from '../../optimisers/adam.ts';
import type { Attack } from '../attack.ts';
import { asFeatureMaps, compileObjective, cosineDistance, createTargets, totalVariation } from '../objective.ts';
import { randomStart } from '../start.ts';

const presetSteps = 4800;
const learningRate = 1e-3;
/** For every parameter tensor: the setting of Chen & Campbell 2022 adds it once a tensor. */
const variationWeight = 0.01;

/**
 * Inverting Gradients (Geiping et al., NeurIPS 2020) as Chen & Campbell 2022 run it: min Σ_l (1 − cos(g_l, g_l*)) +
 * 0.01·(number of tensors)·TV(x) by Adam with rate 1e-3, x₀ ~ N(0, 1), 4800 steps.
 */
export const cosine: Attack = {
  name: 'cosine',
  description:
    'Inverting Gradients (Geiping et al. 2020): cosine distance and total variation, by Adam from random noise.',
  async run(problem, { seed, steps = presetSteps }, recorder) {
    const { victim } = problem;
    const targets = createTargets(problem);
    const variation = totalVariation(asFeatureMaps(victim.x, problem));
    const sum = add(
      cosineDistance(victim.gradients, targets.nodes),
      mul(variation, variationWeight * victim.gradients.length),
    );
    const objective = await compileObjective(problem, sum, victim.x, targets.values);
    const x = randomStart(problem, seed);
    const step = createAdam(x, learningRate);
    recorder.expect(steps);
    try {
      for (let i = 0; i < steps; i++) {
        throwIfCancelled(recorder.cancel);
        const { value, gradient } = await objective.evaluate(x);
        recorder.record(value, x);
        step(gradient);
      }
      recorder.record((await objective.evaluate(x)).value, x);
    } finally {
      await objective.dispose();
    }
  },
};
