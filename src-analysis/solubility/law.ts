/**
 * Generic ranks of one convolution layer's linear system U = [W; K] in closed form.
 *
 * "Generic" means: the ranks that hold for all kernels and all output gradients δ outside a set of measure zero, so the
 * ranks of a randomly initialised or trained layer. They depend on the geometry alone.
 *
 * Per group, with ci input channels, co filters, P live output positions, m = ci · live taps:
 * - rank W = Σ over blocks of {@link blockRank}: a block is a product of connected components of the two axes' graphs.
 * - rank K = C_in · Σ over blocks: the same with taps in place of output positions, for K = I ⊗ K₁, one K₁ per channel.
 * - For every pair (o, o') Σ_{c,t} W[o,c,t]·K[o',c,t] = Σ_p δ[o',p]·W_{o,p}: the row spaces of W and K share
 *   I₀ = min(co, P)·min(co, m) dimensions, so rank U ≤ rank W + rank K − I₀.
 * - On the null space N of K, W x only has directions shifted out of N: rank U ≤ rank K + co·dim Σ_t S_t N, and the sum is
 *   over taps of the dimension of N's part in their phase (equal phases have the same part, so they count once).
 * - rank U = max(rank W, rank K, the smaller of these bounds and `touched`).
 *
 * What is proven and what is verified, and how often the law failed where it was measured: docs/maths.md.
 */

import type { ConvGeometry, ConvRanks } from '../model/analysis.ts';
import { effectiveKernel } from '../model/geometry.ts';
import { blockRank } from './block-rank.ts';
import type { StepBudget } from './buchsbaum-rim.ts';
import { outputLength, rowsOf, unknownsOf } from './conv-geometry.ts';
import { axisBlocks, type Block, cutAfter, total } from './incidence.ts';

export interface GenericRanks extends ConvRanks {
  /** I₀: dimensions that the row spaces of W and K share. */
  readonly shared: number;
  /** rank U is within the law's measured error here: exact elimination decides. */
  readonly nearCritical: boolean;
  /** The law does not claim to hold here; its ranks are upper bounds. */
  readonly outsideDomain: boolean;
}

/** Elementary steps that the finer bounds of one geometry may take; a few milliseconds. */
export const maxSteps = 20_000;

/** One axis and the components of its two incidence graphs. */
export interface Axis {
  readonly windows: readonly Block[];
  readonly taps: readonly Block[];
}

/** The ranks of a valid geometry (positive sizes, groups dividing the channels, an output that is not empty). */
export function genericRanks(g: ConvGeometry): GenericRanks {
  const y = axisOf(g, 0);
  const x = axisOf(g, 1);
  if (!y || !x) return countedRanks(g);
  const budget: StepBudget = { steps: maxSteps };
  const ci = g.inChannels / g.groups;
  const co = g.filters / g.groups;
  const positions = total(y.windows, 'cols') * total(x.windows, 'cols');
  const touched = g.inChannels * positions;
  const weights = g.groups * sumOver(y.windows, x.windows, (a, b) => blockRank(ci, co, a, b, budget));
  const tapRank = (a: Block, b: Block) => blockRank(1, co, a, b, budget);
  const gradients = g.inChannels * sumOver(y.taps, x.taps, tapRank);
  const shared = g.groups * sharedDimensions(ci, co, y, x);
  const shifted = g.groups * co * shiftedNullSpace(y, x, tapRank);
  const system = Math.max(weights, gradients, Math.min(touched, weights + gradients - shared, gradients + shifted));
  const flags = flagsOf(g, y, x, { touched, weights, gradients, system }, shared, shifted);
  return {
    touched,
    weights,
    gradients,
    system,
    shared,
    nearCritical: flags.nearCritical,
    outsideDomain: flags.outsideDomain || budget.steps < 0,
  };
}

export function axisOf(g: ConvGeometry, axis: 0 | 1): Axis | null {
  const outputs = { count: outputLength(g, axis), step: g.strides[axis] };
  const kernel = { count: g.kernel[axis], step: g.dilations[axis] };
  const windows = axisBlocks(g.input[axis], g.before[axis], outputs, kernel);
  const taps = axisBlocks(g.input[axis], g.before[axis], kernel, outputs);
  return windows && taps ? { windows, taps } : null;
}

function sumOver(y: readonly Block[], x: readonly Block[], of: (a: Block, b: Block) => number): number {
  let sum = 0;
  for (const a of y) for (const b of x) sum += a.count * b.count * of(a, b);
  return sum;
}

/** I₀ of one group. */
function sharedDimensions(ci: number, co: number, y: Axis, x: Axis): number {
  const outputs = total(y.windows, 'rows') * total(x.windows, 'rows');
  const taps = total(y.taps, 'rows') * total(x.taps, 'rows');
  return Math.min(co, outputs) * Math.min(co, ci * taps);
}

/** Σ over different phases of taps · dimension of the phase's part of K₁'s null space. */
function shiftedNullSpace(y: Axis, x: Axis, rank: (a: Block, b: Block) => number): number {
  let sum = 0;
  for (const a of y.taps) for (const b of x.taps) sum += a.rows * b.rows * (a.cols * b.cols - rank(a, b));
  return sum;
}

/** Upper bounds by counting alone, for strides and dilations too large to enumerate. */
function countedRanks(g: ConvGeometry): GenericRanks {
  const unknowns = unknownsOf(g);
  const rows = rowsOf(g);
  const weights = Math.min(rows.weights, unknowns);
  const gradients = Math.min(rows.gradients, unknowns);
  const system = Math.min(weights + gradients, unknowns);
  const shared = weights + gradients - system;
  return { touched: unknowns, weights, gradients, system, shared, nearCritical: false, outsideDomain: true };
}

/**
 * Where not to trust rank U. A full W or K settles it: their ranks did not fail inside the domain. Otherwise K leaves
 * `unknown` dimensions for which W has `equations` more, and the closer the two, the more a special position matters.
 */
function flagsOf(
  g: ConvGeometry,
  y: Axis,
  x: Axis,
  ranks: ConvRanks,
  shared: number,
  shifted: number,
): { nearCritical: boolean; outsideDomain: boolean } {
  if (ranks.weights === ranks.touched || ranks.gradients === ranks.touched) {
    return { nearCritical: false, outsideDomain: false };
  }
  const unknown = ranks.touched - ranks.gradients;
  const equations = Math.min(ranks.weights - shared, shifted);
  const close = unknown > equations * 0.5 && unknown < equations * 1.5;
  return {
    nearCritical: close || hasDependentWindows(g, y, x),
    outsideDomain: [y, x].some((axis, i) => isMostlyPadding(g, i as 0 | 1, axis)),
  };
}

/** Some window or tap alone has more rows than columns: then the shared dimensions are fewer than I₀. */
function hasDependentWindows(g: ConvGeometry, y: Axis, x: Axis): boolean {
  const co = g.filters / g.groups;
  const cells = fewestCells(y.windows) * fewestCells(x.windows);
  const outputs = fewestCells(y.taps) * fewestCells(x.taps);
  const positions = total(y.windows, 'rows') * total(x.windows, 'rows');
  return co > (g.inChannels / g.groups) * cells || (co > outputs && co <= positions);
}

function fewestCells(blocks: readonly Block[]): number {
  const seen = blocks.map(b => (b.rows === 1 ? b.cols : Math.min(b.cols, b.size - Math.max(b.before, cutAfter(b)))));
  return Math.min(...seen);
}

/** Padding over half the kernel on one side, or fewer than two windows that lie wholly inside the input beside cut ones. */
function isMostlyPadding(g: ConvGeometry, axis: 0 | 1, { windows }: Axis): boolean {
  const extent = effectiveKernel(g.kernel[axis], g.dilations[axis]);
  if (2 * Math.max(g.before[axis], g.after[axis]) > extent) return true;
  const first = Math.ceil(g.before[axis] / g.strides[axis]);
  const last = Math.floor((g.input[axis] + g.before[axis] - extent) / g.strides[axis]);
  const whole = Math.min(last, outputLength(g, axis) - 1) - first + 1;
  return whole < 2 && whole < total(windows, 'rows');
}
