import type { Comment } from '../reader.ts';

export type TokenKind =
  | 'identifier'
  | 'string'
  | 'number'
  /** One of `<>()[]{},:.=?@` or `=>`. */
  | 'punctuation'
  /** A character that the syntax has no use for, a string without an end, or a number without digits. */
  | 'bad'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The text itself; for strings their value, without quotes and escapes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Nothing but white space stands before it on its line. */
  readonly startsLine: boolean;
}

export interface Lexer {
  readonly text: string;
  readonly comments: Comment[];
  position: number;
  /** A string had no end: the strings after it are sought on their own lines only, so that time stays linear. */
  unterminated: boolean;
}

export function createLexer(text: string): Lexer {
  return { text, comments: [], position: text.startsWith('\uFEFF') ? 1 : 0, unterminated: false };
}

const space = /[ \t\n\v\f\r]*/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
/** A minus sign may stand before a number or before `inf`, `infinity` and `nan`. */
const number = /-?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?|[A-Za-z]+)/y;
const lineEnd = /[\r\n]/g;

/** The next token; comments (`#` to the end of the line) are collected on the way. */
export function nextToken(lexer: Lexer): Token {
  const { text } = lexer;
  const before = lexer.position;
  skipSpaceAndComments(lexer);
  const start = lexer.position;
  const startsLine = before === 0 || hasLineBreak(text, before, start);
  const token = (kind: TokenKind, end: number, value = text.slice(start, end)): Token => {
    lexer.position = end;
    return { kind, text: value, start, end, startsLine };
  };
  if (start >= text.length) return token('end', start, '');
  const character = text.charCodeAt(start);
  if (isLetter(character)) return token('identifier', endOf(word, text, start));
  if (isDigit(character) || character === minus) {
    const end = endOf(number, text, start);
    return end === start ? token('bad', start + 1) : token('number', end);
  }
  if (character === quote) return stringToken(lexer, start, token);
  if (text.startsWith('=>', start)) return token('punctuation', start + 2);
  if ('<>()[]{},:.=?@'.includes(text[start]!)) return token('punctuation', start + 1);
  return token('bad', start + (text.codePointAt(start)! > 0xffff ? 2 : 1));
}

const minus = 0x2d;
const quote = 0x22;
const backslash = 0x5c;
const hash = 0x23;

function isLetter(character: number): boolean {
  return (character >= 65 && character <= 90) || (character >= 97 && character <= 122) || character === 95;
}

function isDigit(character: number): boolean {
  return character >= 48 && character <= 57;
}

function endOf(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : start;
}

function skipSpaceAndComments(lexer: Lexer): void {
  const { text } = lexer;
  for (;;) {
    lexer.position = endOf(space, text, lexer.position);
    if (text.charCodeAt(lexer.position) !== hash) return;
    const start = lexer.position;
    lexer.position = endOfLine(text, start);
    lexer.comments.push({ range: { start, end: lexer.position }, text: text.slice(start + 1, lexer.position) });
  }
}

function hasLineBreak(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const character = text.charCodeAt(at);
    if (character === 10 || character === 13) return true;
  }
  return false;
}

function endOfLine(text: string, start: number): number {
  lineEnd.lastIndex = start;
  return lineEnd.exec(text)?.index ?? text.length;
}

/** Strings may span lines; a backslash stands for the character after it. One without an end is taken to its line's end. */
function stringToken(
  lexer: Lexer,
  start: number,
  token: (kind: TokenKind, end: number, value: string) => Token,
): Token {
  const { text } = lexer;
  const limit = lexer.unterminated ? endOfLine(text, start) : text.length;
  let value = '';
  let from = start + 1;
  for (let at = from; at < limit; at++) {
    const character = text.charCodeAt(at);
    if (character === quote) return token('string', at + 1, value + text.slice(from, at));
    if (character === backslash) {
      value += text.slice(from, at);
      from = at + 1;
      at++;
    }
  }
  lexer.unterminated = true;
  const end = endOfLine(text, start);
  return token('bad', end, text.slice(start, end));
}
