/** The identifiable dimension of a whole model by the flow law. */
import type { Identifiable } from '../../model/analysis.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import type { CancellationToken } from '../../readers/reader.ts';
import type { RankTable } from '../../solubility/layer-analysis.ts';
import { type FlowObstacle, type ModelFlow, modelFlow } from './network.ts';
import type { FlowOptions } from './state.ts';

export interface FlowLaw {
  readonly identifiable: Identifiable;
  /** A random pattern (active units, greatest entries) is part of the figures. */
  readonly patterned: boolean;
}

/**
 * r by the largest flow, the least and greatest r that the law's possible errors allow, and the layer that decides.
 * Proven: r is at most the flow, where the capacities are those of generic layers. Verified: equality (docs/maths.md).
 */
export function identifiableByFlow(
  graph: ModelGraph,
  table: RankTable,
  cancel: CancellationToken,
  { batch = 1, activeShare = 0.5, withheld = new Set() }: Partial<FlowOptions> = {},
): FlowLaw | FlowObstacle {
  const flow = modelFlow(graph, table, cancel, { batch, activeShare, withheld });
  if ('reason' in flow) return flow;
  const { unknowns } = flow;
  const range = [flowOf(flow, -1), flowOf(flow, 1)] as const;
  const rank = flowOf(flow, 0);
  const { unproven, patterned, assumptions } = flow.state;
  // Which entries a pattern leaves decides wherever something is missing.
  const isEstimate = range[0] !== range[1] || unproven || (patterned && rank < unknowns) || graph.gaps.length > 0;
  const bottleneck = rank < unknowns ? bottleneckOf(graph, flow) : undefined;
  const identifiable: Identifiable = {
    rank,
    unknowns,
    fraction: rank / unknowns,
    basis: 'law',
    certainty: isEstimate ? 'estimate' : 'law',
    ...(isEstimate && range[0] !== range[1] ? { range } : {}),
    ...(bottleneck === undefined ? {} : { bottleneck }),
    assumptions: [
      batch === 1 ? 'one example a gradient' : `${batch} examples in a gradient`,
      'cross-entropy loss with a known label',
      'weights known and in general position',
      ...assumptions,
      ...(isEstimate ? [estimateClause(range)] : []),
    ],
  };
  return { identifiable, patterned };
}

/** What the assumption begins with that marks an estimate. */
export const estimateWords = 'r is an estimate';

function estimateClause([least, greatest]: readonly [number, number]): string {
  const within = least === greatest ? '' : `, between ${least} and ${greatest} as far as is known`;
  return `${estimateWords}: the law may err here${within}`;
}

/** Largest flow when every capacity errs by its slack, downwards (−1), upwards (1) or not at all. */
function flowOf({ state: { network, source, sink, edges }, unknowns }: ModelFlow, direction: -1 | 0 | 1): number {
  const nominal = edges.map(({ edge }) => network.capacity(edge));
  for (const [i, { edge, slack }] of edges.entries()) network.setCapacity(edge, nominal[i]! * (1 + direction * slack));
  const flow = Math.min(unknowns, network.maxFlow(source, sink));
  for (const [i, { edge }] of edges.entries()) network.setCapacity(edge, nominal[i]!);
  return Math.round(flow);
}

/** For deeper models, asking every layer costs more than the answer is worth. */
const mostQuestioned = 300;

const deciding = new Set(['conv', 'convTranspose', 'separableConv', 'dense', 'pool', 'norm', 'reduce']);

/**
 * The layer that decides r: the one without whose loss (its whole reached input known) r would grow most. Among equals the one
 * nearest the output loses first. Where entries are lost only because nothing looks at them, the layer that looks past them.
 */
function bottleneckOf(graph: ModelGraph, { state }: ModelFlow): number | undefined {
  const { network, source, sink, edges, inputNodes } = state;
  for (const { edge, full } of edges) if (full !== undefined) network.setCapacity(edge, full);
  network.maxFlow(source, sink);
  const candidates = [...inputNodes].filter(([id]) => deciding.has((graph.layers[id] as Layer).op.kind));
  let best: { readonly layer: number; readonly gain: number } | undefined;
  for (const [layer, node] of candidates.slice(0, mostQuestioned)) {
    const gain = Math.round(network.gain(node, sink, source, sink));
    // Candidates come from the output on.
    if (gain > (best?.gain ?? 0)) best = { layer, gain };
  }
  return best?.layer ?? candidates.at(-1)?.[0];
}
