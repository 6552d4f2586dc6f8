/** Nodes of a program backwards over GF(p): ∂L/∂entry with its derivatives by every unknown. */
import { inverse } from '../../solubility/modular.ts';
import { type Dual, DualSum, product, reciprocal, scaled, shifted, zero } from './dual.ts';
import { type Context, type Forward, softmaxOf } from './forward.ts';
import { type EntryLists, forList, type ProgramNode } from './program.ts';

/** The sum in which ∂L/∂(entry of a node) is collected. */
export type Into = (node: number, entry: number) => DualSum;

/**
 * Cross-entropy: δ = p − y, which moves by (diag p − p pᵀ) dz within a distribution. An entry on its own has a loss with a
 * slope and a curvature unrelated to each other.
 */
export function lossGradient(logits: readonly Dual[], distributions: EntryLists, context: Context): Dual[] {
  const { random } = context;
  const result = new Array<Dual>(logits.length).fill(zero);
  for (let g = 0; g + 1 < distributions.starts.length; g++) {
    const entries = distributions.entries.subarray(distributions.starts[g], distributions.starts[g + 1]);
    if (entries.length === 1) {
      const [only] = entries;
      result[only!] = { ...scaled(random(), logits[only!]!), value: random() };
      continue;
    }
    for (const [k, { entry, probability, moved }] of softmaxOf(entries, logits, context).entries()) {
      result[entry] = shifted(probability - (k === 0 ? 1 : 0), { ...scaled(probability, moved), value: 0 });
    }
  }
  return result;
}

/** Passes ∂L/∂out of one node on to the tensors it was computed from. */
export function push(
  node: ProgramNode,
  up: readonly Dual[],
  forward: readonly Forward[],
  own: Forward,
  into: Into,
  unknowns: number,
): void {
  switch (node.kind) {
    case 'input':
    case 'constant':
      return;
    case 'weighted':
      up.forEach((delta, k) => {
        if (!isZero(delta)) {
          forList(node.lists, k, (entry, at) =>
            into(node.input, entry).addScaled(own.weights![node.weights[at]!]!, delta),
          );
        }
      });
      return;
    case 'sum':
      for (const { input, sign, lists } of node.sources) {
        up.forEach((delta, k) => {
          forList(lists, k, entry => into(input, entry).addScaled(sign, delta));
        });
      }
      return;
    case 'select':
      own.chosen!.forEach(({ source, entry }, k) => {
        into(node.sources[source]!.input, entry).addScaled(1, up[k]!);
      });
      return;
    case 'pointwise':
      up.forEach((delta, k) => {
        into(node.input, k).addProduct(own.slope![k]!, delta);
      });
      return;
    case 'product': {
      const [a, b] = node.inputs;
      const [valueA, valueB] = [forward[a]!.value, forward[b]!.value];
      up.forEach((delta, k) => {
        if (isZero(delta)) return;
        for (let at = node.starts[k]!; at < node.starts[k + 1]!; at++) {
          const [i, j] = [node.of[0][at]!, node.of[1][at]!];
          into(a, i).addProduct(delta, valueB[j]!);
          into(b, j).addProduct(delta, valueA[i]!);
        }
      });
      return;
    }
    case 'softmax':
      pushSoftmax(node, up, own, into, unknowns);
      return;
    case 'normalise':
      pushNormalise(node, up, own, into, unknowns);
  }
}

function isZero({ value, tangent }: Dual): boolean {
  return value === 0 && !tangent;
}

/** ∂L/∂z = p·(up − Σ p·up); of the logarithm, up − p·Σ up. */
function pushSoftmax(
  { input, groups, log }: Extract<ProgramNode, { kind: 'softmax' }>,
  up: readonly Dual[],
  own: Forward,
  into: Into,
  unknowns: number,
): void {
  const p = own.probabilities!;
  const sum = new DualSum(unknowns);
  for (let g = 0; g + 1 < groups.starts.length; g++) {
    forList(groups, g, entry => (log ? sum.addScaled(1, up[entry]!) : sum.addProduct(p[entry]!, up[entry]!)));
    const total = sum.take();
    forList(groups, g, entry => {
      const adjoint = into(input, entry);
      if (log) {
        adjoint.addScaled(1, up[entry]!);
        adjoint.addScaled(-1, product(p[entry]!, total, unknowns));
        return;
      }
      sum.addScaled(1, up[entry]!);
      sum.addScaled(-1, total);
      adjoint.addProduct(p[entry]!, sum.take());
    });
  }
}

/** With y = s·(x − mean), s = (mean square)^(−1/2), m entries: ∂L/∂x = s·(up − mean(up) − y·mean(up·y)·s²-scale). */
function pushNormalise(
  { input, groups, centred }: Extract<ProgramNode, { kind: 'normalise' }>,
  up: readonly Dual[],
  own: Forward,
  into: Into,
  unknowns: number,
): void {
  own.scales!.forEach(({ scale, inverseSquare }, g) => {
    const share = inverse(groups.starts[g + 1]! - groups.starts[g]!);
    const sum = new DualSum(unknowns);
    // Σ up·c = Σ up·y / s, and ∂s/∂(variance) = −½·s/variance: together −Σ up·y / (2·variance), times 2·c/m for every entry.
    forList(groups, g, entry => sum.addProduct(up[entry]!, own.value[entry]!));
    const pull = product(scaled(-share, sum.take()), product(inverseSquare, reciprocal(scale), unknowns), unknowns);
    const adjoint: Dual[] = [];
    const entries: number[] = [];
    forList(groups, g, entry => {
      sum.addProduct(scale, up[entry]!);
      sum.addProduct(pull, own.value[entry]!);
      adjoint.push(sum.take());
      entries.push(entry);
    });
    if (centred) for (const delta of adjoint) sum.addScaled(-share, delta);
    const mean = sum.take();
    entries.forEach((entry, k) => {
      into(input, entry).addScaled(1, adjoint[k]!);
      if (centred) into(input, entry).addScaled(1, mean);
    });
  });
}
