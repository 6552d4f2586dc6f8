import { type CodeAction, CodeActionKind, type Diagnostic, type Range, TextEdit } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileReport } from '../src-analysis/check.ts';
import type { Dim, Range as SourceRange } from '../src-analysis/model/graph.ts';
import { toDiagnostic } from './diagnostics.ts';
import { isReadOnly } from './onnx-documents.ts';
import { overlaps } from './positions.ts';
import { commands, type RunAttackArgument } from './protocol.ts';
import { lineAbove, suppressionEdit } from './suppression-edit.ts';

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
  const offeredSuppressions = new Set<string>();
  const offeredPages = new Set<string>();
  const offeredAttacks = new Set<string>();
  for (const finding of report.findings) {
    const diagnostic = toDiagnostic(document, finding, ruleUriBase);
    if (!overlaps(diagnostic.range, range)) continue;
    // A call in a loop has as many findings of a rule as layers: one comment suppresses them all.
    const suppression = `${finding.ruleId} ${diagnostic.range.start.line}`;
    if (
      !notSuppressible.has(finding.ruleId) &&
      canSuppress(document, report) &&
      !offeredSuppressions.has(suppression)
    ) {
      offeredSuppressions.add(suppression);
      actions.push(suppress(document, diagnostic, finding.ruleId));
    }
    const stated =
      finding.ruleId === 'not-covered' && canSuppress(document, report) && openShapeAt(report, finding.range);
    if (stated && !actions.some(action => action.title === stateShapeTitle)) {
      actions.push(stateShape(document, diagnostic, stated));
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

const stateShapeTitle = 'State the input shape in a comment';

/** A comment with what is known of the shape, for the user to complete. */
function stateShape(document: TextDocument, diagnostic: Diagnostic, shape: readonly Dim[]): CodeAction {
  const { line, text } = lineAbove(
    document,
    diagnostic.range.start.line,
    `// leaklint-shape: [${shape.map(dim => dim ?? '?').join(', ')}]`,
  );
  return {
    title: stateShapeTitle,
    kind: CodeActionKind.QuickFix,
    diagnostics: [diagnostic],
    edit: { changes: { [document.uri]: [TextEdit.replace(line, text)] } },
  };
}

/** What is known of the input shape of the layer that stands at a range; undefined where all of it is. */
function openShapeAt(report: FileReport, range: SourceRange | undefined): readonly Dim[] | undefined {
  const layers = report.models.flatMap(({ graph }) => (graph.format === 'tfjs-code' ? graph.layers : []));
  const layer = layers.find(
    candidate => range && candidate.range?.start === range.start && candidate.range.end === range.end,
  );
  if (!layer) return undefined;
  const shape = (layer.op.kind === 'input' ? layer.outputShapes : layer.inputShapes)[0];
  if (shape === undefined || shape?.every(dim => dim !== null)) return undefined;
  return shape ?? [null];
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
