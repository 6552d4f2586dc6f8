import type { AnalysedModel } from '../check.ts';
import type { Finding, Severity } from '../findings/finding.ts';
import { type LineStarts, lineStartsOf, positionAt } from '../findings/positions.ts';
import { printable } from '../findings/printable.ts';
import type { Identifiable, LayerAnalysis, Metric, RankBasis } from '../model/analysis.ts';
import type { Layer, Shape } from '../model/graph.ts';
import { type CheckedFile, type CheckRun, type RunTotals, totalsOf } from './run.ts';
import { type Column, tableLines } from './table.ts';

/** Colours, given by the caller: a terminal's, or none. */
export type Paint = Readonly<
  Record<'bold' | 'dim' | 'red' | 'yellow' | 'cyan' | 'underline', (text: string) => string>
>;

const same = (text: string) => text;
export const noColours: Paint = { bold: same, dim: same, red: same, yellow: same, cyan: same, underline: same };

/** The report for people: per file its models with a layer table and headline figures, then the findings, then totals. */
export function textReport(run: CheckRun, paint: Paint = noColours): string {
  const sections = run.files.filter(hasContent).map(file => fileLines(file, paint).join('\n'));
  return `${[...sections, summaryLines(totalsOf(run), paint).join('\n')].join('\n\n')}\n`;
}

function hasContent({ report }: CheckedFile): boolean {
  return report.models.length + report.findings.length + report.suppressed.length > 0;
}

function fileLines(file: CheckedFile, paint: Paint): string[] {
  const { report } = file;
  const starts = file.text === undefined ? null : lineStartsOf(file.text);
  const lines = [paint.underline(printable(report.path))];
  for (const model of report.models) lines.push(...modelLines(model, starts, paint), '');
  lines.push(...findingLines(report.findings, starts, paint));
  if (report.suppressed.length > 0) {
    lines.push(paint.dim(`  ${count(report.suppressed.length, 'finding')} suppressed`));
  }
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

function modelLines({ graph, analysis }: AnalysedModel, starts: LineStarts | null, paint: Paint): string[] {
  const place = graph.range && starts ? `, line ${positionAt(starts, graph.range.start).line + 1}` : '';
  const bottleneck = graph.layers[analysis.identifiable.bottleneck ?? -1];
  return [
    `  ${paint.bold(printable(graph.name))} ${paint.dim(`(${graph.format}${place})`)}`,
    ...layerTable(analysis.layers, graph.layers, paint).map(line => `    ${line}`),
    `    ${identifiableLine(analysis.identifiable, bottleneck)}`,
    `    ${metricLine(analysis.metric)}`,
    ...(graph.gaps.length > 0 ? [`    ${count(graph.gaps.length, 'construct')} not followed: partial`] : []),
  ];
}

const columns: readonly Column[] = [
  { title: 'layer', align: 'left' },
  { title: 'op', align: 'left' },
  { title: 'input', align: 'left' },
  { title: 'output', align: 'left' },
  { title: 'unknowns', align: 'right' },
  { title: 'W rows', align: 'right' },
  { title: 'K rows', align: 'right' },
  { title: 'rank W', align: 'right' },
  { title: 'rank K', align: 'right' },
  { title: 'rank U', align: 'right' },
  { title: 'deficiency', align: 'right' },
  { title: 'verdict', align: 'left' },
];

function layerTable(layers: readonly LayerAnalysis[], graph: readonly Layer[], paint: Paint): string[] {
  if (layers.length === 0) return [paint.dim('no layer with weights')];
  const [title = '', ...rows] = tableLines(
    columns,
    layers.map(figures => layerCells(figures, graph[figures.layer])),
  );
  // Colour is added once the widths are known. No verdict is green: none of them means "safe".
  const colours = { soluble: paint.red, deficient: paint.yellow, unknown: paint.dim };
  return [paint.dim(title), ...rows.map((row, index) => colours[layers[index]?.verdict ?? 'unknown'](row))];
}

const basisNotes: Readonly<Record<RankBasis, string>> = { law: '', 'finite-field': ' (exact)', 'not-covered': '' };

function layerCells(figures: LayerAnalysis, layer: Layer | undefined): string[] {
  const { rows, rank } = figures;
  return [
    printable(layer?.name ?? ''),
    printable(layer?.type ?? ''),
    shapeText(layer?.inputShapes[0]),
    shapeText(layer?.outputShapes[0]),
    numberText(figures.unknowns),
    numberText(rows?.weights),
    numberText(rows?.gradients),
    numberText(rank?.weights),
    numberText(rank?.gradients),
    rankText(figures),
    numberText(figures.deficiency),
    `${figures.verdict}${basisNotes[figures.basis]}${figures.nearCritical && figures.basis === 'law' ? ' (law, near-critical)' : ''}`,
  ];
}

/** rank(U), and between which bounds it lies where that rests on an assumption. */
function rankText({ rank, rankRange }: LayerAnalysis): string {
  const bounds = rank && rankRange ? ` (${rankRange.least} to ${rankRange.most})` : '';
  return `${numberText(rank?.system)}${bounds}`;
}

function identifiableLine(identifiable: Identifiable, bottleneck: Layer | undefined): string {
  const { rank, unknowns, fraction, basis, certainty, reason } = identifiable;
  if (rank === null || unknowns === null || fraction === null) {
    return printable(reason ?? 'The identifiable dimension r is unknown.');
  }
  const share = rank === unknowns ? '100 %' : `${Math.min(99.9, 100 * fraction).toFixed(1)} %`;
  const decides = bottleneck && rank < unknowns ? `, decided by ${printable(bottleneck.name)}` : '';
  const estimate = certainty === 'estimate';
  const how = estimate ? 'estimate' : basis;
  return `r ${estimate ? '≈' : '='} ${rank} of ${unknowns} input entries identifiable (${share}, ${how}${decides})`;
}

function metricLine({ c, cRounded, coverage }: Metric): string {
  if (c === null) return coverage === 'partial' ? 'c(M) unknown: no convolution is covered' : 'c(M): no convolution';
  const shown = Math.round(c * 1000) / 1000;
  const rounded = cRounded === null || cRounded === shown ? '' : `, ${numberText(cRounded)} as the paper rounds`;
  return `c(M) = ${numberText(shown)}${rounded}${coverage === 'partial' ? ' (partial: some layers are unknown)' : ''}`;
}

const severityWords: Readonly<Record<Severity, string>> = { error: 'error  ', warning: 'warning', info: 'info   ' };

function findingLines(findings: readonly Finding[], starts: LineStarts | null, paint: Paint): string[] {
  const colours = { error: paint.red, warning: paint.yellow, info: paint.cyan };
  const place = ({ range }: Finding) => {
    if (!range || !starts) return '-';
    const { line, character } = positionAt(starts, range.start);
    return `${line + 1}:${character + 1}`;
  };
  const places = findings.map(place);
  const width = Math.max(0, ...places.map(text => text.length));
  return findings.map((finding, index) => {
    const severity = colours[finding.severity](severityWords[finding.severity]);
    return `  ${(places[index] ?? '').padEnd(width)}  ${severity}  ${finding.message}  ${paint.dim(finding.ruleId)}`;
  });
}

function summaryLines(totals: RunTotals, paint: Paint): string[] {
  const { bySeverity } = totals;
  const found = [
    count(bySeverity.error, 'error'),
    count(bySeverity.warning, 'warning'),
    count(bySeverity.info, 'note'),
    ...(totals.suppressed > 0 ? [`${totals.suppressed} suppressed`] : []),
  ].join(', ');
  const lines = [`${paint.bold(`${count(totals.models, 'model')} in ${count(totals.files, 'file')}`)}: ${found}`];
  if (totals.unresolved > 0) {
    lines.push(`${totals.unresolved} of what was read has no verdict: unknown is not the same as no leakage.`);
  } else if (totals.models > 0 && bySeverity.error + bySeverity.warning === 0) {
    lines.push('No warning is not a proof of privacy: each rule page lists its conditions.');
  }
  return lines;
}

function shapeText(shape: Shape | undefined): string {
  if (!shape) return '?';
  return shape.length === 0 ? 'scalar' : shape.map(dim => dim ?? '?').join('×');
}

/** A real minus sign, and a dash for what is not known. */
function numberText(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : String(value).replace('-', '−');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
