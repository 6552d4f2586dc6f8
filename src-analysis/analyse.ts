import { readChain } from './identifiability/chain.ts';
import { identifiableDimension } from './identifiability/recursion.ts';
import type { ExactRanks, Identifiable, LayerAnalysis, ModelAnalysis } from './model/analysis.ts';
import { sizeOf } from './model/geometry.ts';
import type { Layer, ModelGraph } from './model/graph.ts';
import { type CancellationToken, throwIfCancelled } from './readers/reader.ts';
import { consumersOf } from './solubility/invertibility.ts';
import { analyseLayer, type RankTable, rankTable } from './solubility/layer-analysis.ts';
import { metricOf } from './solubility/metric.ts';

/**
 * The analysis of one model: each layer's linear system, c(M) and the identifiable dimension.
 * @param exact ranks by exact elimination where they are known; they replace the law's, and `pending` lists what is missing
 */
export function analyseModel(graph: ModelGraph, exact: ExactRanks, cancel: CancellationToken): ModelAnalysis {
  const table = rankTable(exact);
  const consumers = consumersOf(graph);
  const convolutions = graph.layers.filter(isConvolution);
  const places = new Map(convolutions.map((layer, index) => [layer.id, { index, count: convolutions.length }]));
  const layers = graph.layers.flatMap(layer => {
    throwIfCancelled(cancel);
    return analyseLayer(graph, layer, consumers, table, places.get(layer.id)) ?? [];
  });
  const identifiable = identifiableOf(graph, table);
  return {
    metric: metricOf(layers.filter((layer: LayerAnalysis) => places.has(layer.layer))),
    identifiable,
    layers,
    pending: table.pending(),
  };
}

/** Layers that the metric sums over, covered or not. */
function isConvolution({ op }: Layer): boolean {
  return op.kind === 'conv' || op.kind === 'convTranspose' || op.kind === 'separableConv';
}

function identifiableOf(graph: ModelGraph, table: RankTable): Identifiable {
  const read = readChain(graph);
  const result = 'chain' in read ? identifiableDimension(read.chain, table) : read;
  if ('rank' in result) return result;
  const input = graph.layers[graph.inputs[0]?.layer ?? -1];
  return {
    rank: null,
    unknowns: graph.inputs.length === 1 ? sizeOf(input?.outputShapes[0]) : null,
    fraction: null,
    basis: 'unknown',
    ...(result.layer === undefined ? {} : { bottleneck: result.layer }),
    reason: `The identifiable dimension is unknown: ${result.reason}.`,
    assumptions: [],
  };
}
