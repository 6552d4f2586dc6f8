/** Systems in which what is behind a layer leaves more open than single entries of its output: statistics, summands. */
import type { GridAxis, GridGeometry } from './grid-geometry.ts';
import { axisOutputs, product } from './grid-geometry.ts';
import { everything, gridRanks, type SystemRanks } from './grid-rank.ts';

/** The sets of output entries that share one mean and one variance. */
export interface StatisticSets {
  /** Number of sets over channels: every channel its own, a group of channels, or one for all. */
  readonly count: number;
  /** Statistics of single channels (batch, instance): their offsets are further unknowns. */
  readonly perChannel: boolean;
  /** Without a mean (RMS) there are no offsets. */
  readonly centred: boolean;
}

/**
 * Output known up to a scale and an offset of every set: z = σ·ŷ + μ, with σ and μ further unknowns; δ = δ̂/σ with δ̂ known,
 * δ̂ ⊥ 1 and δ̂ ⊥ ŷ. The system in (x, σ, μ) is homogeneous, so a common scale stays open, and so do constants added to an
 * input channel's residue class modulo the stride where no window is cut, since μ takes them up (single channels only).
 * Of the relations between W and K those with o ≠ o′ tell the ratios σ_o/σ_o′, and μ where channels share it.
 * What is left open of z: one scale for every group of channels that the convolution or the sets tie together, and the
 * channels' offsets. Batch of one (or instance normalisation); a bias in front of statistics changes nothing for single channels.
 */
export function withStatistics(ranks: SystemRanks, layer: StatisticsLayer, sets: StatisticSets): SystemRanks {
  const perChannel = sets.perChannel || sets.count >= layer.filters;
  const count = perChannel ? layer.filters : sets.count;
  const scales = greatestCommonDivisor(layer.groups, perChannel ? layer.groups : count);
  const offsets = perChannel && sets.centred ? layer.filters : 0;
  const unseen = offsets > 0 ? layer.constants : 0;
  const limit = Math.max(0, ranks.touched - scales - unseen);
  const spare = layer.rows - count * (sets.centred ? 2 : 1);
  const weights = Math.max(0, Math.min(ranks.weights - scales - unseen, spare));
  const gradients = Math.max(0, Math.min(ranks.gradients - scales, limit));
  const equations = ranks.weights + ranks.gradients - ranks.relations - scales - offsets;
  return { ...ranks, weights, gradients, system: Math.min(limit, Math.max(weights, gradients, equations)) };
}

/** What the loss of statistics depends on. */
export interface StatisticsLayer {
  readonly filters: number;
  readonly groups: number;
  /** Weight rows. */
  readonly rows: number;
  /** Patterns of constants on the input that change every output channel by a constant only: see {@link constantPatterns}. */
  readonly constants: number;
}

/** Constants on one input channel's residue class modulo the stride, where no window is cut: each is a pattern. */
export function constantPatterns(g: GridGeometry): number {
  return g.inChannels * product(g.axes.map(uncutClasses));
}

/** Residue classes of inputs modulo the stride that no window at the border misses, along one axis. */
function uncutClasses(a: GridAxis): number {
  const outputs = axisOutputs(a);
  const classes = new Map<number, boolean>();
  for (let tap = 0; tap < Math.min(a.kernel, maxTaps); tap++) {
    const first = tap * a.dilation - a.before;
    const whole = first >= 0 && first + (outputs - 1) * a.stride < a.input;
    const residue = (tap * a.dilation) % a.stride;
    classes.set(residue, (classes.get(residue) ?? true) && whole);
  }
  return [...classes.values()].filter(Boolean).length;
}

/** Kernels beyond this length are not looked at tap by tap. */
const maxTaps = 4096;

/** Ranks of the system of another branch whose output is added to this one's. */
export interface Summand {
  readonly weights: number;
  readonly gradients: number;
  readonly system: number;
}

/** A summand about which nothing else is known: any value of each of its `entries`. */
export function freeSummand(entries: number): Summand {
  return { weights: entries, gradients: 0, system: entries };
}

/**
 * Only the sum of the output and another branch s is known. On both inputs together the system is [W W_s; K 0; 0 K_s], whose
 * relations are as many as one convolution's; what it says of this layer's input alone is its rank less that of [W_s; K_s].
 * @param rows known entries of the sum
 */
export function withSummand(ranks: SystemRanks, rows: number, other: Summand): SystemRanks {
  const together = Math.min(rows, ranks.weights + other.weights);
  const weights = Math.max(0, Math.min(ranks.weights, rows - other.weights));
  const joint = together + ranks.gradients + other.gradients - ranks.relations - other.system;
  const system = Math.max(weights, ranks.gradients, Math.min(ranks.system, joint));
  return { ...ranks, weights, system };
}

/**
 * Ranks of the depthwise half of a separable convolution. Its δ is the pointwise kernel's transpose applied to δ, so that with
 * `outputs` pointwise filters at most as many of a channel's δ are independent.
 */
export function depthwiseRanks(g: GridGeometry, outputs: number): SystemRanks {
  const full = gridRanks(g, everything);
  if (outputs >= g.filters / g.groups) return full;
  const fewer = gridRanks({ ...g, filters: g.groups * outputs }, everything);
  const relations = Math.min(full.relations, (g.filters / g.groups) * fewer.relations);
  return { ...full, gradients: fewer.gradients, relations };
}

/**
 * Depthwise, then pointwise convolution with nothing in between: the pointwise system determines `inner` dimensions of what lies
 * between the two, and the depthwise one sees its output as far as that. All relations of the depthwise layer stay, since
 * Σ_p δ_mid[m′, p]·mid[m, p] is a combination of the pointwise layer's gradient rows.
 * @param distinct taps for each filter of a channel: with fewer taps than filters the pointwise gradient rows repeat themselves
 */
export function separableRanks(depthwise: SystemRanks, pointwise: SystemRanks, distinct = 1): SystemRanks {
  const apart = pointwise.weights + pointwise.gradients * Math.min(1, distinct) - pointwise.relations;
  const inner = Math.min(pointwise.system, depthwise.weights, Math.max(pointwise.weights, Math.round(apart)));
  const bound = Math.min(depthwise.covered, inner + depthwise.gradients - depthwise.relations);
  return {
    ...depthwise,
    weights: Math.min(pointwise.weights, depthwise.weights),
    gradients: Math.min(
      depthwise.touched,
      depthwise.gradients + Math.max(0, Math.min(pointwise.gradients, depthwise.weights) - depthwise.relations),
    ),
    system: Math.min(depthwise.system, Math.max(depthwise.gradients, inner, Math.round(bound))),
    nearCritical: depthwise.nearCritical || pointwise.nearCritical,
    outsideDomain: depthwise.outsideDomain || pointwise.outsideDomain,
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
