import type { Finding, Severity } from '../findings/finding.ts';
import { lineStartsOf, positionAt } from '../findings/positions.ts';
import type { CheckedFile, CheckRun } from './run.ts';

const commands: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'notice' };

/** GitHub Actions workflow commands: one annotation a finding, at one-based lines and columns. */
export function githubReport(run: CheckRun): string {
  return run.files.flatMap(file => file.report.findings.map(finding => annotation(file, finding))).join('');
}

function annotation({ report, text }: CheckedFile, finding: Finding): string {
  const properties = [`file=${escapeProperty(report.path)}`, ...place(text, finding)];
  properties.push(`title=${escapeProperty(`Leaklint: ${finding.ruleId}`)}`);
  return `::${commands[finding.severity]} ${properties.join(',')}::${escapeData(finding.message)}\n`;
}

function place(text: string | undefined, { range }: Finding): string[] {
  if (text === undefined || !range) return [];
  const starts = lineStartsOf(text);
  const start = positionAt(starts, range.start);
  const end = positionAt(starts, range.end);
  const lines = [`line=${start.line + 1}`, `endLine=${end.line + 1}`];
  // GitHub takes columns only for annotations within one line.
  if (start.line !== end.line) return lines;
  return [...lines, `col=${start.character + 1}`, `endColumn=${end.character + 1}`];
}

function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
