/**
 * Runs a program forwards and backwards over GF(p), at random weights, inputs, activity patterns and derivatives of the
 * activations: what the observer of the gradient sees, and how it moves with every entry of the input.
 */
import { type CancellationToken, throwIfCancelled } from '../../readers/reader.ts';
import { inverse, residue } from '../../solubility/modular.ts';
import { type Dual, DualSum, product, reciprocal, reciprocalRoot, scaled, shifted, zero } from './dual.ts';
import type { EntryLists, PointwiseKind, Program, ProgramNode } from './program.ts';

type WeightedNode = Extract<ProgramNode, { kind: 'weighted' }>;

/** One use of a layer's parameters: its input and ∂L/∂output there. */
export interface ParameterUse {
  readonly node: WeightedNode;
  readonly input: readonly Dual[];
  readonly delta: readonly Dual[];
  readonly weights: Float64Array;
}

export interface Evaluation {
  /** Entries of the input, over all examples: the length of a tangent. */
  readonly unknowns: number;
  readonly uses: readonly ParameterUse[];
}

/** What a node has drawn on the way forward and needs on the way back. */
interface Forward {
  readonly value: readonly Dual[];
  /** weighted: the weights. */
  readonly weights?: Float64Array;
  /** pointwise: σ′ at every entry, with its tangent σ″·dz. */
  readonly slope?: readonly Dual[];
  /** select: source and entry chosen for every output. */
  readonly chosen?: readonly { readonly source: number; readonly entry: number }[];
  /** select: of how many entries each output is the greatest. */
  readonly windows?: readonly number[];
  /** normalise: per group the centred entries are `value / scale`. */
  readonly scales?: readonly { readonly scale: Dual; readonly mean: Dual; readonly inverseSquare: Dual }[];
}

interface Context {
  readonly unknowns: number;
  readonly random: () => number;
  /** Share of units that a ReLU leaves active, and of linear ones behind a clipping. */
  readonly activeShare: number;
  readonly cancel: CancellationToken;
  readonly weights: Map<string, Float64Array>;
}

export function evaluate(
  program: Program,
  random: () => number,
  activeShare: number,
  cancel: CancellationToken,
): Evaluation {
  const unknowns = program.nodes.reduce((sum, node) => sum + (node.kind === 'input' ? node.size : 0), 0);
  const context: Context = { unknowns, random, activeShare, cancel, weights: new Map() };
  const forward: Forward[] = [];
  let inputs = 0;
  for (const node of program.nodes) {
    throwIfCancelled(cancel);
    forward.push(run(node, forward, inputs, context));
    if (node.kind === 'input') inputs += node.size;
  }
  return { unknowns, uses: backward(program, forward, context) };
}

function run(node: ProgramNode, before: readonly Forward[], firstInput: number, context: Context): Forward {
  const { random } = context;
  switch (node.kind) {
    case 'input':
      return { value: Array.from({ length: node.size }, (_, i) => unit(random(), firstInput + i, context.unknowns)) };
    case 'constant':
      return { value: Array.from({ length: node.size }, () => ({ value: random(), tangent: null })) };
    case 'weighted':
      return runWeighted(node, before[node.input]!.value, context);
    case 'sum': {
      const sum = new DualSum(context.unknowns);
      return {
        value: Array.from({ length: node.size }, (_, k) => {
          for (const { input, sign, lists } of node.sources) {
            const value = before[input]!.value;
            forList(lists, k, entry => sum.addScaled(sign, value[entry]!));
          }
          return node.offset ? shifted(random(), sum.take()) : sum.take();
        }),
      };
    }
    case 'select': {
      const chosen = Array.from({ length: node.size }, (_, k) => choose(node.sources, k, before, random));
      const value = chosen.map(({ source, entry }) => before[node.sources[source]!.input]!.value[entry]!);
      const windows = chosen.map((_, k) =>
        node.sources.reduce((sum, { lists }) => sum + lists.starts[k + 1]! - lists.starts[k]!, 0),
      );
      return { chosen, value, windows };
    }
    case 'pointwise':
      return runPointwise(node.activation, before[node.input]!, context);
    case 'product': {
      const [a, b] = node.inputs.map(input => before[input]!.value);
      const value = Array.from({ length: node.size }, (_, k) =>
        product(a![node.of[0][k]!]!, b![node.of[1][k]!]!, context.unknowns),
      );
      return { value };
    }
    case 'normalise':
      return runNormalise(node, before[node.input]!.value, context);
  }
}

function unit(value: number, index: number, length: number): Dual {
  const tangent = new Int32Array(length);
  tangent[index] = 1;
  return { value, tangent };
}

function forList({ starts, entries }: EntryLists, k: number, each: (entry: number, at: number) => void): void {
  for (let at = starts[k]!; at < starts[k + 1]!; at++) each(entries[at]!, at);
}

function runWeighted(
  node: WeightedNode,
  input: readonly Dual[],
  { unknowns, random, cancel, weights: known }: Context,
): Forward {
  const { weight, bias } = node;
  const weights = known.get(weight.key) ?? Float64Array.from({ length: weight.count }, random);
  known.set(weight.key, weights);
  const offsets =
    bias && (known.get(bias.parameter.key) ?? Float64Array.from({ length: bias.parameter.count }, random));
  if (bias && offsets) known.set(bias.parameter.key, offsets);
  const sum = new DualSum(unknowns);
  const value = Array.from({ length: node.size }, (_, k) => {
    if (k % 64 === 0) throwIfCancelled(cancel);
    forList(node.lists, k, (entry, at) => sum.addScaled(weights[node.weights[at]!]!, input[entry]!));
    return bias && offsets ? shifted(offsets[bias.of[k]!]!, sum.take()) : sum.take();
  });
  return { value, weights };
}

function runPointwise(kind: PointwiseKind, input: Forward, { random, activeShare }: Context): Forward {
  const slopes = [random(), random()] as const;
  const slope = input.value.map(({ tangent }, k): Dual => {
    if (kind === 'smooth') return scaled(random(), { value: random(), tangent });
    // The greatest of several entries is positive unless all are negative.
    const share = 1 - (1 - activeShare) ** (input.windows?.[k] ?? 1);
    const first = isBelow(random, kind === 'piecewise-linear' ? 0.5 : share);
    return { value: kind === 'piecewise-linear' ? slopes[first ? 0 : 1] : first ? 1 : 0, tangent: null };
  });
  const value = input.value.map((entry, k) => {
    const image = scaled(slope[k]!.value, entry);
    return kind === 'smooth' || kind === 'clipped' ? { ...image, value: random() } : image;
  });
  return { value, slope };
}

/** True with the given probability, from a residue. */
function isBelow(random: () => number, share: number): boolean {
  return random() / 67_108_859 + 0.5 < share;
}

/** One of the listed entries at random; one that a ReLU has switched off only if all are: it is not the greatest. */
function choose(
  sources: readonly { readonly input: number; readonly lists: EntryLists }[],
  k: number,
  before: readonly Forward[],
  random: () => number,
): { readonly source: number; readonly entry: number } {
  const candidates = sources.flatMap(({ lists }, source) => {
    const found: { source: number; entry: number }[] = [];
    forList(lists, k, entry => found.push({ source, entry }));
    return found;
  });
  const on = candidates.filter(({ source, entry }) => before[sources[source]!.input]!.value[entry]!.value !== 0);
  const among = on.length > 0 ? on : candidates;
  return among[Math.abs(random()) % among.length]!;
}

function runNormalise(
  { groups, centred, size }: Extract<ProgramNode, { kind: 'normalise' }>,
  input: readonly Dual[],
  { unknowns }: Context,
): Forward {
  const value = new Array<Dual>(size).fill(zero);
  const sum = new DualSum(unknowns);
  const scales = Array.from({ length: groups.starts.length - 1 }, (_, g) => {
    const share = inverse(groups.starts[g + 1]! - groups.starts[g]!);
    if (centred) forList(groups, g, entry => sum.addScaled(share, input[entry]!));
    const mean = sum.take();
    const centre = (entry: number): Dual => {
      sum.addScaled(1, input[entry]!);
      sum.addScaled(-1, mean);
      return sum.take();
    };
    const squares = new DualSum(unknowns);
    forList(groups, g, entry => {
      const centredEntry = centre(entry);
      squares.addProduct(centredEntry, scaled(share, centredEntry));
    });
    const variance = squares.take();
    const scale = reciprocalRoot(variance);
    forList(groups, g, entry => {
      value[entry] = product(scale, centre(entry), unknowns);
    });
    return { scale, mean, inverseSquare: reciprocal(variance) };
  });
  return { value, scales };
}

function backward(
  { nodes, output, distributions }: Program,
  forward: readonly Forward[],
  context: Context,
): ParameterUse[] {
  const { unknowns, cancel } = context;
  const uses: ParameterUse[] = [];
  const adjoints: (DualSum | undefined)[][] = nodes.map(({ size }) => new Array(size).fill(undefined));
  const into = (node: number, entry: number): DualSum => {
    const sum = adjoints[node]![entry] ?? new DualSum(unknowns);
    adjoints[node]![entry] = sum;
    return sum;
  };
  for (const [k, delta] of lossGradient(forward[output]!.value, distributions, context).entries()) {
    into(output, k).addScaled(1, delta);
  }
  for (let i = nodes.length - 1; i >= 0; i--) {
    throwIfCancelled(cancel);
    const node = nodes[i]!;
    const up = adjoints[i]!.map(sum => sum?.take() ?? zero);
    adjoints[i] = [];
    push(node, up, forward, forward[i]!, into, unknowns);
    if (node.kind === 'weighted') {
      uses.push({ node, input: forward[node.input]!.value, delta: up, weights: forward[i]!.weights! });
    }
  }
  return uses;
}

/**
 * Cross-entropy: δ = p − y, which moves by (diag p − p pᵀ) dz within a distribution. An entry on its own has a loss with a
 * slope and a curvature unrelated to each other.
 */
function lossGradient(logits: readonly Dual[], distributions: EntryLists, { unknowns, random }: Context): Dual[] {
  const result = new Array<Dual>(logits.length).fill(zero);
  const sum = new DualSum(unknowns);
  for (let g = 0; g + 1 < distributions.starts.length; g++) {
    const entries = distributions.entries.subarray(distributions.starts[g], distributions.starts[g + 1]);
    if (entries.length === 1) {
      const [only] = entries;
      result[only!] = { ...scaled(random(), logits[only!]!), value: random() };
      continue;
    }
    const p = Float64Array.from(entries, random);
    p[0] = residue(1 - p.subarray(1).reduce((a, b) => residue(a + b), 0));
    for (const [k, entry] of entries.entries()) sum.addScaled(p[k]!, { ...logits[entry]!, value: 0 });
    const mean = sum.take();
    for (const [k, entry] of entries.entries()) {
      sum.addScaled(p[k]!, { ...logits[entry]!, value: 0 });
      sum.addScaled(-p[k]!, mean);
      result[entry] = shifted(p[k]! - (k === 0 ? 1 : 0), sum.take());
    }
  }
  return result;
}

/** Passes ∂L/∂out of one node on to the tensors it was computed from. */
function push(
  node: ProgramNode,
  up: readonly Dual[],
  forward: readonly Forward[],
  own: Forward,
  into: (node: number, entry: number) => DualSum,
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
        const [i, j] = [node.of[0][k]!, node.of[1][k]!];
        into(a, i).addProduct(delta, valueB[j]!);
        into(b, j).addProduct(delta, valueA[i]!);
      });
      return;
    }
    case 'normalise':
      pushNormalise(node, up, own, into, unknowns);
  }
}

function isZero({ value, tangent }: Dual): boolean {
  return value === 0 && !tangent;
}

/** With y = s·(x − mean), s = (mean square)^(−1/2), m entries: ∂L/∂x = s·(up − mean(up) − y·mean(up·y)·s²-scale). */
function pushNormalise(
  { input, groups, centred }: Extract<ProgramNode, { kind: 'normalise' }>,
  up: readonly Dual[],
  own: Forward,
  into: (node: number, entry: number) => DualSum,
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
