import type { ConvGeometry, ConvRanks } from '../model/analysis.ts';
import type { StepBudget } from './buchsbaum-rim.ts';
import { blockRank } from './block-rank.ts';
import { axisBlocks, type Block, total } from './incidence.ts';
import { outputLength } from './sparse-system.ts';

export function axisOf(g: ConvGeometry, axis: 0 | 1) {
  const outputs = { count: outputLength(g, axis), step: g.strides[axis] };
  const kernel = { count: g.kernel[axis], step: g.dilations[axis] };
  const windows = axisBlocks(g.input[axis], g.before[axis], outputs, kernel)!;
  const taps = axisBlocks(g.input[axis], g.before[axis], kernel, outputs)!;
  return { windows, taps };
}
export function law(g: ConvGeometry) {
  const y = axisOf(g, 0)!;
  const x = axisOf(g, 1)!;
  const ci = g.inChannels / g.groups;
  const co = g.filters / g.groups;
  const budget: StepBudget = { steps: 50000 };
  const T = total(y.windows, 'cols') * total(x.windows, 'cols');
  const touched = g.inChannels * T;
  let weights = 0;
  for (const a of y.windows) for (const b of x.windows) weights += g.groups * a.count * b.count * blockRank(ci, co, a, b, budget);
  let gradients = 0, reach = 0;
  for (const a of y.taps) for (const b of x.taps) {
    const q = blockRank(1, co, a, b, budget);
    gradients += g.inChannels * a.count * b.count * q;
    reach += a.rows*b.rows*(a.cols*b.cols-q);
  }
  const P = total(y.windows, 'rows') * total(x.windows, 'rows');
  const m = ci * total(y.taps, 'rows') * total(x.taps, 'rows');
  const shared = g.groups * Math.min(co, P) * Math.min(co, m);
  const system = Math.max(weights, gradients, Math.min(touched, weights + gradients - shared, gradients + g.groups*co*reach));
  return { touched, weights, gradients, system, shared, steps: 50000 - budget.steps };
}

export interface GenericRanks extends ConvRanks {
  /** Relations I₀ = Σ W·K = Σ δ·W that the two families of rows share. */
  readonly shared: number;
  readonly nearCritical: boolean;
  readonly outsideDomain: boolean;
}

export function genericRanks(g: ConvGeometry): GenericRanks {
  const { touched, weights, gradients, system, shared } = law(g);
  const sum = weights + gradients - shared;
  const open = weights < touched && gradients < touched;
  const nearCritical = open && (Math.abs(sum - touched) <= 0.1 * touched || gradients > 0.7 * touched);
  const outsideDomain = ([0, 1] as const).some(a => 2 * Math.max(g.before[a], g.after[a]) > g.dilations[a] * (g.kernel[a] - 1) + 1);
  return { touched, weights, gradients, system, shared, nearCritical, outsideDomain };
}
