import type { Range } from '../model/graph.ts';

/** Zero-based line and UTF-16 column, as in the language server protocol. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Offsets at which the lines of a text start. Lines end with \n, \r\n or \r. */
export type LineStarts = readonly number[];

export function lineStartsOf(text: string): LineStarts {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 13 && text.charCodeAt(i + 1) === 10) i++;
    if (code === 13 || code === 10) starts.push(i + 1);
  }
  return starts;
}

/** Position of an offset by binary search; offsets before the text go to its start. */
export function positionAt(starts: LineStarts, offset: number): Position {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return { line: low, character: Math.max(0, offset - (starts[low] ?? 0)) };
}

export function rangeToPositions(
  starts: LineStarts,
  range: Range,
): { readonly start: Position; readonly end: Position } {
  return { start: positionAt(starts, range.start), end: positionAt(starts, range.end) };
}
