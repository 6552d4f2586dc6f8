import { smoothPictures } from '../../../src-analysis/identifiability/smooth-pictures.ts';
import type { Node } from '../../ir/graph.ts';
import { norm } from '../../linear-algebra/vector.ts';
import { createRandom } from '../../optimisers/random.ts';
import type { AttackProblem } from '../attack.ts';
import { inputName } from '../objective.ts';
import type { GradientModel } from './model.ts';
import { kinkInputs } from './smoothing.ts';

const pictures = 4;
/** Of smooth random pictures, so that most intensities − 0.5 lie between black and white. */
const contrast = 0.4;

/** Root mean square of what goes into every kink, over smooth random pictures. */
export async function kinkScales(
  gradients: readonly Node[],
  model: GradientModel,
  problem: AttackProblem,
): Promise<ReadonlyMap<Node, number>> {
  const { victim, engine, shape } = problem;
  const nodes = [...kinkInputs(gradients)];
  const program = await engine.compile(Object.fromEntries(nodes.map((node, i) => [`${i}`, node])));
  const { height, width, channels } = shape;
  const dims = shape.dataFormat === 'channelsFirst' ? [channels, height, width] : [height, width, channels];
  const random = createRandom(1);
  const squares = nodes.map(() => 0);
  try {
    for (let i = 0; i < pictures; i++) {
      const smooth = smoothPictures(model.unknowns, dims, random.normal);
      const u = smooth.map(value => Math.min(0.5, Math.max(-0.5, contrast * value)));
      const run = await program.run({ [inputName(victim.x)]: model.toInput(u), [inputName(victim.y)]: problem.y });
      nodes.forEach((_, k) => {
        squares[k]! += norm(run[`${k}`]!) ** 2 / run[`${k}`]!.length;
      });
    }
  } finally {
    await program.dispose();
  }
  // A layer that is zero for every picture is smooth whatever its scale.
  return new Map(nodes.map((node, k) => [node, Math.sqrt(squares[k]! / pictures) || 1]));
}
