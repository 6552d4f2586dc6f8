import type { Range as LspRange, Position } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Range } from '../src-analysis/model/graph.ts';

/** Offsets to LSP positions. Findings without a range (the whole file) go to its start. */
export function toLspRange(document: TextDocument, range: Range | undefined): LspRange {
  const { start, end } = range ?? { start: 0, end: 0 };
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

export function contains(range: Range | undefined, offset: number): range is Range {
  return range !== undefined && range.start <= offset && offset <= range.end;
}

/** Whether two LSP ranges share a position. */
export function overlaps(a: LspRange, b: LspRange): boolean {
  return !before(a.end, b.start) && !before(b.end, a.start);
}

function before(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
