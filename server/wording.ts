/** The sentences of hovers, lenses and the status item, made from analysis figures. Formats; computes nothing. */
import type { Identifiable, LayerAnalysis, Metric, ModelAnalysis } from '../src-analysis/model/analysis.ts';
import type { ModelGraph, Shape } from '../src-analysis/model/graph.ts';

/** A real minus sign, as the figures are read in prose. */
export function formatNumber(value: number, digits = 0): string {
  return value.toFixed(digits).replace('-', '−');
}

export function formatShare(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

export function formatShape(shape: Shape | undefined): string {
  if (!shape) return 'unknown shape';
  return `[${shape.map(dim => dim ?? '?').join(', ')}]`;
}

/** `c(M) = −2266`, or why there is none. */
export function metricPhrase(metric: Metric): string {
  if (metric.cRounded === null) return 'c(M) unknown';
  return `c(M) = ${formatNumber(metric.cRounded)}${metric.coverage === 'partial' ? ' (partial)' : ''}`;
}

/** `r = 1029 of 3072 (33.5 %)`, or `r unknown`. */
export function identifiablePhrase(identifiable: Identifiable): string {
  const { rank, unknowns, fraction } = identifiable;
  if (rank === null || unknowns === null) return 'r unknown';
  return `r = ${rank} of ${unknowns}${fraction === null ? '' : ` (${formatShare(fraction)})`}`;
}

export function bottleneckName(graph: ModelGraph, analysis: ModelAnalysis): string | undefined {
  const id = analysis.identifiable.bottleneck;
  return id === undefined ? undefined : graph.layers[id]?.name;
}

/** One line for a model: what lenses and the status item show. */
export function modelLine(graph: ModelGraph, analysis: ModelAnalysis): string {
  const parts = [identifiablePhrase(analysis.identifiable), metricPhrase(analysis.metric)];
  const bottleneck = bottleneckName(graph, analysis);
  if (bottleneck && analysis.identifiable.fraction !== 1) parts.push(`decided by ${bottleneck}`);
  return parts.join(' · ');
}

/** What the observer of one gradient gets from this layer's system, in one sentence with its condition. */
export function layerHeadline(layer: LayerAnalysis): string {
  switch (layer.verdict) {
    case 'soluble':
      return 'Soluble: from the gradient of one example, the layer’s input follows exactly from its output and its weights’ gradient.';
    case 'deficient':
      return `Deficient: this layer’s own equations leave ${formatNumber(-(layer.deficiency ?? 0))} of ${layer.unknowns} unknowns open. That does not make the model safe: see r of n of the whole gradient.`;
    default:
      return `Unknown: ${layer.reason ?? 'this layer is not covered by the analysis.'}`;
  }
}

export function basisPhrase(layer: LayerAnalysis): string {
  switch (layer.basis) {
    case 'law':
      return 'generic-rank law for this geometry';
    case 'finite-field':
      return 'exact elimination over GF(67108859) with random weights';
    default:
      return 'not covered';
  }
}
