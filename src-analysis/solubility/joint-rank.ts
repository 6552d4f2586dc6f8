/**
 * The joint system of several convolutions that read one tensor: all weight rows and all gradient rows on one x,
 * [W₁; K₁; W₂; K₂; …], each output known (concatenation, or readers of their own behind every branch).
 *
 * Relations across layers: with w_i and δ_j as polynomials, Σ_{c,t} w_i[o,c,t]·K_j[o′,c,t + τ] = Σ_p δ_j[o′,p]·W_i[o, p + τ]. It
 * holds for every shift τ that takes the taps of i to taps of j and the positions at which δ_j stands to positions of i. So a
 * 1 × 1 layer's weights have relations with the gradient rows of a 3 × 3 one beside it, not the other way round.
 */
import type { ConvGeometry, ConvRanks } from '../model/analysis.ts';
import { outputLength } from './conv-geometry.ts';
import { genericRanks } from './law.ts';
import { axisWindows } from './sparse-system.ts';

export interface JointRanks extends ConvRanks {
  /** Dimensions that weight rows and gradient rows share, within layers and across. */
  readonly shared: number;
  /** Equations and unknowns are within 10 % of each other in number, or single cells have too many rows: not always attained. */
  readonly nearCritical: boolean;
}

const margin = 0.1;

/**
 * Generic ranks by subadditivity and the relations above; now and then rank U is off either way (docs/maths.md, "Layers that read one tensor").
 * Layers of equal geometry are one layer with all their filters. Throws a RangeError if the inputs differ or groups are mixed in.
 */
export function jointRanks(layers: readonly ConvGeometry[]): JointRanks {
  const parts = mergedByGeometry(layers);
  const ranks = parts.map(part => genericRanks(part));
  if (parts.length === 1) return { ...ranks[0]!, nearCritical: ranks[0]!.nearCritical || ranks[0]!.outsideDomain };
  const { inChannels } = parts[0]!;
  const touched = inChannels * cellsOf(parts).size;
  const pointwise = parts.filter(isPointwise);
  const others = ranks.filter((_, i) => !isPointwise(parts[i]!));
  const sum = (of: (rank: ConvRanks) => number, over: readonly ConvRanks[] = ranks) =>
    over.reduce((total, rank) => total + of(rank), 0);
  const apart = sum(rank => rank.weights, others) + pointwiseRank(pointwise);
  const weights = Math.min(touched, apart);
  const gradients = Math.min(
    sum(rank => rank.gradients),
    ...parts.map(g => inChannels * cellsBeside(g, parts)),
  );
  const unseen = touched / inChannels - gradients / inChannels;
  const relations = parts.map((a, i) =>
    Math.min(
      ranks[i]!.weights,
      parts.reduce((total, b) => total + relationsAcross(a, b), 0),
    ),
  );
  // What the weight rows of a layer add on the null space of all gradient rows.
  const added = parts.map((g, i) =>
    Math.min(ranks[i]!.weights - relations[i]!, g.filters * g.kernel[0] * g.kernel[1] * unseen),
  );
  const shared = relations.reduce((total, count) => total + count, 0);
  const bound =
    gradients +
    Math.min(
      weights,
      added.reduce((total, count) => total + count, 0),
    );
  const least = Math.max(weights, gradients, ...ranks.map(rank => rank.system));
  const isDependent = apart < sum(rank => rank.weights);
  const isFull = weights === touched || gradients === touched;
  return {
    touched,
    weights,
    gradients,
    system: Math.max(least, Math.min(touched, bound)),
    shared,
    nearCritical: !isFull && (isDependent || Math.abs(bound - touched) < margin * touched),
  };
}

function isPointwise({ kernel }: ConvGeometry): boolean {
  return kernel[0] === 1 && kernel[1] === 1;
}

/** Weight rows of kernels of one tap: at every cell as many as there are filters on it, up to the channels. */
function pointwiseRank(parts: readonly ConvGeometry[]): number {
  const filters = new Map<number, number>();
  for (const g of parts)
    for (const cell of cellsOf([g])) filters.set(cell, Math.min(g.inChannels, (filters.get(cell) ?? 0) + g.filters));
  return [...filters.values()].reduce((total, count) => total + count, 0);
}

function mergedByGeometry(layers: readonly ConvGeometry[]): ConvGeometry[] {
  const merged = new Map<string, ConvGeometry>();
  for (const layer of layers) {
    const { filters, ...rest } = layer;
    if (layer.groups !== 1) throw new RangeError('layers of several groups have no joint system');
    if (layer.inChannels !== layers[0]!.inChannels || layer.input.join() !== layers[0]!.input.join())
      throw new RangeError('layers of a joint system read one tensor');
    const key = JSON.stringify([rest.kernel, rest.strides, rest.before, rest.after, rest.dilations]);
    merged.set(key, { ...layer, filters: filters + (merged.get(key)?.filters ?? 0) });
  }
  return [...merged.values()];
}

/**
 * Relations between the weight rows of `a` and the gradient rows of `b`: filters of either for every shift that fits, at most as
 * many as there are rows that take part.
 */
export function relationsAcross(a: ConvGeometry, b: ConvGeometry): number {
  const shifts = ([0, 1] as const).map(axis => fittingShifts(a, b, axis));
  const over = (of: (axis: 0 | 1) => number) => of(0) * of(1);
  const met = (places: readonly number[], axis: 0 | 1) =>
    new Set(shifts[axis]!.flatMap(shift => places.map(place => place + shift))).size;
  const filtersOfA = Math.min(a.filters, a.inChannels * a.kernel[0] * a.kernel[1]);
  const filtersOfB = Math.min(b.filters, outputLength(b, 0) * outputLength(b, 1));
  return Math.min(
    filtersOfA * filtersOfB * over(axis => shifts[axis]!.length),
    filtersOfA * over(axis => met(startsOf(b, axis), axis)),
    filtersOfB * a.inChannels * over(axis => met(tapsOf(a, axis), axis)),
  );
}

function tapsOf(g: ConvGeometry, axis: 0 | 1): number[] {
  return Array.from({ length: g.kernel[axis] }, (_, tap) => tap * g.dilations[axis] - g.before[axis]);
}

function startsOf(g: ConvGeometry, axis: 0 | 1): number[] {
  return Array.from({ length: outputLength(g, axis) }, (_, position) => position * g.strides[axis]);
}

/** Shifts τ in input cells with taps(a) + τ ⊂ taps(b) and positions(b) + τ ⊂ positions(a). */
function fittingShifts(a: ConvGeometry, b: ConvGeometry, axis: 0 | 1): number[] {
  const [tapsOfA, tapsOfB] = [tapsOf(a, axis), new Set(tapsOf(b, axis))];
  const [startsOfA, startsOfB] = [new Set(startsOf(a, axis)), startsOf(b, axis)];
  return [...tapsOfB]
    .map(tap => tap - tapsOfA[0]!)
    .filter(
      shift => tapsOfA.every(tap => tapsOfB.has(tap + shift)) && startsOfB.every(at => startsOfA.has(at + shift)),
    );
}

/** The cells of one layer, and beyond them no more gradient rows of the others (of one channel) than have taps there. */
function cellsBeside(g: ConvGeometry, parts: readonly ConvGeometry[]): number {
  const own = cellsOf([g]);
  const beyond = parts.reduce((rows, other) => {
    if (other === g) return rows;
    const [ys, xs] = ([0, 1] as const).map(axis => cellsOfTaps(other, axis));
    const reaching = ys!.flatMap(y => xs!.filter(x => y.some(a => x.some(b => !own.has(a * g.input[1] + b)))));
    return rows + other.filters * reaching.length;
  }, 0);
  return Math.min(cellsOf(parts).size, own.size + beyond);
}

/** The cells of one axis that each tap meets. */
function cellsOfTaps(g: ConvGeometry, axis: 0 | 1): number[][] {
  const met = Array.from({ length: g.kernel[axis] }, (): number[] => []);
  for (const window of axisWindows(g, axis)) for (const { tap, cell } of window) met[tap]!.push(cell);
  return met;
}

/** Cells that some window of some layer sees, numbered row by row. */
function cellsOf(parts: readonly ConvGeometry[]): Set<number> {
  const seen = new Set<number>();
  for (const g of parts) {
    const [ys, xs] = ([0, 1] as const).map(
      axis => new Set(axisWindows(g, axis).flatMap(window => window.map(({ cell }) => cell))),
    );
    for (const y of ys!) for (const x of xs!) seen.add(y * g.input[1] + x);
  }
  return seen;
}
