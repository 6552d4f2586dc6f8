import { type CodeAction, CodeActionKind, type Diagnostic, type Range, TextEdit } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileReport } from '../src-analysis/check.ts';
import { toDiagnostic } from './diagnostics.ts';
import { isReadOnly } from './onnx-documents.ts';
import { overlaps } from './positions.ts';
import { commands, type RunAttackArgument } from './protocol.ts';
import { suppressionEdit } from './suppression-edit.ts';

/** Rules that report on Leaklint's own input: suppressing them by comment would hide the mistake. */
const notSuppressible = new Set(['read-error', 'unused-suppression']);

/** Code actions for the findings in a range. Reads the cached report only, so that saving never waits for analysis. */
export function actionsFor(
  document: TextDocument,
  report: FileReport,
  range: Range,
  ruleUriBase: string | undefined,
): CodeAction[] {
  const actions: CodeAction[] = [];
  const offeredPages = new Set<string>();
  const offeredAttacks = new Set<string>();
  for (const finding of report.findings) {
    const diagnostic = toDiagnostic(document, finding, ruleUriBase);
    if (!overlaps(diagnostic.range, range)) continue;
    if (!notSuppressible.has(finding.ruleId) && canSuppress(document, report)) {
      actions.push(suppress(document, diagnostic, finding.ruleId));
    }
    if (!offeredPages.has(finding.ruleId)) {
      offeredPages.add(finding.ruleId);
      actions.push(openPage(diagnostic, finding.ruleId));
    }
    if (finding.model !== undefined && !offeredAttacks.has(finding.model)) {
      offeredAttacks.add(finding.model);
      actions.push(runAttack(document, diagnostic, finding.model));
    }
  }
  return actions;
}

/** Where a comment can be written: not in JSON, nor in a document that nobody can type into. */
function canSuppress(document: TextDocument, report: FileReport): boolean {
  const format = report.models[0]?.graph.format;
  return (format === 'tfjs-code' || format === 'onnx-text') && !isReadOnly(document.uri);
}

function suppress(document: TextDocument, diagnostic: Diagnostic, ruleId: string): CodeAction {
  const { line, text } = suppressionEdit(document, diagnostic.range.start.line, ruleId);
  return {
    title: `Suppress ${ruleId} for this line`,
    kind: CodeActionKind.QuickFix,
    diagnostics: [diagnostic],
    edit: { changes: { [document.uri]: [TextEdit.replace(line, text)] } },
  };
}

function openPage(diagnostic: Diagnostic, ruleId: string): CodeAction {
  return {
    title: `Explain ${ruleId}`,
    kind: CodeActionKind.QuickFix,
    diagnostics: [diagnostic],
    command: { title: `Explain ${ruleId}`, command: commands.openRulePage, arguments: [ruleId] },
  };
}

function runAttack(document: TextDocument, diagnostic: Diagnostic, model: string): CodeAction {
  const argument: RunAttackArgument = { uri: document.uri, model };
  return {
    title: `Run leakage attack on ${model}`,
    kind: CodeActionKind.QuickFix,
    diagnostics: [diagnostic],
    command: { title: 'Run leakage attack', command: commands.runLeakageAttack, arguments: [argument] },
  };
}
