import type { FileReport } from '../check.ts';
import type { Severity } from '../findings/finding.ts';

/** One file of a run, with what the reports need to say where things are. */
export interface CheckedFile {
  readonly report: FileReport;
  /** Source text; absent for binary and for unreadable files. */
  readonly text?: string;
  /** Address for SARIF where the path is not relative to the run's folder. */
  readonly uri?: string;
}

/** Everything a report is made from. */
export interface CheckRun {
  readonly files: readonly CheckedFile[];
  /** Leaklint's version. */
  readonly version: string;
}

export interface RunTotals {
  readonly files: number;
  readonly models: number;
  readonly layers: number;
  readonly findings: number;
  readonly bySeverity: Readonly<Record<Severity, number>>;
  readonly suppressed: number;
  /** Layers without a verdict and constructs that a reader could not follow. */
  readonly unresolved: number;
}

export function totalsOf(run: CheckRun): RunTotals {
  const reports = run.files.map(file => file.report);
  const models = reports.flatMap(report => report.models);
  const layers = models.flatMap(model => model.analysis.layers);
  const findings = reports.flatMap(report => report.findings);
  const count = (severity: Severity) => findings.filter(finding => finding.severity === severity).length;
  return {
    files: reports.length,
    models: models.length,
    layers: layers.length,
    findings: findings.length,
    bySeverity: { error: count('error'), warning: count('warning'), info: count('info') },
    suppressed: reports.reduce((sum, report) => sum + report.suppressed.length, 0),
    unresolved:
      layers.filter(layer => layer.verdict === 'unknown').length +
      models.reduce((sum, model) => sum + model.graph.gaps.length, 0),
  };
}
