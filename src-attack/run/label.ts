import type { Node, Values } from '../ir/graph.ts';
import { dot } from '../linear-algebra/vector.ts';
import { lastDense } from '../victim/last-dense.ts';
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

/** The targets of several examples, one after the other. @throws for a label out of range */
export function targetsOf(victim: Victim, labels: readonly number[]): Float32Array {
  const classes = classesOf(victim);
  const targets = new Float32Array(labels.length * classes);
  labels.forEach((label, b) => {
    targets.set(targetOf(victim, label), b * classes);
  });
  return targets;
}

/** Labels read from a gradient, in rising order: nothing tells which example has which. */
export interface InferredLabels {
  readonly labels: readonly number[];
  /** By which rule, in words. */
  readonly rule: string;
}

/**
 * The labels of a batch from the gradient of its last layer, with cross-entropy; undefined where no rule applies.
 *
 * ∂L/∂b is the mean of p − y: a negative entry is a label of the batch (Zhao et al. 2020, iDLG, arXiv 2001.02610). So is
 * a column of ∂L/∂W with a negative entry where the features are not negative (Yin et al., CVPR 2021, arXiv 2104.07586).
 * With as many such classes as examples the labels are certain and distinct. With fewer, some labels occur twice or hide
 * behind the probabilities; their counts are then estimated as B·(p − ∂L/∂b) with the probabilities p at a typical picture
 * (Wainakh et al. 2021, LLG, arXiv 2105.09369). With more, the gradient was disturbed: the most negative ones count.
 * One example without a bias: its row of ∂L/∂W points against every other (iDLG).
 * @param expected the probabilities that the model gives a typical picture
 */
export async function inferLabels(
  victim: Victim,
  gradients: readonly Values[],
  batch: number,
  expected: () => Promise<ArrayLike<number>>,
): Promise<InferredLabels | undefined> {
  const classes = classesOf(victim);
  const bias = biasGradient(victim, gradients, classes);
  if (classes === 1) return bias && batch === 1 ? { labels: [bias[0]! < 0 ? 1 : 0], rule: signRule } : undefined;
  const rows = weightRows(victim, gradients, classes);
  if (!bias) return rows && batch === 1 ? opposedRow(rows) : rows && minima(victim, rows, batch);
  const negative = classesBelowZero(bias);
  if (negative.length === batch) return { labels: negative, rule: signRule };
  if (negative.length > batch)
    return {
      labels: lowest(bias, batch),
      rule: 'the most negative entries of the last bias’s gradient, which is disturbed',
    };
  return (rows && minima(victim, rows, batch)) ?? counts(bias, await expected(), batch);
}

/**
 * Whether what was observed of one example is a gradient's negative, as the difference of new and old weights is: p − y
 * has one negative entry, this has one positive.
 */
export function isNegated(victim: Victim, gradients: readonly Values[]): boolean {
  const bias = biasGradient(victim, gradients, classesOf(victim));
  if (!bias || bias.length < 3 || victim.x.shape[0] !== 1) return false;
  return bias.filter(value => value > 0).length === 1 && bias.filter(value => value < 0).length > 1;
}

const signRule = 'the signs of the last bias’s gradient';

function biasGradient(victim: Victim, gradients: readonly Values[], classes: number): Float64Array | undefined {
  const known = lastDense(victim)?.bias;
  if (known !== undefined) return Float64Array.from(gradients[known]!);
  // A last layer of another kind (a convolution to 1×1, say) has its bias all the same.
  const index = victim.parameters.findLastIndex(({ role }) => role === 'bias');
  const fits = victim.parameters[index]?.node.shape.join() === String(classes);
  return fits ? Float64Array.from(gradients[index]!) : undefined;
}

/** ∂L/∂W of the last dense layer, one row a class. */
function weightRows(victim: Victim, gradients: readonly Values[], classes: number): Float64Array[] | undefined {
  const dense = lastDense(victim);
  if (!dense) return undefined;
  const values = gradients[dense.weight]!;
  const features = values.length / classes;
  return Array.from({ length: classes }, (_, c) =>
    Float64Array.from({ length: features }, (_, j) => values[dense.unitsFirst ? c * features + j : j * classes + c]!),
  );
}

function classesBelowZero(values: Float64Array): number[] {
  return [...values.keys()].filter(c => values[c]! < 0);
}

function lowest(values: Float64Array, count: number): number[] {
  return [...values.keys()]
    .sort((a, b) => values[a]! - values[b]!)
    .slice(0, count)
    .sort((a, b) => a - b);
}

function opposedRow(rows: readonly Float64Array[]): InferredLabels | undefined {
  const opposed = rows.flatMap((row, c) => (rows.every((other, d) => d === c || dot(row, other) <= 0) ? [c] : []));
  const unique = opposed.length === 1 && rows.length > 2;
  return unique
    ? { labels: opposed, rule: 'the row of the last weight’s gradient that points against all others' }
    : undefined;
}

/** Classes whose row has a negative entry, where the features cannot be negative and there are as many as examples. */
function minima(victim: Victim, rows: readonly Float64Array[], batch: number): InferredLabels | undefined {
  const features = lastDense(victim)?.features;
  if (!features || !cannotBeNegative(features)) return undefined;
  const found = classesBelowZero(Float64Array.from(rows, row => row.reduce((least, v) => Math.min(least, v), 0)));
  return found.length === batch
    ? { labels: found, rule: 'the negative minima of the last weight’s gradient' }
    : undefined;
}

function cannotBeNegative(node: Node): boolean {
  const { operation, inputs } = node;
  if (operation.kind === 'reshape' || operation.kind === 'transpose') return cannotBeNegative(inputs[0]!);
  if (operation.kind === 'leakyRelu') return operation.alpha === 0;
  return operation.kind === 'sigmoid' || operation.kind === 'softplus' || operation.kind === 'softmax';
}

/** Numbers of examples a class that add up to the batch: each class below zero at least once, then by largest remainder. */
function counts(bias: Float64Array, expected: ArrayLike<number>, batch: number): InferredLabels {
  const wanted = bias.map((g, c) => Math.max(batch * (expected[c]! - g), g < 0 ? 1 : 0));
  const labels = classesBelowZero(bias);
  while (labels.length < batch) {
    const left = wanted.map((count, c) => count - labels.filter(label => label === c).length);
    labels.push(left.indexOf(Math.max(...left)));
  }
  return {
    labels: labels.sort((a, b) => a - b),
    rule: 'estimated counts from the last bias’s gradient, some labels being equal or hidden',
  };
}
