import type { Range } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { onnxTextLanguage } from './onnx-documents.ts';

const directive = /^(\s*(?:\/\/|#)\s*leaklint-disable-next-line\s+)([\w-]+(?:\s*,\s*[\w-]+)*)(.*)$/;

/**
 * The edit that suppresses a rule on a line: a directive on the line above. An existing directive there gains the rule
 * and keeps its reason, so that two suppressions of one line do not shadow each other.
 */
export function suppressionEdit(
  document: TextDocument,
  line: number,
  ruleId: string,
): { readonly line: Range; readonly text: string } {
  if (line > 0) {
    const above = lineRange(document, line - 1);
    const existing = directive.exec(document.getText(above));
    if (existing) {
      const [, opening = '', rules = '', rest = ''] = existing;
      return { line: above, text: `${opening}${rules}, ${ruleId}${rest}` };
    }
  }
  return lineAbove(document, line, `${commentMark(document)} leaklint-disable-next-line ${ruleId}`);
}

/** The edit that puts a line of its own above one, indented as that. */
export function lineAbove(
  document: TextDocument,
  line: number,
  text: string,
): { readonly line: Range; readonly text: string } {
  const indent = /^\s*/.exec(document.getText(lineRange(document, line)))?.[0] ?? '';
  const start = { line, character: 0 };
  return { line: { start, end: start }, text: `${indent}${text}${lineEnd(document)}` };
}

function commentMark({ languageId }: TextDocument): string {
  return languageId === onnxTextLanguage ? '#' : '//';
}

function lineRange(document: TextDocument, line: number): Range {
  const start = document.offsetAt({ line, character: 0 });
  const text = document.getText({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } });
  const end = start + text.replace(/\r?\n$/, '').length;
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

function lineEnd(document: TextDocument): string {
  return document.getText().includes('\r\n') ? '\r\n' : '\n';
}
