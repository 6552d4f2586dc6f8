/** What every part of the parser stands on: one token of look-ahead, errors with ranges, limits. Internal to this folder. */
import type { Range } from '../../model/graph.ts';
import type { NodeProto } from '../onnx/generated/onnx_pb.ts';
import { type Notes, newNotes, note, shortened } from '../onnx/state.ts';
import { type CancellationToken, type ReadError, throwIfCancelled } from '../reader.ts';
import { createLexer, type Lexer, nextToken, type Token } from './lexer.ts';
import { createNames, type Names } from './names.ts';

/**
 * Messages (nodes, attributes, types, tensors, names) that one text may hold, and numbers in its tensors. Every one is
 * an object once parsed, and a hostile text spends few characters on it.
 */
const MAX_MESSAGES = 500_000;
const MAX_ELEMENTS = 5_000_000;

/** Subgraphs inside subgraphs, as many as binary models may have; also types inside types. */
const MAX_DEPTH = 30;

const CANCEL_EVERY = 4096;

export interface NodePlace {
  /** The operator's name. */
  readonly range: Range;
  /** The whole node. */
  readonly fullRange: Range;
  /** It does not follow the syntax; an error says so. */
  readonly broken: boolean;
}

export interface Parser {
  readonly lexer: Lexer;
  readonly cancel: CancellationToken;
  readonly errors: Notes<ReadError>;
  readonly nodePlaces: Map<NodeProto, NodePlace>;
  readonly names: Names;
  /** The token that is not taken yet. */
  token: Token;
  /** End of the token taken last. */
  lastEnd: number;
  /** Where parsing went on after the last error: what is wrong there is a consequence of it. */
  recoveredAt: number;
  depth: number;
  messages: number;
  elements: number;
}

/** Thrown where the text does not follow the syntax; caught where parsing can go on. */
export class SyntaxFault extends Error {
  readonly range: Range;
  /** A limit is reached: nothing more is read. */
  readonly final: boolean;
  constructor(message: string, range: Range, final = false) {
    super(message);
    this.range = range;
    this.final = final;
  }
}

export function createParser(text: string, cancel: CancellationToken): Parser {
  const lexer = createLexer(text);
  return {
    lexer,
    cancel,
    errors: newNotes(),
    nodePlaces: new Map(),
    names: createNames(),
    token: nextToken(lexer),
    lastEnd: 0,
    recoveredAt: -1,
    depth: 0,
    messages: 0,
    elements: 0,
  };
}

/** Takes the token and looks at the next. */
export function take(parser: Parser): Token {
  const { token } = parser;
  parser.lastEnd = token.end;
  parser.token = nextToken(parser.lexer);
  return token;
}

export function isAt({ token }: Parser, punctuation: string): boolean {
  return token.kind === 'punctuation' && token.text === punctuation;
}

export function isAtWord({ token }: Parser): boolean {
  return token.kind === 'identifier';
}

/** Identifier or quoted identifier. */
export function isAtName({ token }: Parser): boolean {
  return token.kind === 'identifier' || token.kind === 'string';
}

export function accept(parser: Parser, punctuation: string): boolean {
  if (!isAt(parser, punctuation)) return false;
  take(parser);
  return true;
}

/** @param where what the punctuation belongs to, as in "after the attribute's name" */
export function expect(parser: Parser, punctuation: string, where: string): Token {
  if (!isAt(parser, punctuation)) fail(parser, `'${punctuation}' ${where}`);
  return take(parser);
}

export function expectWord(parser: Parser, what: string): Token {
  if (!isAtWord(parser)) fail(parser, what);
  return take(parser);
}

export function expectName(parser: Parser, what: string): Token {
  if (!isAtName(parser)) fail(parser, what);
  return take(parser);
}

export function expectString(parser: Parser, what: string): string {
  if (parser.token.kind !== 'string') fail(parser, `${what} in double quotes`);
  return take(parser).text;
}

export function expectInteger(parser: Parser, what: string): bigint {
  const { token } = parser;
  if (token.kind !== 'number' || !/^-?[0-9]+$/.test(token.text)) fail(parser, `${what}, an integer`);
  const value = BigInt(take(parser).text);
  if (BigInt.asIntN(64, value) !== value) failAt(token, `The number ${shown(token.text)} is larger than 64 bits hold.`);
  return value;
}

/** @param what is expected, in words; what stands there instead is added */
export function fail({ token }: Parser, what: string): never {
  throw new SyntaxFault(`Expected ${what}${instead(token)}.`, token);
}

export function failAt(range: Range, sentence: string): never {
  throw new SyntaxFault(sentence, { start: range.start, end: range.end });
}

const SHOWN_CHARACTERS = 40;

/** The beginning of a text, for messages. */
export function shown(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

function instead({ kind, text }: Token): string {
  if (kind === 'end') return ', but the text ends here';
  if (kind === 'bad' && text.startsWith('"')) return ', but here begins a string that does not end';
  return `, not ${kind === 'string' ? `"${shown(text)}"` : `'${shown(text)}'`}`;
}

export function noteError(parser: Parser, message: string, range: Range): void {
  // An error at the end of the text would have no width, and nothing to underline.
  const { length } = parser.lexer.text;
  const start = Math.min(range.start, Math.max(0, length - 1));
  note(parser.errors, {
    message: shortened(message),
    range: { start, end: Math.max(range.end, Math.min(start + 1, length)) },
  });
}

/**
 * Parses a part; where the text does not follow the syntax, notes the error and lets `recover` find the place to go on.
 * @returns null where the part could not be read
 */
export function recovering<T>(parser: Parser, parse: () => T, recover: () => unknown): T | null {
  const { depth } = parser;
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    parser.depth = depth;
    noteFault(parser, error, recover);
    return null;
  }
}

/** Notes what is wrong, unless it is a consequence of the error before, and goes on where `recover` says. */
export function noteFault(parser: Parser, fault: SyntaxFault, recover: () => unknown): void {
  if (fault.final) throw fault;
  if (fault.range.start !== parser.recoveredAt) noteError(parser, fault.message, fault.range);
  recover();
  parser.recoveredAt = parser.token.start;
}

/** Counts what becomes an object of its own. */
export function countMessage(parser: Parser): void {
  parser.messages++;
  if (parser.messages % CANCEL_EVERY === 0) throwIfCancelled(parser.cancel);
  if (parser.messages > MAX_MESSAGES) {
    const message = 'The text has more nodes, attributes and names than Leaklint reads; the rest was not read.';
    throw new SyntaxFault(message, parser.token, true);
  }
}

export function countElement(parser: Parser): void {
  parser.elements++;
  if (parser.elements % CANCEL_EVERY === 0) throwIfCancelled(parser.cancel);
  if (parser.elements > MAX_ELEMENTS) {
    const message =
      'The text has more numbers than Leaklint reads; the rest was not read. Keep large tensors in a file.';
    throw new SyntaxFault(message, parser.token, true);
  }
}

/** Guards what may stand inside itself. */
export function nested<T>(parser: Parser, what: string, parse: () => T): T {
  if (parser.depth >= MAX_DEPTH) {
    throw new SyntaxFault(`${what} are nested more deeply than Leaklint reads.`, parser.token, true);
  }
  parser.depth++;
  const parsed = parse();
  parser.depth--;
  return parsed;
}

/** `item, item, …` up to and with the closing mark. */
export function list(parser: Parser, close: string, what: string, item: () => void): void {
  if (accept(parser, close)) return;
  do {
    item();
  } while (accept(parser, ','));
  if (!accept(parser, close)) fail(parser, `',' or '${close}' in ${what}`);
}

/** A {@link list} of which an item that cannot be read is noted and left out. */
export function recoveringList(parser: Parser, close: string, what: string, item: () => void): void {
  if (accept(parser, close)) return;
  for (;;) {
    const { start } = parser.token;
    recovering(parser, item, () => {
      // Whatever stands here is no item: nothing would be won by trying again.
      if (parser.token.start === start && isAtName(parser)) take(parser);
      skipToNextItem(parser, close);
    });
    if (accept(parser, ',')) continue;
    if (accept(parser, close)) return;
    const missing = () => fail(parser, `',' or '${close}' in ${what}`);
    // A name begins an item, even if the comma before it is missing.
    recovering(parser, missing, () => isAtName(parser) || skipToNextItem(parser, close));
    if (accept(parser, ',')) continue;
    if (accept(parser, close) || !isAtName(parser)) return;
  }
}

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };

/** Skips to the next comma or closing mark of a list, to a line that begins with a name, or to where the list is surely over. */
function skipToNextItem(parser: Parser, close: string): void {
  const open: string[] = [];
  for (; parser.token.kind !== 'end'; take(parser)) {
    const { kind, text, startsLine } = parser.token;
    countMessage(parser);
    if (startsLine && isAtName(parser)) return;
    if (kind !== 'punctuation') continue;
    if (open.length === 0 && (text === ',' || text === close)) return;
    if (text === '=>' || (text === '{' && parser.token.startsLine)) return;
    const closer = closers[text];
    if (closer !== undefined) open.push(closer);
    else if (open.at(-1) === text) open.pop();
    else if (text === ')' || text === ']' || text === '}' || text === '>') return;
  }
}
