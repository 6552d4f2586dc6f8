import { sizeOf } from '../ir/graph.ts';
import { createRandom } from '../optimisers/random.ts';
import type { AttackProblem } from './attack.ts';

/** x₀ ~ N(0, 1) in the model's units, as the published attacks start. */
export function randomStart(problem: AttackProblem, seed: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: sizeOf(problem.victim.x.shape) }, () => random.normal());
}
