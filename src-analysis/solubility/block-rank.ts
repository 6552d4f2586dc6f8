/**
 * Generic rank of one block of a layer's system: `channels` unknowns at every cell, `filters` rows at every window, on a grid
 * of windows that is a product of two axis blocks. For the weight rows windows are output positions; for the gradient rows
 * they are taps (and there is one channel).
 *
 * The rank is the smallest of several upper bounds. Each bound is proven; that the smallest is attained is verified by exact
 * elimination (docs/maths.md).
 */

import { type StepBudget, type Summand, sectionsRank } from './buchsbaum-rim.ts';
import { type Block, cutAfter } from './incidence.ts';

export function blockRank(channels: number, filters: number, y: Block, x: Block, budget: StepBudget): number {
  const counted = Math.min(channels * y.cols * x.cols, filters * y.rows * x.rows);
  return Math.min(
    counted,
    cornerBound(channels, filters, y, x),
    windowBound(channels, filters, y, x, budget),
    cellBound(channels, filters, y, x, budget),
  );
}

/** A window in the corner sees fewest cells: of its `filters` rows at most channels · cells are independent. */
function cornerBound(channels: number, filters: number, y: Block, x: Block): number {
  if (y.rows < 2 || x.rows < 2) return Number.POSITIVE_INFINITY;
  const seen = (b: Block) => [b.size - b.before, b.size - cutAfter(b)].map(cells => Math.min(cells, b.cols));
  let lost = 0;
  for (const h of seen(y)) for (const w of seen(x)) lost += Math.max(0, filters - channels * h * w);
  return filters * y.rows * x.rows - lost;
}

/**
 * Drops some cut windows along the border (they add at most the cells they see) and takes the rest as if no window were cut
 * (more columns, so no smaller rank): those rows have the syzygies of {@link sectionsRank}.
 *
 * How many windows to drop: the count is linear in their number from the first on, so none, one or all that are cut.
 */
function windowBound(channels: number, filters: number, y: Block, x: Block, budget: StepBudget): number {
  const rows: Summand[] = [{ count: filters, height: 0, width: 0 }];
  const columns = phaseSummands(channels, y, x);
  const hasSyzygies = filters > total(columns);
  const ranks = new Map<string, number>();
  let best = Number.POSITIVE_INFINITY;
  for (const a of droppedWindows(y)) {
    for (const b of droppedWindows(x)) {
      const [r1, r2] = [y.rows - a.windows, x.rows - b.windows];
      const cells = y.cols * x.cols - (y.cols - a.cells) * (x.cols - b.cells);
      const dropped = Math.min(channels * cells, filters * (y.rows * x.rows - r1 * r2));
      const key = `${r1},${r2}`;
      const rest =
        ranks.get(key) ?? (hasSyzygies ? sectionsRank(rows, columns, r1, r2, budget) : null) ?? filters * r1 * r2;
      ranks.set(key, rest);
      best = Math.min(best, dropped + rest);
    }
  }
  return best;
}

interface Dropped {
  readonly windows: number;
  /** Cells that the dropped windows see. */
  readonly cells: number;
}

function droppedWindows(b: Block): Dropped[] {
  const choices: Dropped[] = [];
  for (const first of new Set([0, 1, cutWindows(b, b.before)])) {
    for (const last of new Set([0, 1, cutWindows(b, cutAfter(b))])) {
      if (first + last > b.rows) continue;
      const cells = cellsOf(b, first, b.before) + cellsOf(b, last, cutAfter(b));
      choices.push({ windows: first + last, cells: Math.min(b.cols, cells) });
    }
  }
  return choices;
}

/** How many windows at one end reach over the border by which `cut` cells are missing. */
function cutWindows(b: Block, cut: number): number {
  return Math.min(b.rows, Math.ceil(cut / b.stride));
}

/** Cells that the first `windows` windows see, counted from the end where `cut` cells are missing. */
function cellsOf(b: Block, windows: number, cut: number): number {
  return windows === 0 ? 0 : Math.max(0, (windows - 1) * b.stride + b.size - cut);
}

/**
 * The same from the side of the cells: drops those that some window of their own is missing for (they add at most themselves)
 * and takes the rest with all their windows. With more input phases than filters these columns have syzygies; with
 * padding near k − 1 they are nearly all columns. Missing windows may be added first (more rows, so no smaller rank).
 */
function cellBound(channels: number, filters: number, y: Block, x: Block, budget: StepBudget): number {
  const columns: Summand[] = phaseSummands(channels, y, x);
  if (total(columns) <= filters) return Number.POSITIVE_INFINITY;
  const rows: Summand[] = [{ count: filters, height: 0, width: 0 }];
  let best = Number.POSITIVE_INFINITY;
  for (const a of addedWindows(y)) {
    for (const b of addedWindows(x)) {
      const kept = sectionsRank(columns, rows, a.windows, b.windows, budget);
      if (kept !== null) best = Math.min(best, channels * (y.cols * x.cols - a.whole * b.whole) + kept);
    }
  }
  return best;
}

interface Added {
  /** Windows after the addition. */
  readonly windows: number;
  /** Cells that then have all their windows. */
  readonly whole: number;
}

function addedWindows(b: Block): Added[] {
  const missing = (cut: number) => Math.max(0, Math.ceil((b.size - b.stride - cut) / b.stride));
  const choices: Added[] = [];
  for (const first of new Set([0, missing(b.before)])) {
    for (const last of new Set([0, missing(cutAfter(b))])) {
      const windows = b.rows + first + last;
      const start = b.before + first * b.stride;
      const from = Math.max(b.size - b.stride, start, 0);
      const to = Math.min(windows * b.stride, (windows - 1) * b.stride + b.size, start + b.cols);
      choices.push({ windows, whole: Math.max(0, to - from) });
    }
  }
  return choices;
}

/** Input phases: channel × residue of the cell modulo the stride, with the degree of their kernels (taps − 1). */
function phaseSummands(channels: number, y: Block, x: Block): Summand[] {
  return phases(y).flatMap(u =>
    phases(x).map(v => ({ count: channels * u.count * v.count, height: u.taps - 1, width: v.taps - 1 })),
  );
}

function phases(b: Block): { count: number; taps: number }[] {
  const longer = b.size % b.stride;
  const taps = Math.floor(b.size / b.stride);
  return [
    { count: longer, taps: taps + 1 },
    { count: b.stride - longer, taps },
  ].filter(phase => phase.count > 0 && phase.taps > 0);
}

function total(summands: readonly Summand[]): number {
  return summands.reduce((sum, { count }) => sum + count, 0);
}
