import type { Values } from '../ir/graph.ts';
import type { Victim } from '../victim/victim.ts';

/** Number of classes of the model. */
export function classesOf(victim: Victim): number {
  return victim.y.shape[victim.y.shape.length - 1] ?? 1;
}

/** The target of the loss for one label: one-hot, or 0 and 1 for a single output. @throws for a label out of range */
export function targetOf(victim: Victim, label: number): Float32Array {
  const classes = classesOf(victim);
  const limit = classes === 1 ? 2 : classes;
  if (!Number.isSafeInteger(label) || label < 0 || label >= limit) {
    throw new Error(`The label ${label} is out of range: the model has ${limit} classes, 0 to ${limit - 1}.`);
  }
  if (classes === 1) return Float32Array.of(label);
  const target = new Float32Array(classes);
  target[label] = 1;
  return target;
}

/**
 * The label by the sign rule: with cross-entropy and one example, ∂L/∂b of the last layer is p − y, whose only negative
 * entry is the label's (Zhao et al. 2020, iDLG, arXiv 2001.02610). Undefined where the model has no such bias or the
 * gradient has not exactly one negative entry.
 */
export function inferLabel(victim: Victim, gradients: readonly Values[]): number | undefined {
  const classes = classesOf(victim);
  for (let i = victim.parameters.length - 1; i >= 0; i--) {
    const parameter = victim.parameters[i]!;
    if (parameter.role !== 'bias' || parameter.node.shape.join() !== String(classes)) continue;
    const values = Array.from(gradients[i]!);
    if (classes === 1) return values[0]! < 0 ? 1 : 0;
    const negative = values.flatMap((value, index) => (value < 0 ? [index] : []));
    return negative.length === 1 ? negative[0] : undefined;
  }
  return undefined;
}
