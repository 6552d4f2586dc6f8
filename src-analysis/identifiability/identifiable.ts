/** The identifiable dimension of a model: by the law, or exactly where the law may err and the model is small. */
import type { ExactRanks, Identifiable, ModelRank } from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { ModelGraph } from '../model/graph.ts';
import type { CancellationToken } from '../readers/reader.ts';
import type { RankTable } from '../solubility/layer-analysis.ts';
import { contractProblem } from './contract.ts';
import { isEliminable, isWithin } from './exact/cost.ts';
import { modelKey, modelRank } from './exact/model-rank.ts';
import { estimateWords, identifiableByFlow } from './flow/law.ts';
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
  const problem = contractProblem(graph);
  if (problem) return unknown(null, problem.reason, problem.layer);
  const law = identifiableByFlow(graph, table, cancel, options);
  if ('reason' in law) return unknown(countUnknowns(graph), law.reason, law.layer);
  const { identifiable, patterned } = law;
  if (identifiable.certainty !== 'estimate' || patterned || !isWithin(graph, options.batch, work)) return identifiable;
  const found = modelRank(graph, cancel, options);
  return found ? eliminated(identifiable, found) : identifiable;
}

/**
 * The same, with what exact elimination is known to say of the model as a whole. `pendingRank` is the key under which a host may
 * supply it, where it would replace an estimate and is within reach of a worker.
 */
export function identifiableWith(
  graph: ModelGraph,
  table: RankTable,
  exact: ExactRanks,
  cancel: CancellationToken,
  options: IdentifiableOptions,
): { readonly identifiable: Identifiable; readonly pendingRank?: string } {
  const identifiable = identifiableOf(graph, table, cancel, options);
  const isPlain = Object.values(options).every(option => option === undefined);
  if (identifiable.certainty !== 'estimate' || !isPlain || !isEliminable(graph)) return { identifiable };
  const key = modelKey(graph);
  const found = exact.get(key);
  if (found === undefined) return { identifiable, pendingRank: key };
  return { identifiable: found && 'rank' in found ? eliminated(identifiable, found) : identifiable };
}

/** An estimate with its figures replaced by those of elimination. */
function eliminated(law: Identifiable, { rank, unknowns, range }: ModelRank): Identifiable {
  const { range: _, bottleneck, ...rest } = law;
  const isExact = range === undefined;
  const within = range && range[0] < range[1] ? `, at which it was from ${range[0]} to ${range[1]}` : '';
  const assumptions = law.assumptions.filter(assumption => !assumption.startsWith(estimateWords));
  const drawn = isExact ? [] : [`${estimateWords}: the mean over typical pictures and fresh weights${within}`];
  return {
    ...rest,
    rank,
    fraction: rank / unknowns,
    basis: 'finite-field',
    certainty: isExact ? 'exact' : 'estimate',
    ...(range && range[0] < range[1] ? { range } : {}),
    ...(bottleneck === undefined || rank === unknowns ? {} : { bottleneck }),
    assumptions: [...assumptions, ...drawn],
  };
}

function unknown(unknowns: number | null, reason: string, layer: number | undefined): Identifiable {
  return {
    rank: null,
    unknowns,
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
