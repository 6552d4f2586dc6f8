/**
 * Generic ranks of a convolution's system over any number of axes, with its output known wholly or in part:
 * [B·W; K] with δ = Bᵀδ′.
 *
 * What is behind the layer sees its output z through B only (a rectifier's active units, a pooling's maxima, sums of windows),
 * so both the weight rows that are left and the support of δ follow from B. Two shares describe it: see {@link KnownShare}.
 *
 * - Blocks are products of one component an axis; an axis with one window counts as channels, one with one cell as filters.
 * - rank B·W = Σ over blocks of the smaller of the law's rank and the expected number of rows; for windows that overlap no
 *   other the expectation is that of the minimum, over the number of known filters (binomial).
 * - Relations Σ_{c,t} W[o,c,t]·K[o′,c,t] = Σ_p δ[o′,p]·W_{o,p} survive for the combinations of δ's rows that vanish where
 *   channel o is not known: see {@link relationsOf}.
 * - An unknown that no known output sees is lost.
 *
 * Which entries are known is taken as random, and as independent from channel to channel. docs/maths.md, "Partly known outputs".
 */
import { blockRank } from './block-rank.ts';
import type { StepBudget } from './buchsbaum-rim.ts';
import {
  axisOutputs,
  type GridAxis,
  type GridGeometry,
  gridRows,
  gridUnknowns,
  planeOf,
  product,
} from './grid-geometry.ts';
import { axisBlocks, type Block, cutAfter, total } from './incidence.ts';
import { genericRanks, maxSteps } from './law.ts';

/** How much of a layer's output is known from behind. */
export interface KnownShare {
  /** Share of the output's entries at which δ ≠ 0. */
  readonly support: number;
  /** Equations on the output, as a share of its entries: less than `support` where known values are sums of entries. */
  readonly equations: number;
}

export const everything: KnownShare = { support: 1, equations: 1 };

/** Ranks of one system, and what they were composed of. */
export interface SystemRanks {
  readonly touched: number;
  readonly weights: number;
  readonly gradients: number;
  readonly system: number;
  /** Dimensions that the row spaces of W and K share. */
  readonly relations: number;
  /** Unknowns that some known output sees, in expectation. */
  readonly covered: number;
  /** The law is in doubt here: see law.ts; for three axes and partly known outputs, where counts are close to each other. */
  readonly nearCritical: boolean;
  readonly outsideDomain: boolean;
}

/** Ranks of [B·W; K]: the law's own where it applies, else expected ones, rounded. */
export function gridRanks(g: GridGeometry, known: KnownShare): SystemRanks {
  const plane = planeOf(g);
  if (plane && isEverything(known)) {
    const law = genericRanks(plane);
    return { ...law, relations: law.shared, covered: law.touched };
  }
  const windows = g.axes.map(a => blocksOf(a, 'windows'));
  const taps = g.axes.map(a => blocksOf(a, 'taps'));
  if (!allKnown(windows) || !allKnown(taps)) return countedRanks(g, known);
  const budget: StepBudget = { steps: maxSteps };
  const [ci, co] = [g.inChannels / g.groups, g.filters / g.groups];
  const touched = g.inChannels * sumOver(windows, cells);
  const covered = g.inChannels * sumOver(windows, blocks => cells(blocks) * seenShare(co, blocks, known));
  const fullWeights = g.groups * sumOver(windows, blocks => gridBlockRank(ci, co, blocks, budget));
  const mixed = known.equations < known.support;
  const weights = mixed
    ? Math.min(fullWeights, g.filters * rowCount(windows) * known.equations)
    : g.groups * sumOver(windows, b => Math.min(gridBlockRank(ci, co, b, budget), expectedRows(ci, co, b, known)));
  const tapRank = (blocks: readonly Block[]) =>
    Math.min(gridBlockRank(1, co, blocks, budget), cells(blocks) * seenShare(co, blocks, known));
  const gradients = g.inChannels * sumOver(taps, tapRank);
  const positions = rowCount(windows);
  const shared = Math.min(co, positions) * Math.min(co, ci * rowCount(taps));
  const relations = g.groups * Math.min(shared, relationsOf(co, positions, known));
  const shifted = g.groups * co * sumOver(taps, b => product(b.map(block => block.rows)) * (cells(b) - tapRank(b)));
  return composed({ touched, covered, weights, gradients, relations }, shifted, budget.steps < 0);
}

interface Parts {
  readonly touched: number;
  readonly covered: number;
  readonly weights: number;
  readonly gradients: number;
  readonly relations: number;
}

/** rank U from its parts: max(rank W, rank K, the smallest of its upper bounds), in whole numbers. */
export function composed(parts: Parts, shifted: number, outsideDomain: boolean): SystemRanks {
  const { touched, covered, relations } = parts;
  const [weights, gradients] = [Math.round(parts.weights), Math.round(parts.gradients)];
  const equations = parts.weights + parts.gradients - relations;
  const bound = Math.min(covered, equations, parts.gradients + shifted);
  const system = Math.min(touched, Math.max(weights, gradients, Math.round(bound)));
  const settled = weights === touched || gradients === touched;
  const unknown = touched - gradients;
  const added = Math.min(weights - relations, shifted);
  const nearCritical = !settled && unknown > added * 0.5 && unknown < added * 1.5;
  return { touched, covered, weights, gradients, system, relations, nearCritical, outsideDomain };
}

/**
 * Relations between W and K in one group of `co` filters on `positions` live output positions: for every channel o
 * rank δ − rank δ[:, outside(o)], where channel o is zero outside itself. With everything known that is min(co, P)·co, and one
 * for every channel where many positions are not known. Behind sums of rectified units δ[o′] is a combination of channel o's
 * sums for o′ = o only.
 */
export function relationsOf(co: number, positions: number, { support, equations }: KnownShare): number {
  if (equations < support) return Math.min(co, co * positions * equations);
  const seen = positions * (1 - (1 - support) ** co);
  const outside = Math.max(0, seen - positions * support);
  return co * Math.max(0, Math.min(co, seen) - Math.min(co - 1, outside));
}

export function isEverything({ support, equations }: KnownShare): boolean {
  return support >= 1 && equations >= 1;
}

/** Generic rank of a product of axis blocks: `channels` unknowns a cell, `filters` rows a window. */
export function gridBlockRank(channels: number, filters: number, blocks: readonly Block[], budget: StepBudget): number {
  const wide: Block[] = [];
  let [unknowns, rows] = [channels, filters];
  for (const block of blocks) {
    if (block.rows === 1) unknowns *= block.cols;
    else if (block.cols === 1) rows *= block.rows;
    else wide.push(block);
  }
  const [y = single, x = single, ...more] = wide;
  if (more.length === 0) return blockRank(unknowns, rows, y, x, budget);
  return Math.min(unknowns * cells(wide), cornerBound(unknowns, rows, wide));
}

const single: Block = { rows: 1, cols: 1, before: 0, stride: 1, size: 1, count: 1 };

/** A window in a corner sees fewest cells: of its rows at most as many as the unknowns there are independent. */
function cornerBound(channels: number, filters: number, blocks: readonly Block[]): number {
  const seen = blocks.map(b => [b.size - b.before, b.size - cutAfter(b)].map(count => Math.min(count, b.cols)));
  const corners = seen.reduce<number[]>((sizes, ends) => sizes.flatMap(size => ends.map(end => size * end)), [1]);
  const lost = corners.reduce((sum, count) => sum + Math.max(0, filters - channels * count), 0);
  return filters * product(blocks.map(b => b.rows)) - lost;
}

function blocksOf(a: GridAxis, view: 'windows' | 'taps'): readonly Block[] | null {
  const outputs = { count: axisOutputs(a), step: a.stride };
  const kernel = { count: a.kernel, step: a.dilation };
  return view === 'windows'
    ? axisBlocks(a.input, a.before, outputs, kernel)
    : axisBlocks(a.input, a.before, kernel, outputs);
}

function allKnown(axes: readonly (readonly Block[] | null)[]): axes is readonly (readonly Block[])[] {
  return axes.every(blocks => blocks !== null);
}

/** Σ over products of one block an axis, each as often as it occurs. */
function sumOver(axes: readonly (readonly Block[])[], of: (blocks: readonly Block[]) => number): number {
  const walk = (axis: number, chosen: readonly Block[], count: number): number => {
    const blocks = axes[axis];
    if (!blocks) return count * of(chosen);
    return blocks.reduce((sum, block) => sum + walk(axis + 1, [...chosen, block], count * block.count), 0);
  };
  return walk(0, [], 1);
}

function rowCount(axes: readonly (readonly Block[])[]): number {
  return product(axes.map(blocks => total(blocks, 'rows')));
}

function cells(blocks: readonly Block[]): number {
  return product(blocks.map(b => b.cols));
}

/** Share of a block's cells that some known output sees, from the average number of windows on a cell. */
function seenShare(co: number, blocks: readonly Block[], { support }: KnownShare): number {
  if (support >= 1) return 1;
  const windows = product(blocks.map(b => Math.max(1, (b.rows * b.size) / b.cols)));
  return 1 - (1 - support) ** (co * windows);
}

/** Known rows of a block; at a window of its own no more than the unknowns it sees, for each draw of known filters. */
function expectedRows(ci: number, co: number, blocks: readonly Block[], { equations }: KnownShare): number {
  const rows = product(blocks.map(b => b.rows));
  return rows > 1 ? co * rows * equations : expectedMinimum(co, equations, ci * cells(blocks));
}

/** Beyond this many filters the spread of the number of known ones no longer matters. */
const maxTrials = 4096;

/** E min(X, limit) for X binomial(trials, share). */
export function expectedMinimum(trials: number, share: number, limit: number): number {
  if (trials <= limit || share >= 1 || share <= 0 || trials > maxTrials) return Math.min(trials * share, limit);
  // limit − Σ_{k < limit} (limit − k)·P(X = k), with P by logarithms: it underflows for many trials.
  let logP = trials * Math.log1p(-share);
  let expected = limit;
  for (let k = 0; k < limit; k++) {
    expected -= (limit - k) * Math.exp(logP);
    logP += Math.log((trials - k) / (k + 1)) + Math.log(share) - Math.log1p(-share);
  }
  return expected;
}

/** By counting alone, for strides and dilations too large to enumerate. */
function countedRanks(g: GridGeometry, known: KnownShare): SystemRanks {
  const rows = gridRows(g);
  const touched = gridUnknowns(g);
  const [ci, co] = [g.inChannels / g.groups, g.filters / g.groups];
  const positions = rows.weights / g.filters;
  const shared = Math.min(co, positions) * Math.min(co, ci * product(g.axes.map(a => a.kernel)));
  const parts = {
    touched,
    covered: touched,
    weights: Math.min(touched, rows.weights * known.equations),
    gradients: known.support > 0 ? Math.min(touched, rows.gradients) : 0,
    relations: g.groups * Math.min(shared, relationsOf(co, positions, known)),
  };
  return composed(parts, Number.POSITIVE_INFINITY, true);
}
