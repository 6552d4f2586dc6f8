import type { Attack } from '../src-attack/attacks/attack.ts';
import { fadePrior } from '../src-attack/attacks/gauss-newton/fade-prior.ts';
import { createGradientModel } from '../src-attack/attacks/gauss-newton/model.ts';
import { polish } from '../src-attack/attacks/gauss-newton/polish.ts';
import { isKink } from '../src-attack/attacks/gauss-newton/smoothing.ts';
import { freshName, inputName } from '../src-attack/attacks/objective.ts';
import type { Engine } from '../src-attack/engines/engine.ts';
import { mul } from '../src-attack/ir/elementwise.ts';
import { type Node, reachable } from '../src-attack/ir/graph.ts';
import { substituteWith } from '../src-attack/ir/rewrite.ts';
import type { Victim } from '../src-attack/victim/victim.ts';

/**
 * Not an attack: Gauss–Newton that is told which units are on and which entries are the greatest at the true picture. What
 * it finds is what an attacker could find who misses no pattern, with the same prior. So it tells how much of what an
 * attack misses is due to the search for the pattern.
 * @param x the true input
 */
export function givenPattern(x: Float64Array): Attack {
  return {
    name: 'pattern-given',
    description: 'Gauss–Newton that is told the pattern of active units.',
    async run(problem, options, recorder) {
      const gradients = await atPattern(problem.victim, x, problem.y, problem.engine);
      const model = await createGradientModel(problem, gradients);
      try {
        const start = new Float64Array(model.unknowns);
        await polish(model, await fadePrior(model, start, problem, options, recorder), problem, options, recorder);
      } finally {
        await model.dispose();
      }
    },
  };
}

/** The gradients with every ReLU, leaky ReLU and choice of a maximum as it is at x: smooth functions of the input. */
async function atPattern(
  { graph, gradients, x: input, y }: Victim,
  x: Float64Array,
  target: ArrayLike<number>,
  engine: Engine,
): Promise<Node[]> {
  const order = reachable(gradients);
  const bent = order.filter(node => isKink(node) || /^(gate|oneHotMax)$/.test(node.operation.kind));
  const program = await engine.compile(
    Object.fromEntries(bent.map((node, i) => [`${i}`, isKink(node) ? node.inputs[0]! : node])),
  );
  const values = await program.run({ [inputName(input)]: x, [inputName(y)]: Float32Array.from(target) });
  await program.dispose();
  const patterns = new Map(
    bent.map((node, i) => {
      const { operation } = node;
      const pattern = Float64Array.from(values[`${i}`]!, value =>
        isKink(node) && operation.kind === 'leakyRelu' ? (value > 0 ? 1 : operation.alpha) : value,
      );
      return [node, graph.constant(freshName(graph, 'pattern'), node.shape, pattern)];
    }),
  );
  return substituteWith(gradients, (node, [z]) => {
    const pattern = patterns.get(node);
    return pattern && isKink(node) ? mul(z!, pattern) : pattern;
  });
}
