import { type IdentifiableOptions, identifiableWith } from './identifiability/identifiable.ts';
import type { ExactRanks, LayerAnalysis, ModelAnalysis } from './model/analysis.ts';
import type { Layer, ModelGraph } from './model/graph.ts';
import { type CancellationToken, throwIfCancelled } from './readers/reader.ts';
import { consumersOf } from './solubility/invertibility.ts';
import { withJointSystems } from './solubility/joint-layers.ts';
import { kernelCases } from './solubility/kernel-cases.ts';
import { analyseLayer, rankTable } from './solubility/layer-analysis.ts';
import { metricOf } from './solubility/metric.ts';
import { outputKnowledge } from './solubility/output-knowledge.ts';

/**
 * The analysis of one model: each layer's linear system, c(M) and the identifiable dimension.
 * @param exact ranks by exact elimination where they are known; they replace the law's, and `pending` lists what is missing
 * @param options what gradient r is asked for: examples in it, layers withheld
 */
export function analyseModel(
  graph: ModelGraph,
  exact: ExactRanks,
  cancel: CancellationToken,
  options: IdentifiableOptions = {},
): ModelAnalysis {
  const table = rankTable(exact);
  const consumers = consumersOf(graph);
  const convolutions = graph.layers.filter(isConvolution);
  const places = new Map(convolutions.map((layer, index) => [layer.id, { index, count: convolutions.length }]));
  const knowledge = outputKnowledge(graph, consumers);
  const context = { graph, consumers, knowledge, table, cases: kernelCases() };
  const alone = graph.layers.flatMap(layer => {
    throwIfCancelled(cancel);
    return analyseLayer(context, layer, places.get(layer.id)) ?? [];
  });
  const layers = withJointSystems(context, alone);
  const { identifiable, pendingRank } = identifiableWith(graph, table, exact, cancel, options);
  return {
    metric: metricOf(layers.filter((layer: LayerAnalysis) => places.has(layer.layer))),
    identifiable,
    layers,
    pending: table.pending(),
    ...(pendingRank === undefined ? {} : { pendingRank }),
  };
}

/** Layers that the metric sums over, covered or not. */
function isConvolution({ op }: Layer): boolean {
  return op.kind === 'conv' || op.kind === 'convTranspose' || op.kind === 'separableConv';
}
