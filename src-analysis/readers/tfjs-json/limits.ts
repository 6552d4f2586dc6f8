import { createScanner, type SyntaxKind } from 'jsonc-parser';
import { type CancellationToken, type ReadError, throwIfCancelled } from '../reader.ts';

/** Brackets nested deeper than this are refused: the parser and this reader are recursive. */
const maximalDepth = 200;
/** A file with more tokens is refused, for its tree would take too much memory. 10 000 layers take about 1.5 million. */
const maximalTokens = 3_000_000;
/** Characters. The topologies of the largest published models take a few million. */
const maximalLength = 128 * 1024 * 1024;

// `SyntaxKind` is a const enum without a value at run time for isolated modules.
const openBrace: SyntaxKind = 1;
const closeBrace: SyntaxKind = 2;
const openBracket: SyntaxKind = 3;
const closeBracket: SyntaxKind = 4;
const endOfFile: SyntaxKind = 17;

/** Why a text is too large or too deep to be parsed, and where; undefined where it is not. Needs no recursion. */
export function findExcess(text: string, cancel: CancellationToken): ReadError | undefined {
  const excess = (what: string, offset: number): ReadError => ({
    message: `Leaklint does not read this file, which is ${what}.`,
    range: { start: offset, end: Math.min(offset + 1, text.length) },
  });
  if (text.length > maximalLength) return excess(`longer than ${maximalLength} characters`, 0);
  const scanner = createScanner(text, true);
  // Only a bracket of the same kind closes one, as in the parser: broken JSON never looks shallower than it is to it.
  const open: SyntaxKind[] = [];
  for (let tokens = 0; tokens <= maximalTokens; tokens++) {
    if (tokens % 4096 === 0) throwIfCancelled(cancel);
    const kind = scanner.scan();
    if (kind === endOfFile) return undefined;
    if (kind === openBrace || kind === openBracket) open.push(kind === openBrace ? closeBrace : closeBracket);
    else if (kind === open.at(-1)) open.pop();
    if (open.length > maximalDepth) return excess(`nested more than ${maximalDepth} deep`, scanner.getTokenOffset());
  }
  return excess(`made of more than ${maximalTokens} JSON tokens`, scanner.getTokenOffset());
}
