import { createReferenceEngine } from '../../engines/reference/engine.ts';
import { type Node, reachable } from '../../ir/graph.ts';
import { substitute } from '../../ir/rewrite.ts';
import { type LastDense, lastDense } from '../../victim/last-dense.ts';
import { type AttackProblem, batchOf } from '../attack.ts';
import { freshName, inputName } from '../objective.ts';
import { gradientAt } from '../r-gap/backwards.ts';
import { type DenseMatrix, denseFeatures, scaledFeatures } from '../r-gap/dense.ts';
import { invert } from '../r-gap/inverse.ts';

/**
 * The victim's gradients with what the last dense layer tells put in as constants: its gradient δ·fᵀ gives its input f
 * exactly, f gives the logits and ∂L/∂logits, and the signs of f which units of the activation before it are on. At
 * the true picture they are the same gradients; away from it they are nearer to linear, since only what is not known
 * yet still depends on the picture. The victim's own gradients where nothing is known so: no dense layer at the end, or a
 * batch.
 */
export async function anchoredGradients(problem: AttackProblem): Promise<readonly Node[]> {
  const { victim } = problem;
  const dense = lastDense(victim);
  const features = dense && batchOf(problem) === 1 ? await featuresOf(dense, problem) : null;
  if (!dense || !features) return victim.gradients;
  const constant = (node: Node, values: Float64Array) =>
    victim.graph.constant(freshName(victim.graph, 'known'), node.shape, values);
  const logits = await logitsOf(dense, features, problem);
  const known = new Map<Node, Node>([[victim.logits, constant(victim.logits, logits)]]);
  const activation = activationBefore(dense.features, features);
  for (const node of activation ? reachable(victim.gradients) : []) {
    const { operation } = node;
    if (operation.kind !== 'gate' || node.inputs[0] !== activation!.input) continue;
    known.set(
      node,
      constant(
        node,
        activation!.output.map(value => (value > 0 ? 1 : operation.alpha)),
      ),
    );
  }
  return substitute(victim.gradients, known);
}

/** The input of the dense layer, from its gradient; null where that is zero. */
async function featuresOf(dense: LastDense, problem: AttackProblem): Promise<Float64Array | null> {
  const { victim, observed } = problem;
  const weightGradient = Float64Array.from(observed[dense.weight]!);
  if (weightGradient.every(value => value === 0)) return null;
  const units = victim.logits.shape[1]!;
  const matrix: DenseMatrix = { values: weightGradient, units, unitsFirst: dense.unitsFirst };
  const biasGradient = dense.bias === undefined ? null : Float64Array.from(observed[dense.bias]!);
  if (biasGradient?.some(value => value !== 0)) return denseFeatures(matrix, biasGradient);
  const { operation } = victim.parameters[dense.weight]!.node;
  if (operation.kind !== 'constant') return null;
  const weight = Float64Array.from(operation.data);
  return scaledFeatures(matrix, weight, z => gradientAt(problem, victim.logits, z));
}

async function logitsOf(dense: LastDense, features: Float64Array, { victim, y }: AttackProblem): Promise<Float64Array> {
  const known = victim.graph.constant(freshName(victim.graph, 'features'), dense.features.shape, features);
  const [logits] = substitute([victim.logits], new Map([[dense.features, known]]));
  const program = await createReferenceEngine().compile({ logits: logits! }, { precision: 'float64' });
  try {
    return Float64Array.from((await program.run({ [inputName(victim.y)]: y })).logits!);
  } finally {
    await program.dispose();
  }
}

/** The ReLU or leaky ReLU whose output, at most rearranged, the features are: its input node, and its output. */
function activationBefore(
  features: Node,
  values: Float64Array,
): { readonly input: Node; readonly output: Float64Array } | null {
  let node = features;
  let output = values;
  while (node.operation.kind === 'reshape' || node.operation.kind === 'transpose') {
    ({ values: output } = invert({ node, data: 0 }, { values: output }, new Map()));
    node = node.inputs[0]!;
  }
  return node.operation.kind === 'leakyRelu' && node.operation.alpha >= 0 ? { input: node.inputs[0]!, output } : null;
}
