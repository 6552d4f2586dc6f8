import type { AnalysedModel } from '../check.ts';
import type { Finding, Severity } from '../findings/finding.ts';
import { type LineStarts, lineStartsOf, type Position, rangeToPositions } from '../findings/positions.ts';
import type { Identifiable, JointSystem, LayerAnalysis, Metric, RankBasis, Verdict } from '../model/analysis.ts';
import type { ModelFormat, Range, Shape } from '../model/graph.ts';
import { type CheckedFile, type CheckRun, totalsOf } from './run.ts';

/** Zero-based positions, as in the language server protocol; null for binary formats. */
export type JsonRange = { readonly start: Position; readonly end: Position } | null;

/** The report of `leaklint check --format json`, version 1. Names are kept; fields may be added. */
export interface CheckJson {
  readonly version: 1;
  readonly files: readonly JsonFile[];
  readonly summary: {
    readonly files: number;
    readonly models: number;
    readonly layers: number;
    readonly findings: number;
    readonly unresolved: number;
    readonly errors: number;
    readonly warnings: number;
    readonly infos: number;
    readonly suppressed: number;
  };
}

export interface JsonFile {
  readonly path: string;
  readonly errors: readonly { readonly message: string; readonly range: JsonRange }[];
  readonly models: readonly JsonModel[];
  readonly findings: readonly JsonFinding[];
  readonly suppressed: readonly (JsonFinding & { readonly reason: string | null; readonly by: 'comment' | 'config' })[];
}

export interface JsonModel {
  readonly name: string;
  readonly format: ModelFormat;
  readonly range: JsonRange;
  readonly metric: Metric;
  readonly identifiable: Pick<Identifiable, 'rank' | 'unknowns' | 'fraction' | 'basis'> & {
    readonly bottleneck: string | null;
    readonly reason?: string;
    readonly assumptions: readonly string[];
  };
  readonly gaps: readonly { readonly reason: string; readonly range: JsonRange }[];
  readonly layers: readonly JsonLayer[];
}

export interface JsonLayer {
  readonly name: string;
  readonly op: string;
  readonly range: JsonRange;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly unknowns: number | null;
  readonly touched: number | null;
  readonly rows: LayerAnalysis['rows'];
  readonly rank: LayerAnalysis['rank'];
  readonly deficiency: number | null;
  readonly metricWeight: number | null;
  readonly verdict: Verdict;
  readonly basis: RankBasis;
  readonly reason?: string;
  /** rank(U) at its least and at its most, where an assumption decides it. */
  readonly rankRange?: { readonly least: number; readonly most: number };
  /** Share of active units from which on the layer is soluble. */
  readonly solubleFrom?: number;
  /** Largest batch for which the layer is soluble if each example's δ is known; null for any. */
  readonly batchLimit?: number | null;
  /** What all convolutions that read the same tensor know of it together; `layers` are their names. */
  readonly joint?: Omit<JointSystem, 'layers'> & { readonly layers: readonly string[] };
  readonly assumptions: readonly string[];
}

export interface JsonFinding {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly message: string;
  readonly range: JsonRange;
  readonly model: string | null;
  readonly layer: string | null;
  readonly helpUri: string;
  readonly related?: readonly { readonly message: string; readonly range: JsonRange }[];
}

export function checkJson(run: CheckRun): CheckJson {
  const { bySeverity, suppressed, ...totals } = totalsOf(run);
  return {
    version: 1,
    files: run.files.map(fileJson),
    summary: {
      ...totals,
      errors: bySeverity.error,
      warnings: bySeverity.warning,
      infos: bySeverity.info,
      suppressed,
    },
  };
}

/** The report as text, ending in a line break. */
export function jsonReport(run: CheckRun): string {
  return `${JSON.stringify(checkJson(run), null, 2)}\n`;
}

function fileJson({ report, text }: CheckedFile): JsonFile {
  const toRange = rangeConverter(text);
  return {
    path: report.path,
    errors: report.errors.map(({ message, range }) => ({ message, range: toRange(range) })),
    models: report.models.map(model => modelJson(model, toRange)),
    findings: report.findings.map(finding => findingJson(finding, toRange)),
    suppressed: report.suppressed.map(({ finding, reason, kind }) => ({
      ...findingJson(finding, toRange),
      reason: reason ?? null,
      by: kind === 'inSource' ? 'comment' : 'config',
    })),
  };
}

type ToRange = (range: Range | undefined) => JsonRange;

function rangeConverter(text: string | undefined): ToRange {
  const starts: LineStarts = lineStartsOf(text ?? '');
  return range => (range && text !== undefined ? rangeToPositions(starts, range) : null);
}

function modelJson({ graph, analysis }: AnalysedModel, toRange: ToRange): JsonModel {
  const { bottleneck, reason, ...identifiable } = analysis.identifiable;
  return {
    name: graph.name,
    format: graph.format,
    range: toRange(graph.range),
    metric: analysis.metric,
    identifiable: {
      ...identifiable,
      bottleneck: bottleneck === undefined ? null : (graph.layers[bottleneck]?.name ?? null),
      ...(reason === undefined ? {} : { reason }),
    },
    gaps: graph.gaps.map(gap => ({ reason: gap.reason, range: toRange(gap.range) })),
    layers: analysis.layers.map(figures =>
      layerJson(figures, graph.layers[figures.layer], toRange, id => graph.layers[id]?.name ?? ''),
    ),
  };
}

function layerJson(
  figures: LayerAnalysis,
  layer: AnalysedModel['graph']['layers'][number] | undefined,
  toRange: ToRange,
  nameOf: (id: number) => string,
): JsonLayer {
  return {
    name: layer?.name ?? '',
    op: layer?.type ?? '',
    range: toRange(layer?.range),
    inputShape: layer?.inputShapes[0] ?? null,
    outputShape: layer?.outputShapes[0] ?? null,
    unknowns: figures.unknowns,
    touched: figures.touched,
    rows: figures.rows,
    rank: figures.rank,
    deficiency: figures.deficiency,
    metricWeight: figures.metricWeight,
    verdict: figures.verdict,
    basis: figures.basis,
    ...(figures.reason === undefined ? {} : { reason: figures.reason }),
    ...(figures.rankRange === undefined ? {} : { rankRange: figures.rankRange }),
    ...(figures.solubleFrom === undefined ? {} : { solubleFrom: figures.solubleFrom }),
    ...(figures.batchLimit === undefined ? {} : { batchLimit: figures.batchLimit }),
    ...(figures.joint === undefined ? {} : { joint: { ...figures.joint, layers: figures.joint.layers.map(nameOf) } }),
    assumptions: figures.assumptions,
  };
}

function findingJson(finding: Finding, toRange: ToRange): JsonFinding {
  return {
    ruleId: finding.ruleId,
    severity: finding.severity,
    message: finding.message,
    range: toRange(finding.range),
    model: finding.model ?? null,
    layer: finding.layer ?? null,
    helpUri: finding.helpUri,
    ...(finding.related
      ? { related: finding.related.map(({ message, range }) => ({ message, range: toRange(range) })) }
      : {}),
  };
}
