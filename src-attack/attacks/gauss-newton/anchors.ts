import { createReferenceEngine } from '../../engines/reference/engine.ts';
import { mul } from '../../ir/elementwise.ts';
import type { Node } from '../../ir/graph.ts';
import { substitute, substituteWith } from '../../ir/rewrite.ts';
import { norm } from '../../linear-algebra/vector.ts';
import { type AttackProblem, batchOf } from '../attack.ts';
import { freshName, inputName } from '../objective.ts';
import { type DenseInput, lastDenseInput } from '../r-gap/backwards.ts';
import { dependentsOf } from '../r-gap/chain.ts';
import { invert, type KnownValue, smallestActive } from '../r-gap/inverse.ts';
import { isKink } from './smoothing.ts';

/** Relative difference of observed gradients to what the anchors say they are: float32 leaves less, a defence more. */
const mostDifference = 1e-3;

/**
 * The gradients with what the last dense layer's gradient tells put in as constants: its input f (Geiping et al. 2020,
 * proposition 3.1) gives the logits, hence ∂L/∂logits, and where a ReLU or leaky ReLU comes right before the layer,
 * which of its units are on. At the true picture they are the same gradients; elsewhere they bend less, and the kernels'
 * gradients are nearly linear in what the last convolution reads.
 * @returns the victim's gradients as they are where the layer does not tell its input: for a batch, without such a layer,
 *   and where the observed gradients contradict what follows from it, as they do behind a defence
 */
export async function anchoredGradients(problem: AttackProblem): Promise<readonly Node[]> {
  const { victim } = problem;
  const dense = batchOf(problem) === 1 ? await lastDenseInput(problem) : null;
  const logits = dense && (await consistentLogits(problem, dense));
  if (!dense || !logits) return victim.gradients;
  const gates = gatesBefore(dense);
  return substituteWith(victim.gradients, (node, [z]) => {
    if (node === victim.logits) return victim.graph.constant(freshName(victim.graph, 'logits'), node.shape, logits);
    if (!gates || node.inputs[0] !== gates.input) return undefined;
    if (isKink(node)) return mul(z!, gates.values);
    return node.operation.kind === 'gate' ? gates.values : undefined;
  });
}

/** The logits that follow from the dense layer's input, if the gradients that depend on nothing else are as observed. */
async function consistentLogits(problem: AttackProblem, { node, values }: DenseInput): Promise<Float64Array | null> {
  const { victim, observed } = problem;
  const known = victim.graph.constant(freshName(victim.graph, 'dense input'), node.shape, values);
  const [logits, ...gradients] = substitute([victim.logits, ...victim.gradients], new Map([[node, known]]));
  const dependents = dependentsOf(gradients, victim.x);
  const told = gradients.flatMap((gradient, i) => (dependents.has(gradient) ? [] : [{ gradient, i }]));
  const outputs = Object.fromEntries(told.map(({ gradient, i }) => [`${i}`, gradient]));
  const program = await createReferenceEngine().compile({ logits: logits!, ...outputs });
  const run = await program.run({ [inputName(victim.y)]: problem.y });
  const isConsistent = told.every(({ i }) => {
    const difference = Float64Array.from(run[`${i}`]!, (value, k) => value - observed[i]![k]!);
    return norm(difference) <= mostDifference * norm(observed[i]!);
  });
  return isConsistent ? Float64Array.from(run.logits!) : null;
}

/** Derivatives at the units right before the dense layer, and the node that goes into them. */
function gatesBefore(dense: DenseInput): { readonly input: Node; readonly values: Node } | null {
  let { node } = dense;
  let known: KnownValue = { values: dense.values };
  while (/^(reshape|transpose)$/.test(node.operation.kind)) {
    known = invert({ node, data: 0 }, known, new Map());
    node = node.inputs[0]!;
  }
  const { operation, graph } = node;
  if (operation.kind !== 'leakyRelu' || !isKink(node)) return null;
  const largest = known.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const slopes = known.values.map(value => (value > smallestActive * largest ? 1 : operation.alpha));
  return { input: node.inputs[0]!, values: graph.constant(freshName(graph, 'slopes'), node.shape, slopes) };
}
