import { type Diagnostic, DiagnosticSeverity } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileReport } from '../src-analysis/check.ts';
import type { Finding, Severity } from '../src-analysis/findings/finding.ts';
import { toLspRange } from './positions.ts';

const severities: Record<Severity, DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
};

export const source = 'leaklint';

/** The link shown on a finding's rule id. */
export function ruleUri(finding: Finding, ruleUriBase: string | undefined): string {
  return ruleUriBase ? ruleUriBase + finding.ruleId : finding.helpUri;
}

export function toDiagnostic(document: TextDocument, finding: Finding, ruleUriBase: string | undefined): Diagnostic {
  const diagnostic: Diagnostic = {
    range: toLspRange(document, finding.range),
    severity: severities[finding.severity],
    source,
    code: finding.ruleId,
    codeDescription: { href: ruleUri(finding, ruleUriBase) },
    message: finding.message,
  };
  const related = finding.related?.filter(place => place.range);
  if (related?.length) {
    diagnostic.relatedInformation = related.map(place => ({
      location: { uri: document.uri, range: toLspRange(document, place.range) },
      message: place.message,
    }));
  }
  return diagnostic;
}

export function toDiagnostics(
  document: TextDocument,
  report: FileReport,
  ruleUriBase: string | undefined,
): Diagnostic[] {
  return report.findings.map(finding => toDiagnostic(document, finding, ruleUriBase));
}

/** The single diagnostic of a document whose check crashed or did not end. */
export function failureDiagnostic(message: string): Diagnostic {
  const start = { line: 0, character: 0 };
  return { range: { start, end: start }, severity: DiagnosticSeverity.Error, source, code: 'read-error', message };
}
