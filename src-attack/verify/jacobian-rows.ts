import { inputName } from '../attacks/objective.ts';
import type { Engine, Program } from '../engines/engine.ts';
import { mul } from '../ir/elementwise.ts';
import { vjp } from '../ir/gradient.ts';
import { type Node, sizeOf, type Values } from '../ir/graph.ts';
import { norm } from '../linear-algebra/vector.ts';
import type { Random } from '../optimisers/random.ts';
import type { Victim } from '../victim/victim.ts';

/** Where the Jacobian is taken: an input and a target, row-major as the victim's `x` and `y`. */
export interface Point {
  readonly x: Values;
  readonly y: Values;
}

/** Random combinations of the rows of J = ∂(all gradients)/∂x at one point, each a vector–Jacobian product in float64. */
export interface JacobianRows {
  /** Entries of x. */
  readonly columns: number;
  /** Entries of all gradients. */
  readonly rows: number;
  randomRow(): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/**
 * Every gradient tensor is divided by its norm, so that none drowns the others, and of a table of token vectors every token's
 * row: the first of a long sequence may have a row 1e-15 of the last one's. The rank is the same. The combination's factors are, for each tensor, the product of one random vector an axis: such products span all factors, so that
 * random ones are as good as independent numbers, and only the vectors have to be drawn and moved.
 *
 * @param engine one with float64; convolutions and dense layers are taken in that precision
 */
export async function jacobianRows(
  victim: Victim,
  { x, y }: Point,
  engine: Engine,
  random: Random,
): Promise<JacobianRows> {
  const inputs = { x, y };
  const scales = await scalesAt(victim, inputs, engine);
  const { graph, gradients } = victim;
  const factors = gradients.map(({ shape }, i) =>
    shape.map((length, axis) => {
      const along = shape.map((_, other) => (other === axis ? length : 1));
      return graph.input(`factor ${i}.${axis} ${graph.nodes.length}`, along);
    }),
  );
  const cotangents = factors.map((vectors, l) => vectors.reduce<Node>((a, b) => mul(a, b), scales[l]!));
  const [pulled] = vjp(gradients, [victim.x], cotangents);
  const program = await engine.compile({ pulled: pulled! }, { precision: 'float64' });
  await program.bind(inputs);
  const drawn = factors.flat();
  return {
    columns: sizeOf(victim.x.shape),
    rows: gradients.reduce((sum, g) => sum + sizeOf(g.shape), 0),
    async randomRow() {
      const vectors = drawn.map(node => [inputName(node), normals(sizeOf(node.shape), random)]);
      const { pulled } = await program.run(Object.fromEntries(vectors));
      return pulled as Float64Array;
    },
    dispose: () => program.dispose(),
  };
}

function normals(length: number, random: Random): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

/**
 * A gradient tensor so much smaller than the largest is zero but for what cancels (∂L/∂ of a bias on attention's keys,
 * which softmax does not see): divided by its norm, its rounding would count as equations.
 */
const nothing = 1e-12;

/** 1/‖g‖ for every gradient tensor at the point, for a table of token vectors one for every place; 0 where g is zero. */
async function scalesAt(victim: Victim, inputs: Record<string, Values>, engine: Engine): Promise<Node[]> {
  const outputs = Object.fromEntries(victim.gradients.map((g, i) => [`${i}`, g]));
  const program: Program = await engine.compile(outputs, { precision: 'float64' });
  try {
    const values = await program.run(inputs);
    const sizes = victim.gradients.map((_, i) => norm(values[`${i}`] as Float64Array));
    const least = nothing * Math.max(...sizes);
    return sizes.map((size, i) => {
      if (size <= least) return victim.graph.scalar(0);
      const isTable = victim.parameters[i]?.node === victim.x;
      return isTable ? rowScales(victim.x, values[`${i}`] as Float64Array) : victim.graph.scalar(1 / size);
    });
  } finally {
    await program.dispose();
  }
}

/** 1/‖row‖ for every row along the last axis; 0 for rows that are zero. */
function rowScales({ graph, shape }: Node, values: Float64Array): Node {
  const width = shape.at(-1)!;
  const scales = Float64Array.from({ length: values.length / width }, (_, row) => {
    const size = norm(values.subarray(row * width, (row + 1) * width));
    return size > 0 ? 1 / size : 0;
  });
  return graph.constant('row scales', [...shape.slice(0, -1), 1], scales);
}
