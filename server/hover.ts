import { type Hover, MarkupKind } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileReport } from '../src-analysis/check.ts';
import type { LayerAnalysis, ModelAnalysis } from '../src-analysis/model/analysis.ts';
import type { Layer, ModelGraph, Range } from '../src-analysis/model/graph.ts';
import {
  bottleneckName,
  formatNumber,
  formatShare,
  identifiablePhrase,
  metricPhrase,
} from '../src-analysis/reports/headline.ts';
import { jointPhrase } from '../src-analysis/rules/wording.ts';
import { contains, toLspRange } from './positions.ts';
import { basisPhrase, formatShape, layerHeadline } from './wording.ts';

/** A helper called in a loop puts many layers on one token: this many are shown in full. */
const maximumLayersShown = 3;

/** The hover at an offset: every layer and model whose name token holds it. */
export function hoverAt(
  document: TextDocument,
  report: FileReport,
  offset: number,
  rulePage: (ruleId: string) => string,
): Hover | null {
  const sections: string[] = [];
  let range: Range | undefined;
  for (const { graph, analysis } of report.models) {
    if (contains(graph.range, offset)) {
      range = graph.range;
      sections.push(modelSection(graph, analysis, rulePage));
    }
    const layers = graph.layers.filter(layer => contains(layer.range, offset));
    for (const layer of layers.slice(0, maximumLayersShown)) {
      range = layer.range;
      sections.push(layerSection(graph, layer, analysis, rulePage));
    }
    if (layers.length > maximumLayersShown) {
      sections.push(`… and ${layers.length - maximumLayersShown} more layers made here.`);
    }
  }
  if (!range) return null;
  return {
    contents: { kind: MarkupKind.Markdown, value: sections.join('\n\n---\n\n') },
    range: toLspRange(document, range),
  };
}

function layerSection(
  graph: ModelGraph,
  layer: Layer,
  analysis: ModelAnalysis,
  rulePage: (ruleId: string) => string,
): string {
  const shapes = `${layer.inputShapes.map(shape => formatShape(shape)).join(' , ') || 'no input'} → ${formatShape(layer.outputShapes[0])}`;
  const title = `**Gradient leakage · ${escapeMarkdown(layer.name)}** (${escapeMarkdown(graph.name)})`;
  const figures = analysis.layers.find(entry => entry.layer === layer.id);
  if (!figures) return [title, shapes, 'This layer has no weights: it adds no equations of its own.'].join('\n\n');
  return [
    title,
    escapeInline(layerHeadline(figures)),
    shapes,
    layerTable(figures),
    figures.joint ? escapeInline(jointPhrase(graph, layer, figures.joint)) : '',
    assumptionList(figures.assumptions),
    `Basis: ${basisPhrase(figures)}${figures.nearCritical ? ', near the critical geometry' : ''}${figures.reason && figures.verdict !== 'unknown' ? ` (${escapeInline(figures.reason)})` : ''}.`,
    `[What this means](${rulePage(ruleOf(layer, figures))})`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** The rule whose page explains a layer's figures. */
function ruleOf(layer: Layer, { verdict, unknowns }: LayerAnalysis): string {
  if (verdict === 'unknown') return 'not-covered';
  if (layer.op.kind === 'embedding') return 'embedding-tokens';
  if (layer.op.kind !== 'dense') return 'soluble-layer';
  return unknowns === layer.op.inFeatures ? 'dense-input-exposed' : 'attention-span';
}

function layerTable(figures: LayerAnalysis): string {
  if (figures.unknowns === null) return '';
  const rows: [string, string][] = [
    [
      'unknowns n',
      `${figures.unknowns}${figures.touched !== null && figures.touched !== figures.unknowns ? ` (${figures.touched} reach an output)` : ''}`,
    ],
  ];
  if (figures.rows && figures.rank) {
    rows.push(
      ['weight rows, rank(W)', `${figures.rows.weights}, **${figures.rank.weights}**`],
      ['gradient rows, rank(K)', `${figures.rows.gradients}, **${figures.rank.gradients}**`],
      ['whole system, rank(U)', `**${figures.rank.system}**`],
    );
  }
  if (figures.deficiency !== null) rows.push(['deficiency rank(U) − n', formatNumber(figures.deficiency)]);
  rows.push(...assumedRows(figures));
  if (figures.deficiency !== null && figures.metricWeight !== null) {
    rows.push([
      'share of c(M)',
      `${formatNumber(figures.deficiency * figures.metricWeight, 1)} (weight ${figures.metricWeight.toFixed(2)})`,
    ]);
  }
  return ['| | |', '| --- | ---: |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

/** What the rank becomes where its assumption holds more, or less. */
function assumedRows({ rankRange, solubleFrom, batchLimit }: LayerAnalysis): [string, string][] {
  const rows: [string, string][] = [];
  if (rankRange) rows.push(['rank(U), best and worst case', `${rankRange.least} to ${rankRange.most}`]);
  if (solubleFrom !== undefined) rows.push(['soluble from active units', `${Math.round(100 * solubleFrom)} %`]);
  if (batchLimit !== undefined) {
    rows.push(['soluble for batches, each example’s δ known', batchLimit === null ? 'any' : `up to ${batchLimit}`]);
  }
  return rows;
}

function modelSection(graph: ModelGraph, analysis: ModelAnalysis, rulePage: (ruleId: string) => string): string {
  const { identifiable, metric } = analysis;
  const bottleneck = bottleneckName(graph, analysis);
  const headline =
    identifiable.rank === null || identifiable.fraction === null
      ? escapeInline(`Unknown: ${identifiable.reason ?? 'the identifiable dimension of this model is not covered.'}`)
      : `The gradient of one example fixes ${identifiable.rank} of ${identifiable.unknowns} input values (${formatShare(identifiable.fraction)}).`;
  return [
    `**Gradient leakage · ${escapeMarkdown(graph.name)}**`,
    headline,
    [
      '| | |',
      '| --- | ---: |',
      `| identifiable dimension | **${identifiablePhrase(identifiable)}** |`,
      `| layer metric | ${metricPhrase(metric)} |`,
      ...(bottleneck ? [`| decided by | ${escapeMarkdown(bottleneck)} |`] : []),
    ].join('\n'),
    'c(M) treats every hidden activation as a free unknown and can look secure while r = n; r is the figure to trust.',
    assumptionList(identifiable.assumptions),
    graph.gaps.length > 0
      ? `Not followed: ${graph.gaps
          .slice(0, 3)
          .map(gap => escapeMarkdown(gap.reason))
          .join('; ')}${graph.gaps.length > 3 ? ` and ${graph.gaps.length - 3} more` : ''}.`
      : '',
    `[What this means](${rulePage('identifiable-input')})`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

function assumptionList(assumptions: readonly string[]): string {
  return assumptions.length > 0 ? `Assumes: ${escapeInline(assumptions.join('; '))}.` : '';
}

/** The same for sentences that quote such names: only what could make markup, links or tags of them. */
function escapeInline(text: string): string {
  return text.replace(/[\\`*[\]<>|~&#]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}

/** Layer and model names come from the file: they must not become markup or links. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()<>#+\-.!|~&]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}
