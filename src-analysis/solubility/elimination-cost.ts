import type { ConvGeometry } from '../model/analysis.ts';
import { effectiveKernel } from '../model/geometry.ts';
import { outputLength } from './conv-geometry.ts';
import { genericRanks } from './law.ts';

/** Multiplications and stored entries that are still within reach: of the order of half a minute and 200 MB. */
const maxWork = 2e10;
const maxStored = 5e7;

export interface EliminationPlan {
  /** How rank U is found: W's and K's rows together, or W on the null space of K. */
  readonly system: 'stack rows' | 'reduce by K';
  /** Multiplications, by estimate. */
  readonly work: number;
  /** Entries to store, by estimate. */
  readonly stored: number;
}

/**
 * Estimates exact elimination of a geometry from the law's ranks and picks the cheaper way; null when out of reach.
 * O(1) apart from the law itself, so it may be asked for any size.
 */
export function planElimination(g: ConvGeometry): EliminationPlan | null {
  const law = genericRanks(g);
  const ranks = {
    weights: law.weights / g.groups,
    gradients: law.gradients / g.groups,
    system: law.system / g.groups,
    columns: law.touched / g.groups,
  };
  const [ci, co] = [g.inChannels / g.groups, g.filters / g.groups];
  const taps = g.kernel[0] * g.kernel[1];
  const outputs = outputLength(g, 0) * outputLength(g, 1);
  const positions = ranks.columns / ci;
  const planeRank = ranks.gradients / ci;
  const band = Math.min(ranks.columns, bandwidth(g) * ci);

  const weightRows = Math.min(co * outputs, ranks.weights + outputs);
  const base = {
    work:
      weightRows * (Math.min(band, ranks.weights) * band * 0.5 + co * ci * taps) +
      Math.min(co * taps, planeRank + taps) * (planeRank * positions * 0.5 + co * outputs),
    stored: ranks.weights * band + planeRank * positions + 2 * outputs * taps + co * (outputs + ci * taps),
  };
  const settled = ranks.weights === ranks.columns || ranks.gradients === ranks.columns;
  const plans = settled
    ? [{ system: 'stack rows' as const, work: 0, stored: 0 }]
    : [stackRows(ranks, band, ci, co, taps, outputs), reduceByK(ranks, ci, co, taps, outputs)];
  const total = plans.map(p => ({ system: p.system, work: p.work + base.work, stored: p.stored + base.stored }));
  const possible = total.filter(p => p.work <= maxWork && p.stored <= maxStored).sort((a, b) => a.work - b.work);
  return possible[0] ?? null;
}

interface GroupRanks {
  readonly weights: number;
  readonly gradients: number;
  readonly system: number;
  readonly columns: number;
}

/** Every new row of K runs through W's basis, then through the rows of K before it, on the columns W left open. */
function stackRows(
  r: GroupRanks,
  band: number,
  ci: number,
  co: number,
  taps: number,
  outputs: number,
): EliminationPlan {
  const added = r.system - r.weights;
  const open = r.columns - r.weights;
  const rows = Math.min(co * ci * taps, added + ci * taps);
  return {
    system: 'stack rows',
    work: rows * (r.weights * band + added * open * 0.5 + co * outputs),
    stored: added * open,
  };
}

/** K₁ is brought to reduced form; then every row of W is rewritten on the free columns and eliminated densely. */
function reduceByK(r: GroupRanks, ci: number, co: number, taps: number, outputs: number): EliminationPlan {
  const planeRank = r.gradients / ci;
  const free = r.columns / ci - planeRank;
  const added = r.system - r.gradients;
  const rows = Math.min(co * outputs, added + outputs);
  return {
    system: 'reduce by K',
    work: planeRank * planeRank * free * 0.5 + rows * (ci * taps * (free + co) + added * ci * free * 0.5),
    stored: planeRank * free + added * ci * free,
  };
}

/** Positions between the first and the last cell of a window, numbered along the shorter axis first. */
function bandwidth(g: ConvGeometry): number {
  const span = ([0, 1] as const).map(axis =>
    Math.min(g.input[axis], effectiveKernel(g.kernel[axis], g.dilations[axis])),
  );
  const outer = g.input[0] >= g.input[1] ? 0 : 1;
  return (span[outer]! - 1) * g.input[1 - outer]! + span[1 - outer]!;
}
