/** The figures of a model in one line: lenses, status, and the heads of reports. Formats; computes nothing. */
import type { Identifiable, Metric, ModelAnalysis } from '../model/analysis.ts';
import type { ModelGraph } from '../model/graph.ts';

/** A real minus sign, as the figures are read in prose. */
export function formatNumber(value: number, digits = 0): string {
  return value.toFixed(digits).replace('-', '−');
}

export function formatShare(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

/** `c(M) = −2266`, or why there is none. */
export function metricPhrase(metric: Metric): string {
  if (metric.cRounded === null) return metric.coverage === 'complete' ? 'no convolution' : 'c(M) unknown';
  return `c(M) = ${formatNumber(metric.cRounded)}${metric.coverage === 'partial' ? ' (partial)' : ''}`;
}

/** `r = 1029 of 3072 (33.5 %)`, `r ≈ 1029 of 3072 (33.5 %, estimate)`, or `r unknown`. */
export function identifiablePhrase({ rank, unknowns, fraction, certainty }: Identifiable): string {
  if (rank === null || unknowns === null) return 'r unknown';
  const estimate = certainty === 'estimate';
  const marks = [...(fraction === null ? [] : [formatShare(fraction)]), ...(estimate ? ['estimate'] : [])];
  return `r ${estimate ? '≈' : '='} ${rank} of ${unknowns}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`;
}

export function bottleneckName(graph: ModelGraph, analysis: ModelAnalysis): string | undefined {
  const id = analysis.identifiable.bottleneck;
  return id === undefined ? undefined : graph.layers[id]?.name;
}

/** `r = 1029 of 3072 (33.5 %) · c(M) = −2266 · decided by conv2d_2`. */
export function modelLine(graph: ModelGraph, analysis: ModelAnalysis): string {
  const parts = [identifiablePhrase(analysis.identifiable), metricPhrase(analysis.metric)];
  const bottleneck = bottleneckName(graph, analysis);
  const { rank, unknowns } = analysis.identifiable;
  if (bottleneck && rank !== null && rank !== unknowns) parts.push(`decided by ${bottleneck}`);
  return parts.join(' · ');
}
