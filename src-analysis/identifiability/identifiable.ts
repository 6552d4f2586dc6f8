/** The identifiable dimension of a model: by the law, or exactly where the law may err and the model is small. */
import type { Identifiable } from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { ModelGraph } from '../model/graph.ts';
import type { CancellationToken } from '../readers/reader.ts';
import type { RankTable } from '../solubility/layer-analysis.ts';
import { exactRankWork } from './exact/cost.ts';
import { genericRank } from './exact/generic-rank.ts';
import { identifiableByFlow } from './flow/law.ts';
import { unknownsOf } from './unknowns.ts';

export interface IdentifiableOptions {
  /** Examples in the gradient (1). */
  readonly batch?: number;
  /** Share of units that a ReLU leaves active (½). */
  readonly activeShare?: number;
  /** Ids of layers whose gradients the observer does not get. */
  readonly withheld?: ReadonlySet<number>;
}

/** Multiplications for which nobody waits: some tens of milliseconds. */
const work = 2e7;

/**
 * r = rank ∂(all observed gradients)/∂(input) at a general point. Where a random pattern of active units or greatest entries
 * decides, r is an estimate with its range: no elimination can tell which pattern an input will make.
 */
export function identifiableOf(
  graph: ModelGraph,
  table: RankTable,
  cancel: CancellationToken,
  options: IdentifiableOptions = {},
): Identifiable {
  const law = identifiableByFlow(graph, table, cancel, options);
  if ('reason' in law) return unknown(graph, law.reason, law.layer);
  const { identifiable, patterned } = law;
  const isSmall = (exactRankWork(graph, options.batch) ?? Number.POSITIVE_INFINITY) <= work;
  if (identifiable.certainty !== 'estimate' || patterned || !isSmall) return identifiable;
  return exactly(graph, identifiable, cancel, options) ?? identifiable;
}

/**
 * r by elimination, where two random draws of everything that is random agree. Takes about twice {@link exactRankWork}
 * multiplications; throws `Cancelled` when the token asks for it.
 */
export function exactly(
  graph: ModelGraph,
  law: Identifiable,
  cancel: CancellationToken,
  options: IdentifiableOptions,
): Identifiable | undefined {
  const [first, second] = [1, 2].map(seed => genericRank(graph, cancel, { ...options, seed }));
  if (!first || !second || !('rank' in first) || !('rank' in second) || first.rank !== second.rank) return undefined;
  const { range: _, bottleneck, ...rest } = law;
  const { rank, unknowns } = first;
  return {
    ...rest,
    rank,
    fraction: rank / unknowns,
    basis: 'numeric',
    certainty: 'exact',
    ...(bottleneck === undefined || rank === unknowns ? {} : { bottleneck }),
    assumptions: law.assumptions.filter(assumption => !assumption.startsWith('r is an estimate')),
  };
}

function unknown(graph: ModelGraph, reason: string, layer: number | undefined): Identifiable {
  return {
    rank: null,
    unknowns: countUnknowns(graph),
    fraction: null,
    basis: 'unknown',
    ...(layer === undefined ? {} : { bottleneck: layer }),
    reason: `The identifiable dimension is unknown: ${reason}.`,
    assumptions: [],
  };
}

function countUnknowns(graph: ModelGraph): number | null {
  const sought = unknownsOf(graph);
  if ('reason' in sought) return null;
  const sizes = sought.edges.map(({ layer, output }) => sizeOf(graph.layers[layer]?.outputShapes[output]));
  return sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + size!, 0);
}
