import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import type { Engine } from '../../engines/engine.ts';
import { createReferenceEngine } from '../../engines/reference/engine.ts';
import { gradient } from '../../ir/gradient.ts';
import { type Node, reachable, sizeOf } from '../../ir/graph.ts';
import { substitute } from '../../ir/rewrite.ts';
import { leastSquares } from '../../linear-algebra/conjugate-gradients.ts';
import { type AttackProblem, NotApplicable, type Recorder } from '../attack.ts';
import { freshName, inputName } from '../objective.ts';
import { chainBackTo, chainOf, type Link } from './chain.ts';
import { denseFeatures, scaledFeatures } from './dense.ts';
import { type Constants, invert, type KnownValue } from './inverse.ts';
import { type KnownLayer, layerSystem } from './layer-system.ts';

/**
 * What went into one convolution, from what came out of it.
 * @param depth 0 for the convolution next to the model's input
 */
export type SolveLayer = (layer: KnownLayer, depth: number) => Promise<Float64Array>;

const iterations = { perUnknown: 2, most: 6000 };
const tolerance = 1e-11;

/**
 * R-GAP's recursion: from the dense layer's gradient, which holds its input, backwards through inverse activations and
 * one least-squares problem a convolution, to the model's input. Through ReLU it takes the equations of the units that
 * are on.
 * @param problem of one image: see {@link requireOneImage}
 * @throws {NotApplicable} for forks and operations without an inverse.
 */
export async function solveBackwards(
  problem: AttackProblem,
  recorder: Recorder,
  solve: SolveLayer = layer => leastNormSolution(layer, problem, recorder),
): Promise<Float64Array> {
  const { victim } = problem;
  const chain = chainOf(victim);
  const constants = await constantsOf(problem, chain);
  const observedFor = await observedKernels(problem, chain);
  const isConv = ({ node }: Link) => node.operation.kind === 'conv';
  let output: KnownValue | undefined;
  let depth = chain.filter(isConv).length;
  for (let i = chain.length - 1; i >= 0; i--) {
    throwIfCancelled(recorder.cancel);
    const link = chain[i]!;
    const { node } = link;
    if (node.operation.kind === 'matmul') {
      const features = await featuresBefore(problem, chain, i, output?.values, observedFor.get(node), constants);
      output = features && { values: features };
    } else if (output && node.operation.kind === 'conv') {
      const layer: KnownLayer = {
        node,
        geometry: node.operation.geometry,
        kernel: constants.get(node.inputs[1]!)!,
        z: output.values,
        cutOff: output.cutOff,
        delta: await gradientAt(problem, node, output.values),
        kernelGradient: observedFor.get(node),
      };
      depth--;
      output = { values: await solve(layer, depth) };
    } else if (output) {
      output = invert(link, output, constants);
    }
  }
  if (!output) {
    throw new NotApplicable(
      'Solving layer by layer starts at a dense layer with an observed gradient, and the model has none. Use gauss-newton.',
    );
  }
  return output.values;
}

/** What goes into the last dense layer. */
export interface DenseInput {
  readonly node: Node;
  readonly values: Float64Array;
}

/** What goes into the last dense layer, from its gradient; null where that does not tell, or a convolution comes later. */
export async function lastDenseInput(problem: AttackProblem): Promise<DenseInput | null> {
  try {
    const chain = chainBackTo(problem.victim, ({ node }) => /^(matmul|conv)$/.test(node.operation.kind));
    const { node, data } = chain[0]!;
    const constants = await constantsOf(problem, chain);
    const observed = (await observedKernels(problem, chain)).get(node);
    const values = await featuresBefore(problem, chain, 0, undefined, observed, constants);
    return values ? { node: node.inputs[data]!, values } : null;
  } catch (error) {
    if (error instanceof NotApplicable) return null;
    throw error;
  }
}

/** Least squares of U x = v; of all solutions the shortest. */
export async function leastNormSolution(
  layer: KnownLayer,
  problem: AttackProblem,
  recorder: Recorder,
): Promise<Float64Array> {
  const { operator, right, dispose } = await layerSystem(layer, preciseEngine(problem));
  try {
    const maxIterations = Math.min(iterations.most, iterations.perUnknown * operator.columns);
    const solved = await leastSquares(operator, right, { maxIterations, tolerance }, recorder.cancel);
    return solved.x;
  } finally {
    await dispose();
  }
}

/** The problem's engine where it computes in float64, else the plain one. */
function preciseEngine({ engine }: AttackProblem): Engine {
  return engine.info.precisions.includes('float64') ? engine : createReferenceEngine();
}

/** Values of everything beside the path: weights and what is computed from them. */
async function constantsOf(problem: AttackProblem, chain: readonly Link[]): Promise<Constants> {
  const nodes = chain.flatMap(({ node, data }) => node.inputs.filter((_, i) => i !== data));
  const program = await createReferenceEngine().compile(Object.fromEntries(nodes.map((node, i) => [`${i}`, node])));
  const values = await program.run({ [inputName(problem.victim.y)]: problem.y });
  return new Map(nodes.map((node, i) => [node, Float64Array.from(values[`${i}`]!)]));
}

/**
 * Observed gradients in the layout in which a convolution or matrix product uses its weight. A kernel that is only
 * rearranged on the way (transposed, reshaped) has its gradient rearranged alike; any other has none here.
 */
async function observedKernels(
  problem: AttackProblem,
  chain: readonly Link[],
): Promise<ReadonlyMap<Node, Float64Array>> {
  const { victim, observed } = problem;
  const found = new Map<Node, Float64Array>();
  for (const { node, data } of chain) {
    if (node.operation.kind !== 'conv' && node.operation.kind !== 'matmul') continue;
    const weight = node.inputs[1 - data]!;
    const path = reachable([weight]);
    const index = victim.parameters.findIndex(parameter => path.includes(parameter.node));
    if (index < 0 || path.some(({ operation: { kind } }) => !/^(constant|reshape|transpose)$/.test(kind))) continue;
    const parameter = victim.parameters[index]!;
    const stand = victim.graph.input(freshName(victim.graph, parameter.name), parameter.node.shape);
    const [rearranged] = substitute([weight], new Map([[parameter.node, stand]]));
    const program = await createReferenceEngine().compile({ rearranged: rearranged! });
    const values = await program.run({ [inputName(stand)]: observed[index]! });
    found.set(node, Float64Array.from(values.rearranged!));
  }
  return found;
}

/** ∂L/∂(value of a node) where the node's value is known: only what follows the node counts. */
export async function gradientAt(problem: AttackProblem, node: Node, value: Float64Array): Promise<Float64Array> {
  const { victim, y } = problem;
  const free = victim.graph.input(freshName(victim.graph, 'known output'), node.shape);
  const [loss] = substitute([victim.loss], new Map([[node, free]]));
  const [delta] = gradient(loss!, [free]);
  const program = await preciseEngine(problem).compile({ delta: delta! }, { precision: 'float64' });
  try {
    const run = await program.run({ [inputName(free)]: value, [inputName(victim.y)]: y });
    return Float64Array.from(run.delta!);
  } finally {
    await program.dispose();
  }
}

/** Input of the dense layer at chain[i], from its gradient. */
async function featuresBefore(
  problem: AttackProblem,
  chain: readonly Link[],
  i: number,
  output: Float64Array | undefined,
  weightGradient: Float64Array | undefined,
  constants: Constants,
): Promise<Float64Array | undefined> {
  const { node, data } = chain[i]!;
  if (
    !weightGradient ||
    node.operation.kind !== 'matmul' ||
    data !== 0 ||
    node.shape.length !== 2 ||
    node.shape[0] !== 1
  ) {
    return undefined;
  }
  const units = node.shape[1]!;
  const gradientRows = { values: weightGradient, units, unitsFirst: node.operation.transposeB };
  const biasGradient = observedBias(problem, chain[i + 1]);
  if (biasGradient) return denseFeatures(gradientRows, biasGradient);
  if (output) return denseFeatures(gradientRows, await gradientAt(problem, node, output));
  const weight = constants.get(node.inputs[1]!)!;
  return scaledFeatures(gradientRows, weight, features => gradientAt(problem, node, features));
}

/** Observed gradient of a bias that the next link adds, unless it is zero. */
function observedBias(problem: AttackProblem, next: Link | undefined): Float64Array | undefined {
  if (next?.node.operation.kind !== 'add') return undefined;
  const path = reachable([next.node.inputs[1 - next.data]!]);
  const index = problem.victim.parameters.findIndex(parameter => path.includes(parameter.node));
  const observed = problem.observed[index];
  if (!observed || observed.length !== sizeOf(next.node.shape) || observed.every(value => value === 0))
    return undefined;
  return Float64Array.from(observed);
}
