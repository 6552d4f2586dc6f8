import { div, mul, sub } from '../../ir/elementwise.ts';
import type { Node } from '../../ir/graph.ts';
import { addAll } from '../../ir/reduce.ts';
import { substitute } from '../../ir/rewrite.ts';
import type { Victim } from '../../victim/victim.ts';

/** Each step's graph holds the one before: more would neither compile nor differentiate in reasonable time. */
export const mostUnrolledSteps = 16;

/**
 * The victim whose gradient is what several local steps share: the mean of the gradients at w₀, w₁ = w₀ − η·g(w₀), …,
 * as a function of the examples. An attack that differentiates it simulates the client's training, as Dimitrov et al.
 * do (Data leakage in federated averaging, TMLR 2022, arXiv 2206.12395).
 */
export function unrolled(victim: Victim, steps: number, rate: number): Victim {
  let weights: readonly Node[] = victim.parameters.map(({ node }) => node);
  const perStep: (readonly Node[])[] = [];
  for (let step = 0; step < steps; step++) {
    const replaced = new Map(victim.parameters.map(({ node }, i) => [node, weights[i]!]));
    const gradients = step === 0 ? victim.gradients : substitute(victim.gradients, replaced);
    perStep.push(gradients);
    weights = weights.map((weight, i) => sub(weight, mul(gradients[i]!, rate)));
  }
  const gradients = victim.gradients.map((_, i) => div(addAll(perStep.map(list => list[i]!)), steps));
  return { ...victim, gradients };
}
