/** Nodes of a program forwards over GF(p): values and their derivatives by every unknown. */
import { type CancellationToken, throwIfCancelled } from '../../readers/reader.ts';
import type { AlgebraicFunction } from '../../solubility/elementwise.ts';
import { inverse, residue } from '../../solubility/modular.ts';
import { type Dual, DualSum, product, reciprocal, reciprocalRoot, scaled, shifted, zero } from './dual.ts';
import { type EntryLists, forList, type PointwiseKind, type ProgramNode, type WeightedNode } from './program.ts';
import type { Pattern } from './typical-pattern.ts';

/** What a node has drawn on the way forward and needs on the way back. */
export interface Forward {
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
  /** softmax: the probabilities, whose logarithms `value` may be. */
  readonly probabilities?: readonly Dual[];
}

export interface Context {
  readonly unknowns: number;
  readonly random: () => number;
  /** Share of units that a ReLU leaves active, and of linear ones behind a clipping. */
  readonly activeShare: number;
  /** Which units are active and which entries are the greatest, instead of drawing that. */
  readonly pattern?: Pattern | undefined;
  readonly cancel: CancellationToken;
  readonly weights: Map<string, Float64Array>;
}

/** @param firstInput unknowns of the inputs before this one, where it is one */
export function run(node: ProgramNode, before: readonly Forward[], firstInput: number, context: Context): Forward {
  const { random } = context;
  switch (node.kind) {
    case 'input':
      return { value: Array.from({ length: node.size }, (_, i) => unit(random(), firstInput + i, context.unknowns)) };
    case 'constant':
      return { value: Array.from({ length: node.size }, () => ({ value: random(), tangent: null })) };
    case 'weighted':
      return runWeighted(node, before[node.input]!.value, context);
    case 'sum':
      return runSum(node, before, context);
    case 'select': {
      const greatest = context.pattern?.get(node);
      const chosen = Array.from({ length: node.size }, (_, k) => {
        const candidates = candidatesOf(node.sources, k);
        return greatest ? candidates[greatest[k]!]! : choose(node.sources, candidates, before, random);
      });
      const value = chosen.map(({ source, entry }) => before[node.sources[source]!.input]!.value[entry]!);
      const windows = chosen.map((_, k) =>
        node.sources.reduce((sum, { lists }) => sum + lists.starts[k + 1]! - lists.starts[k]!, 0),
      );
      return { chosen, value, windows };
    }
    case 'pointwise': {
      const { activation } = node;
      const input = before[node.input]!;
      return isAlgebraic(activation)
        ? runAlgebraic(activation, input, context)
        : runPointwise(activation, input, context, context.pattern?.get(node));
    }
    case 'product': {
      const [a, b] = node.inputs.map(input => before[input]!.value);
      const sum = new DualSum(context.unknowns);
      const value = Array.from({ length: node.size }, (_, k) => {
        if (k % 64 === 0) throwIfCancelled(context.cancel);
        for (let at = node.starts[k]!; at < node.starts[k + 1]!; at++) {
          sum.addProduct(a![node.of[0][at]!]!, b![node.of[1][at]!]!);
        }
        return sum.take();
      });
      return { value };
    }
    case 'softmax':
      return runSoftmax(node, before[node.input]!.value, context);
    case 'normalise':
      return runNormalise(node, before[node.input]!.value, context);
  }
}

function unit(value: number, index: number, length: number): Dual {
  const tangent = new Int32Array(length);
  tangent[index] = 1;
  return { value, tangent };
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

function runSum(
  node: Extract<ProgramNode, { kind: 'sum' }>,
  before: readonly Forward[],
  { unknowns, random }: Context,
): Forward {
  const sum = new DualSum(unknowns);
  const value = Array.from({ length: node.size }, (_, k) => {
    for (const { input, sign, lists } of node.sources) {
      const { value } = before[input]!;
      forList(lists, k, entry => sum.addScaled(sign, value[entry]!));
    }
    return node.offset ? shifted(random(), sum.take()) : sum.take();
  });
  return { value };
}

function runPointwise(
  kind: PointwiseKind,
  input: Forward,
  { random, activeShare }: Context,
  active: Int32Array | undefined,
): Forward {
  const slopes = [random(), random()] as const;
  const slope = input.value.map(({ tangent }, k): Dual => {
    if (kind === 'smooth') return scaled(random(), { value: random(), tangent });
    // The greatest of several entries is positive unless all are negative.
    const share = 1 - (1 - activeShare) ** (input.windows?.[k] ?? 1);
    const drawn = isBelow(random, kind === 'piecewise-linear' ? 0.5 : share);
    const first = active ? active[k] === 1 : drawn;
    return { value: kind === 'piecewise-linear' ? slopes[first ? 0 : 1] : first ? 1 : 0, tangent: null };
  });
  const value = input.value.map((entry, k) => {
    const image = scaled(slope[k]!.value, entry);
    return kind === 'smooth' || kind === 'clipped' ? { ...image, value: random() } : image;
  });
  return { value, slope };
}

const algebraic: ReadonlySet<string> = new Set<AlgebraicFunction>([
  'square',
  'root',
  'reciprocalRoot',
  'reciprocal',
  'exp',
  'log',
]);

function isAlgebraic(kind: string): kind is AlgebraicFunction {
  return algebraic.has(kind);
}

const half = inverse(2);

function runAlgebraic(kind: AlgebraicFunction, input: Forward, context: Context): Forward {
  const both = input.value.map(x => algebraicAt(kind, x, context));
  return { value: both.map(entry => entry.value), slope: both.map(entry => entry.slope) };
}

function algebraicAt(
  kind: AlgebraicFunction,
  x: Dual,
  { unknowns, random }: Context,
): { readonly value: Dual; readonly slope: Dual } {
  switch (kind) {
    case 'square':
      return { value: product(x, x, unknowns), slope: scaled(2, x) };
    case 'reciprocal': {
      const value = reciprocal(x);
      return { value, slope: scaled(-1, product(value, value, unknowns)) };
    }
    case 'root': {
      const inverted = reciprocalRoot(x);
      return { value: product(x, inverted, unknowns), slope: scaled(half, inverted) };
    }
    case 'reciprocalRoot': {
      const value = reciprocalRoot(x);
      return { value, slope: scaled(-half, product(value, reciprocal(x), unknowns)) };
    }
    case 'exp': {
      const value = random();
      const image = { value, tangent: scaled(value, x).tangent };
      return { value: image, slope: image };
    }
    case 'log': {
      const slope = reciprocal(x);
      return { value: { value: random(), tangent: scaled(slope.value, x).tangent }, slope };
    }
  }
}

/** True with the given probability, from a residue. */
function isBelow(random: () => number, share: number): boolean {
  return random() / 67_108_859 + 0.5 < share;
}

type Sources = readonly { readonly input: number; readonly lists: EntryLists }[];

interface Candidate {
  readonly source: number;
  readonly entry: number;
}

/** What output k may be, one source after the other. */
function candidatesOf(sources: Sources, k: number): Candidate[] {
  return sources.flatMap(({ lists }, source) => {
    const found: Candidate[] = [];
    forList(lists, k, entry => found.push({ source, entry }));
    return found;
  });
}

/** One of the candidates at random; one that a ReLU has switched off only if all are: it is not the greatest. */
function choose(
  sources: Sources,
  candidates: readonly Candidate[],
  before: readonly Forward[],
  random: () => number,
): Candidate {
  const on = candidates.filter(({ source, entry }) => before[sources[source]!.input]!.value[entry]!.value !== 0);
  const among = on.length > 0 ? on : candidates;
  return among[Math.abs(random()) % among.length]!;
}

/** Random probabilities, moving by dp = p·(dz − Σ p dz). */
function runSoftmax(
  { groups, size, log }: Extract<ProgramNode, { kind: 'softmax' }>,
  input: readonly Dual[],
  context: Context,
): Forward {
  const probabilities = new Array<Dual>(size).fill(zero);
  const value = new Array<Dual>(size).fill(zero);
  for (let g = 0; g + 1 < groups.starts.length; g++) {
    const entries = groups.entries.subarray(groups.starts[g], groups.starts[g + 1]);
    for (const { entry, probability, moved } of softmaxOf(entries, input, context)) {
      probabilities[entry] = { value: probability, tangent: scaled(probability, moved).tangent };
      value[entry] = log ? { ...moved, value: context.random() } : probabilities[entry]!;
    }
  }
  return { value, probabilities };
}

/** A random distribution over the given entries; `moved` is d log p = dz − Σ p dz, of value 0. */
export function softmaxOf(
  entries: Int32Array,
  logits: readonly Dual[],
  { unknowns, random }: Context,
): { readonly entry: number; readonly probability: number; readonly moved: Dual }[] {
  const p = Float64Array.from(entries, random);
  p[0] = residue(1 - p.subarray(1).reduce((a, b) => residue(a + b), 0));
  const sum = new DualSum(unknowns);
  for (const [k, entry] of entries.entries()) sum.addScaled(p[k]!, { ...logits[entry]!, value: 0 });
  const mean = sum.take();
  return Array.from(entries, (entry, k) => {
    sum.addScaled(1, { ...logits[entry]!, value: 0 });
    sum.addScaled(-1, mean);
    return { entry, probability: p[k]!, moved: sum.take() };
  });
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
