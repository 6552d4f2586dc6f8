/** What lists of models say about a file: plain data, made from a report. Formats; computes nothing. */
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { AnalysedModel, FileReport } from '../src-analysis/check.ts';
import type { Identifiable } from '../src-analysis/model/analysis.ts';
import type { Range } from '../src-analysis/model/graph.ts';
import { formatShare, metricPhrase, modelLine } from '../src-analysis/reports/headline.ts';
import { toLspRange } from './positions.ts';
import type { LayerSummary, LayersResult, ModelSummary } from './protocol.ts';
import { layerDetail } from './symbols.ts';
import { layerHeadline } from './wording.ts';

const maximumLayers = 1000;

/** A model with its layers, kept for as long as its file does not change. */
export interface SummarisedModel {
  readonly summary: ModelSummary;
  readonly layers: LayersResult;
}

/** @param text the source, from which ranges get their lines; undefined for binary formats */
export function summarise(uri: string, text: string | undefined, report: FileReport): SummarisedModel[] {
  const document = text === undefined ? undefined : TextDocument.create(uri, '', 0, text);
  const place = (range: Range | undefined) =>
    document && range ? { range: toLspRange(document, range) } : ({} as const);
  return report.models.map(model => ({
    summary: {
      name: model.graph.name,
      figures: modelLine(model.graph, model.analysis),
      short: shortFigures(model),
      metric: metricPhrase(model.analysis.metric),
      leak: leakOf(model),
      fraction: model.analysis.identifiable.fraction,
      changeable: model.graph.format === 'tfjs-code',
      layers: model.graph.layers.length,
      ...place(model.graph.range),
    },
    layers: layersOf(model, place),
  }));
}

function shortFigures({ analysis: { identifiable, metric } }: AnalysedModel): string {
  const share =
    identifiable.fraction === null ? 'r unknown' : `r/n ${about(identifiable)}${formatShare(identifiable.fraction)}`;
  return `${share} · ${metricPhrase(metric).replace(' = ', ' ')}`;
}

/** Marks an estimate. */
function about({ certainty }: Identifiable): string {
  return certainty === 'estimate' ? '≈ ' : '';
}

function leakOf({ analysis }: AnalysedModel): string {
  const { rank, unknowns, fraction } = analysis.identifiable;
  if (rank === null || unknowns === null || fraction === null) return '';
  return `${about(analysis.identifiable)}${rank} of ${unknowns} (${formatShare(fraction)})`;
}

function layersOf(
  { graph, analysis }: AnalysedModel,
  place: (range: Range | undefined) => Pick<LayerSummary, 'range'>,
): LayersResult {
  const verdicts = new Map(analysis.layers.map(layer => [layer.layer, layer]));
  const layers = graph.layers.slice(0, maximumLayers).map((layer): LayerSummary => {
    const figures = verdicts.get(layer.id);
    return {
      name: layer.name,
      detail: layerDetail(layer),
      headline: figures ? layerHeadline(figures) : 'No weights: this layer adds no equations of its own.',
      ...(figures ? { verdict: figures.verdict } : {}),
      ...place(layer.range),
    };
  });
  return { layers, more: graph.layers.length - layers.length };
}
