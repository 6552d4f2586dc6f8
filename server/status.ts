import type { Connection } from 'vscode-languageserver';
import type { FileReport } from '../src-analysis/check.ts';
import { modelLine } from '../src-analysis/reports/headline.ts';
import { type StatusParams, statusNotification } from './protocol.ts';

/** Tells the client what to show for a document: its first model's figures, and how many more there are. */
export function sendStatus(
  connection: Connection,
  uri: string,
  report: FileReport | undefined,
  busy: boolean,
  failure?: string,
): void {
  void connection.sendNotification(statusNotification, statusOf(uri, report, busy, failure));
}

export function statusOf(
  uri: string,
  report: FileReport | undefined,
  busy: boolean,
  failure: string | undefined,
): StatusParams {
  if (failure) return { uri, busy, text: 'not analysed', detail: failure, severity: 'error' };
  const first = report?.models[0];
  if (!report || !first) return { uri, busy, text: '', detail: '', severity: 'info' };
  const others = report.models.length - 1;
  const warnings = report.findings.filter(finding => finding.severity !== 'info').length;
  return {
    uri,
    busy,
    text: modelLine(first.graph, first.analysis),
    detail: `${first.graph.name}${others > 0 ? ` and ${others} more` : ''} · ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    severity: warnings > 0 ? 'warning' : 'info',
  };
}
