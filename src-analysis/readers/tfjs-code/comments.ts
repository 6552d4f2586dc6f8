import ts from 'typescript';
import type { Comment } from '../reader.ts';

/** Every comment of a source file, in order, with its text without the marks. */
export function commentsOf(source: ts.SourceFile): Comment[] {
  const { text } = source;
  const literals = literalRanges(source);
  const comments: Comment[] = [];
  let next = 0;
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at)) {
    while (next < literals.length && literals[next]!.end <= at) next++;
    const literal = literals[next];
    if (literal && literal.start <= at) {
      at = literal.end;
      continue;
    }
    const end = commentEnd(text, at);
    if (end === undefined) at++;
    else {
      comments.push({ range: { start: at, end }, text: commentText(text.slice(at, end)) });
      at = end;
    }
  }
  return comments;
}

function commentEnd(text: string, at: number): number | undefined {
  if (text[at + 1] === '*') {
    const close = text.indexOf('*/', at + 2);
    return close < 0 ? text.length : close + 2;
  }
  if (text[at + 1] !== '/') return undefined;
  let end = at;
  while (end < text.length && !ts.isLineBreak(text.charCodeAt(end))) end++;
  return end;
}

function commentText(comment: string): string {
  return (comment.startsWith('//') ? comment.slice(2) : comment.slice(2).replace(/\*\/$/, '')).trim();
}

/** Strings, templates, regular expressions and JSX text, in order: slashes in them begin no comment. */
function literalRanges(source: ts.SourceFile): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  const pending: ts.Node[] = [source];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node)) {
      ranges.push({ start: node.getStart(source), end: node.end });
    } else if (ts.isJsxText(node)) ranges.push({ start: node.pos, end: node.end });
    ts.forEachChild(node, child => void pending.push(child));
  }
  return ranges.sort((a, b) => a.start - b.start);
}
