import { throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import type { Program } from '../../engines/engine.ts';
import { conv, convWeightGrad } from '../../ir/convolution.ts';
import { mul, sub } from '../../ir/elementwise.ts';
import { gradient } from '../../ir/gradient.ts';
import { type Node, reachable, type Values } from '../../ir/graph.ts';
import { addAll, squaredNorm } from '../../ir/reduce.ts';
import { substitute } from '../../ir/rewrite.ts';
import { createAdam } from '../../optimisers/adam.ts';
import { type Attack, type AttackOptions, type AttackProblem, type Recorder, requireOneImage } from '../attack.ts';
import { cosineDistance, createTargets, freshName, gradientDistance, inputName, totalVariation } from '../objective.ts';
import { leastNormSolution, solveBackwards } from '../r-gap/backwards.ts';
import type { KnownLayer } from '../r-gap/layer-system.ts';

/** Steps of Adam and weights of the three terms, for the convolution next to the input, the second, and deeper ones. */
const presets = [
  { steps: 10_000, cosine: 1, variation: 1, system: 0.05 },
  { steps: 8_000, cosine: 1, variation: 1, system: 0.1 },
  { steps: 1_000, cosine: 10, variation: 0.1, system: 1 },
] as const;
const learningRate = 1e-3;

/**
 * The hybrid of Chen & Campbell (BMVC 2022): r-gap's least squares layer by layer, each solution then improved by Adam
 * on w₁·Σ(1 − cos) over the gradients from this layer on + w₂·TV + w₃·‖U x − v‖². Total variation blurs what the least
 * squares had exactly, so the picture of the least squares alone stays the result unless the whole gradient of the
 * improved one is closer.
 */
export const hybrid: Attack = {
  name: 'hybrid',
  description: 'The hybrid of Chen & Campbell (2022): r-gap a layer at a time, each solution improved by descent.',
  async run(problem, options, recorder) {
    requireOneImage(problem, hybrid.name);
    const start = await solveBackwards(problem, recorder);
    const before = await gradientDistance(problem, start);
    recorder.record(before, start);
    const x = await solveBackwards(problem, recorder, async (layer, depth) =>
      improve(layer, depth, await leastNormSolution(layer, problem, recorder), problem, options, recorder),
    );
    const after = await gradientDistance(problem, x);
    recorder.record(after, x);
    if (before <= after) {
      recorder.note('The least-squares start was kept: the descent did not bring the gradient closer.');
    }
  },
};

async function improve(
  layer: KnownLayer,
  depth: number,
  start: Float64Array,
  problem: AttackProblem,
  options: AttackOptions,
  recorder: Recorder,
): Promise<Float64Array> {
  const preset = presets[Math.min(depth, presets.length - 1)]!;
  const steps = options.steps ?? preset.steps;
  const { program, run } = await compileTerms(layer, problem, preset);
  const x = start.slice();
  const step = createAdam(x, learningRate);
  const isPicture = layer.node.inputs[0] === problem.victim.x;
  try {
    for (let i = 0; i < steps; i++) {
      throwIfCancelled(recorder.cancel);
      const { derivative, value } = await run(x);
      recorder.preview(value, isPicture ? x : null);
      step(derivative);
    }
  } finally {
    await program.dispose();
  }
  return x;
}

interface Terms {
  readonly program: Program;
  run(x: Float64Array): Promise<{ readonly derivative: Values; readonly value: number }>;
}

async function compileTerms(
  layer: KnownLayer,
  problem: AttackProblem,
  weights: { readonly cosine: number; readonly variation: number; readonly system: number },
): Promise<Terms> {
  const { victim, engine, y } = problem;
  const { graph } = victim;
  const { node, geometry, kernel, z, cutOff, delta, kernelGradient } = layer;
  const data = node.inputs[0]!;
  const free = graph.input(freshName(graph, 'layer input'), data.shape);
  const targets = createTargets(problem);
  const replaced = substitute(victim.gradients, new Map([[data, free]]));
  // What still depends on the model's input belongs to the layers before this one.
  const later = replaced.flatMap((g, l) => (reachable([g]).includes(victim.x) ? [] : [l]));
  const from = <T>(list: readonly T[]) => later.map(l => list[l]!);

  const w = graph.constant('kernel', node.inputs[1]!.shape, kernel);
  const apart = sub(conv(free, w, geometry), graph.constant('output', node.shape, z));
  const system: Node[] = [squaredNorm(cutOff ? mul(apart, graph.constant('known', node.shape, cutOff.known)) : apart)];
  if (kernelGradient) {
    const k = convWeightGrad(free, graph.constant('delta', node.shape, delta), w.shape, geometry);
    system.push(squaredNorm(sub(k, graph.constant('kernel gradient', w.shape, kernelGradient))));
  }
  const value = addAll([
    mul(cosineDistance(from(replaced), from(targets.nodes)), weights.cosine),
    mul(totalVariation(free), weights.variation),
    mul(addAll(system), weights.system),
  ]);
  const program = await engine.compile({ derivative: gradient(value, [free])[0]!, value });
  await program.bind({ [inputName(victim.y)]: y, ...targets.values });
  return {
    program,
    async run(x) {
      const { derivative, value } = await program.run({ [inputName(free)]: x });
      return { derivative: derivative!, value: value![0]! };
    },
  };
}
