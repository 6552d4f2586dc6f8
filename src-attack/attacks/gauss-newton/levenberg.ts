import { type CancellationToken, throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import type { AttackProblem } from '../attack.ts';
import type { GradientModel } from './model.ts';
import type { SmoothnessPrior } from './prior.ts';
import { direction, type Iterate, linearise, objective, type StepSettings } from './step.ts';

/** Levenberg's damping, relative to the mean diagonal of JᵀJ. */
const limits = { smallest: 1e-12, largest: 1e2 };
const easier = 0.2;
const harder = 10;

export interface DampedSteps {
  readonly prior: SmoothnessPrior;
  /** Weight of the prior on the picture. */
  readonly mu: number;
  /** Most steps. */
  readonly steps: number;
  /** Done when a step lowers the objective by less than this share. */
  readonly settled: number;
  readonly cancel: CancellationToken;
  /** After every step. */
  readonly onStep: (iterate: Iterate) => void;
}

export interface Settled {
  readonly iterate: Iterate;
  /** The damping that the next step would have tried. */
  readonly damping: number;
  readonly steps: number;
}

/**
 * Levenberg–Marquardt steps on misfit plus prior: no step is taken that does not lower the objective, so the result is
 * never worse than the start.
 */
export async function descendDamped(
  model: GradientModel,
  start: Float64Array,
  firstDamping: number,
  { prior, mu, steps, settled, cancel, onStep }: DampedSteps,
  problem: AttackProblem,
): Promise<Settled> {
  const settings = (damping: number): StepSettings => ({ prior, mu, priorOn: 'picture', damping });
  let damping = firstDamping;
  let iterate: Iterate = { u: start, misfit: await model.misfit(start) };
  let done = 0;
  while (done < steps) {
    throwIfCancelled(cancel);
    const before = objective(iterate, settings(damping), problem);
    const linear = await linearise(model, iterate, problem, cancel);
    let next: Iterate | undefined;
    while (!next && damping <= limits.largest) {
      const d = await direction(linear, iterate.u, settings(damping), problem, cancel);
      const u = d && iterate.u.map((value, i) => value + d[i]!);
      const trial = u && { u, misfit: await model.misfit(u) };
      if (trial && objective(trial, settings(damping), problem) < before) {
        next = trial;
        damping = Math.max(limits.smallest, damping * easier);
      } else damping *= harder;
    }
    if (!next) break;
    iterate = next;
    done++;
    onStep(iterate);
    if (objective(iterate, settings(damping), problem) > (1 - settled) * before) break;
  }
  return { iterate, damping, steps: done };
}
