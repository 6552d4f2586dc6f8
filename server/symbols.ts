/** The outline of a document: models, and in them their layers with operator and output shape. */
import { type DocumentSymbol, SymbolKind } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { AnalysedModel, FileReport } from '../src-analysis/check.ts';
import type { Layer, Range } from '../src-analysis/model/graph.ts';
import { modelLine } from '../src-analysis/reports/headline.ts';
import { toLspRange } from './positions.ts';
import { formatShape } from './wording.ts';

/** More layers of one model than this are not listed: nobody reads them, and every keystroke would send them. */
const maximumLayers = 2000;

export function documentSymbols(document: TextDocument, report: FileReport): DocumentSymbol[] {
  return report.models.flatMap(model => {
    const { graph, analysis } = model;
    const whole = extentOf(model);
    if (!whole) return [];
    const layers = graph.layers.filter(layer => layer.range).slice(0, maximumLayers);
    return {
      name: nameOf(graph.name),
      detail: modelLine(graph, analysis),
      kind: SymbolKind.Class,
      range: toLspRange(document, whole),
      selectionRange: toLspRange(document, graph.range ?? { start: whole.start, end: whole.start }),
      children: layers.map(layer => layerSymbol(document, layer)),
    };
  });
}

function layerSymbol(document: TextDocument, layer: Layer): DocumentSymbol {
  return {
    name: nameOf(layer.name),
    detail: layerDetail(layer),
    kind: SymbolKind.Field,
    range: toLspRange(document, hull([layer.fullRange, layer.range])),
    selectionRange: toLspRange(document, layer.range),
  };
}

/** `conv2d · [30, 30, 6]`. */
export function layerDetail({ type, outputShapes }: Layer): string {
  return `${type} · ${outputShapes.map(formatShape).join(', ') || formatShape(undefined)}`;
}

/** Clients refuse symbols without a name. */
function nameOf(name: string): string {
  return name.trim() === '' ? '(unnamed)' : name;
}

/** Everything that belongs to a model: layers that `model.add` brings stand outside the call that makes the model. */
function extentOf({ graph }: AnalysedModel): Range | undefined {
  return hull([graph.fullRange, graph.range, ...graph.layers.flatMap(layer => [layer.fullRange, layer.range])]);
}

function hull(ranges: readonly (Range | undefined)[]): Range | undefined {
  let all: Range | undefined;
  for (const range of ranges) {
    if (!range) continue;
    all = all ? { start: Math.min(all.start, range.start), end: Math.max(all.end, range.end) } : range;
  }
  return all;
}
