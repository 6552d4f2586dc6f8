/** A model's layers as the ONNX editor's table shows them: plain data, made from a report. Formats; computes nothing. */
import type { AnalysedModel, FileReport } from '../src-analysis/check.ts';
import type { LayerAnalysis } from '../src-analysis/model/analysis.ts';
import type { Layer } from '../src-analysis/model/graph.ts';
import { bottleneckName, identifiablePhrase, metricPhrase } from '../src-analysis/reports/headline.ts';
import type { OnnxTable, OnnxTableLayer, OnnxTableModel } from './protocol.ts';
import { formatShape, layerHeadline } from './wording.ts';

export function onnxTable({ models, errors, pending }: FileReport): OnnxTable {
  const model = models[0];
  return {
    model: model ? tableModel(model) : null,
    errors: errors.map(({ message }) => message),
    refining: pending.length > 0,
  };
}

function tableModel({ graph, analysis }: AnalysedModel): OnnxTableModel {
  const figures = new Map(analysis.layers.map(entry => [entry.layer, entry]));
  const decides = bottleneckName(graph, analysis);
  const { identifiable, metric } = analysis;
  return {
    name: graph.name,
    identifiable: identifiablePhrase(identifiable),
    metric: metricPhrase(metric),
    ...(identifiable.reason === undefined ? {} : { reason: identifiable.reason }),
    ...(decides === undefined || identifiable.rank === identifiable.unknowns ? {} : { decides }),
    gaps: graph.gaps.map(({ reason }) => reason),
    layers: graph.layers.map(layer => tableLayer(layer, figures.get(layer.id))),
  };
}

function tableLayer(layer: Layer, figures: LayerAnalysis | undefined): OnnxTableLayer {
  return {
    name: layer.name,
    op: layer.type,
    input: layer.inputShapes.map(formatShape).join(' , '),
    output: layer.outputShapes.map(formatShape).join(' , '),
    parameters: parametersOf(layer),
    unknowns: figures?.unknowns ?? null,
    rank: figures?.rank?.system ?? null,
    deficiency: figures?.deficiency ?? null,
    verdict: figures?.verdict ?? null,
    explanation: figures ? layerHeadline(figures) : withoutFigures(layer),
  };
}

function withoutFigures({ op }: Layer): string {
  return op.kind === 'unknown' ? `Unknown: ${op.reason}` : 'No weights: this layer adds no equations of its own.';
}

/** Entries of the layer's weights; null where a size is unknown. */
function parametersOf({ weights }: Layer): number | null {
  let count = 0;
  for (const { shape } of weights) {
    let entries = 1;
    for (const dim of shape) {
      if (dim === null) return null;
      entries *= dim;
    }
    count += entries;
  }
  return count;
}
