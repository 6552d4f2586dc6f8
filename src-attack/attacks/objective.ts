import type { Program } from '../engines/engine.ts';
import { reshape, sliceAxis, transpose } from '../ir/arrange.ts';
import { abs, add, div, mul, sqrt, sub } from '../ir/elementwise.ts';
import { gradient } from '../ir/gradient.ts';
import type { Graph, Node, Values } from '../ir/graph.ts';
import { addAll, dot, meanAll, squaredNorm } from '../ir/reduce.ts';
import { norm } from '../linear-algebra/vector.ts';
import type { Evaluation } from '../optimisers/lbfgs.ts';
import type { AttackProblem } from './attack.ts';

/** The observed gradients as inputs of the victim's graph; they are bound, not compiled in. */
export interface Targets {
  readonly nodes: readonly Node[];
  readonly values: Readonly<Record<string, Values>>;
}

export function createTargets(problem: AttackProblem): Targets {
  const { graph, gradients } = problem.victim;
  const names = gradients.map((_, i) => freshName(graph, `target ${i}`));
  return {
    nodes: gradients.map((node, i) => graph.input(names[i]!, node.shape)),
    values: Object.fromEntries(names.map((name, i) => [name, problem.observed[i]!])),
  };
}

/** Σ_l ‖g_l − g_l*‖² (Zhu, Liu & Han 2019). */
export function squaredDistance(gradients: readonly Node[], targets: readonly Node[]): Node {
  return addAll(gradients.map((g, i) => squaredNorm(sub(g, targets[i]!))));
}

/** Σ_l (1 − cos(g_l, g_l*)), one cosine a tensor (Geiping et al. 2020, as Chen & Campbell 2022 apply it). */
export function cosineDistance(gradients: readonly Node[], targets: readonly Node[]): Node {
  return addAll(
    gradients.map((g, i) => {
      const target = targets[i]!;
      // Both norms are kept off zero: the square root has no derivative there.
      const norms = mul(sqrt(add(squaredNorm(g), 1e-30)), sqrt(add(squaredNorm(target), 1e-30)));
      return sub(1, div(dot(g, target), norms));
    }),
  );
}

/** Anisotropic total variation of feature maps [B, C, H, W]: mean |horizontal difference| + mean |vertical difference|. */
export function totalVariation(x: Node): Node {
  const along = (axis: number): Node => {
    const length = x.shape[axis]!;
    if (length < 2) return x.graph.scalar(0);
    return meanAll(abs(sub(sliceAxis(x, axis, 1, length), sliceAxis(x, axis, 0, length - 1))));
  };
  return add(along(3), along(2));
}

/** The node as feature maps, where a model takes the image as one flat vector. */
export function asFeatureMaps(x: Node, problem: AttackProblem): Node {
  if (x.shape.length === 4) return x;
  const { width, height, channels, dataFormat } = problem.shape;
  if (dataFormat === 'channelsFirst') return reshape(x, [-1, channels, height, width]);
  return transpose(reshape(x, [-1, height, width, channels]), [0, 3, 1, 2]);
}

/** A scalar objective of one free input, compiled with its derivative. */
export interface Objective {
  evaluate(x: Float64Array): Promise<Evaluation>;
  dispose(): Promise<void>;
}

/**
 * Compiles objective and d objective / d free for descent.
 * @param free the input node that is optimised
 * @param bound all other inputs of the graph that the objective depends on
 */
export async function compileObjective(
  problem: AttackProblem,
  objective: Node,
  free: Node,
  bound: Readonly<Record<string, Values>>,
): Promise<Objective> {
  const name = inputName(free);
  const [derivative] = gradient(objective, [free]);
  const program: Program = await problem.engine.compile({ value: objective, derivative: derivative! });
  await program.bind({ [inputName(problem.victim.y)]: problem.y, ...bound });
  return {
    async evaluate(x) {
      const { value, derivative } = await program.run({ [name]: x });
      return { value: value![0]!, gradient: derivative! };
    },
    dispose: () => program.dispose(),
  };
}

/** A name that no input of the graph has: the same victim serves several attacks. */
export function freshName(graph: Graph, what: string): string {
  return `${what} #${graph.nodes.length}`;
}

export function inputName(node: Node): string {
  if (node.operation.kind !== 'input') throw new Error('The node is not an input of its graph.');
  return node.operation.name;
}

/** Σ_l ‖g_l(x) − g_l*‖² / ‖g_l*‖²: how far the gradient of a reconstruction is from the observed one. */
export async function gradientDistance(problem: AttackProblem, x: Float64Array): Promise<number> {
  const { victim, observed, engine, y } = problem;
  const program = await engine.compile(Object.fromEntries(victim.gradients.map((g, i) => [`${i}`, g])));
  try {
    const run = await program.run({ [inputName(victim.x)]: x, [inputName(victim.y)]: y });
    return observed.reduce((total, target, l) => {
      const difference = Float64Array.from(target, (value, i) => value - run[`${l}`]![i]!);
      const scale = norm(target);
      return scale === 0 ? total : total + (norm(difference) / scale) ** 2;
    }, 0);
  } finally {
    await program.dispose();
  }
}
