import type { Dim as PlainDim, Shape as PlainShape } from '../../model/graph.ts';

/**
 * A dimension inside the reader: a length; a symbolic expression in canonical form ("T", "2*T+1", "floor((H+1)/2)"), so
 * that two equal expressions are equal strings; or null where nothing is known. Symbols are the file's `dim_param`
 * names, each standing for one length throughout the model.
 */
export type Dim = number | string | null;

/** A shape with all its axes; null where not even the rank is known. */
export type Shape = readonly Dim[] | null;

/** Largest dimension that is believed: the limit of ONNX Runtime's and every other runtime's index type. */
export const MAX_DIM = 2 ** 31 - 1;

/** Longer expressions are given up: nobody reads them, and a hostile file would make them grow without bound. */
const MAX_LENGTH = 120;
const MAX_TERMS = 8;
const MAX_DEGREE = 6;

/** Integer coefficients by monomial; a monomial is its factors in order, joined by "*", and '' for the constant. */
type Polynomial = ReadonlyMap<string, number>;

/** A dimension as other parts of Leaklint know it: a length or null. */
export function plainDim(dim: Dim): PlainDim {
  return typeof dim === 'number' ? dim : null;
}

export function plainShape(shape: Shape): PlainShape {
  return shape?.map(plainDim) ?? null;
}

/** A computed dimension, or null if no tensor could have it. */
export function checkedDim(value: number | null): number | null;
export function checkedDim(value: Dim): Dim;
export function checkedDim(value: Dim): Dim {
  if (typeof value !== 'number') return value;
  return Number.isSafeInteger(value) && value >= 0 && value <= MAX_DIM ? value : null;
}

export function plus(a: Dim, b: Dim): Dim {
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number') return exact(a + b);
  if (a === 0 || b === 0) return a === 0 ? b : a;
  return simplified(added(polynomial(a), polynomial(b), 1));
}

export function minus(a: Dim, b: Dim): Dim {
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number') return exact(a - b);
  if (b === 0 || a === b) return b === 0 ? a : 0;
  return simplified(added(polynomial(a), polynomial(b), -1));
}

export function times(a: Dim, b: Dim): Dim {
  if (a === 0 || b === 0) return 0;
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number') return exact(a * b);
  if (a === 1 || b === 1) return a === 1 ? b : a;
  const result = new Map<string, number>();
  for (const [left, x] of polynomial(a)) {
    for (const [right, y] of polynomial(b)) addTerm(result, joined(left, right), x * y);
  }
  return simplified(result);
}

/** Quotient that is known to be without remainder; null where that cannot be told. */
export function exactQuotient(a: Dim, b: Dim): Dim {
  if (a === null || b === null || b === 0) return null;
  if (typeof a === 'number' && typeof b === 'number') return a % b === 0 ? a / b : null;
  if (b === 1 || a === b) return b === 1 ? a : 1;
  const numerator = polynomial(a);
  const denominator = polynomial(b);
  return denominator.size === 1 ? quotientByMonomial(numerator, denominator) : constantRatio(numerator, denominator);
}

/**
 * ⌊a / b⌋ for a positive integer b. Multiples of b are taken out, and ⌊(⌊x/c⌋ + r)/b⌋ is ⌊(x + c·r)/(c·b)⌋; what is left
 * of an expression stays a symbol of its own.
 */
export function floorQuotient(a: Dim, b: number): Dim {
  if (a === null || !(b > 0)) return null;
  if (typeof a === 'number') return Math.floor(a / b);
  const whole = new Map<string, number>();
  const rest = new Map<string, number>();
  for (const [monomial, coefficient] of polynomial(a)) {
    const isTaken = monomial === '' || coefficient % b === 0;
    if (isTaken) addTerm(whole, monomial, Math.floor(coefficient / b));
    addTerm(rest, monomial, isTaken ? coefficient - b * Math.floor(coefficient / b) : coefficient);
  }
  return plus(simplified(whole), floorOfRest(rest, b));
}

function floorOfRest(rest: Polynomial, b: number): Dim {
  const left = simplified(rest);
  if (left === null || typeof left === 'number') return left === null ? null : Math.floor(left / b);
  const symbols = [...rest].filter(([monomial]) => monomial !== '');
  const [inner, coefficient] = symbols[0] ?? ['', 0];
  const nested = /^floor\(\((.*)\)\/(\d+)\)$/.exec(inner);
  const isOneFloor = symbols.length === 1 && coefficient === 1 && factorsOf(inner).length === 1 && nested;
  if (!isOneFloor) return atom(`floor((${left})/${b})`);
  const [, numerator = '', divisor = ''] = nested;
  return floorQuotient(plus(numerator, (rest.get('') ?? 0) * Number(divisor)), Number(divisor) * b);
}

function atom(text: string): Dim {
  return text.length > MAX_LENGTH ? null : text;
}

/** Product of dimensions; null where one is unknown. A zero decides the product whatever the others are. */
export function product(dims: readonly Dim[]): Dim {
  return dims.includes(0) ? 0 : dims.reduce(times, 1);
}

/** The same list where all its entries are numbers, else null. */
export function allNumbers(list: readonly Dim[] | null | undefined): readonly number[] | null {
  return list?.every(entry => typeof entry === 'number') ? list : null;
}

/** True where both are known and cannot be equal. An expression may equal any number that it is not shown to differ from. */
export function differ(a: Dim, b: Dim): boolean {
  if (a === null || b === null) return false;
  const difference = minus(a, b);
  return typeof difference === 'number' && difference !== 0;
}

/** What two sources of one dimension say together: a number before an expression, an expression before nothing. */
export function informed(a: Dim, b: Dim): Dim {
  return typeof b === 'number' && typeof a !== 'number' ? b : (a ?? b);
}

/** Names that exporters write where they know nothing; they do not mean that two such lengths are equal. */
const meaningless = /^(?:none|null|nil|unk|unknown|any|dynamic|dyn|\?)$/i;

/**
 * A file's `dim_param`: a name, or an expression of names, integers, `+`, `-`, `*` and `floor((…)/n)` as PyTorch writes.
 *
 * @param known lengths of some names: the batch is computed with as a number.
 * @returns null for names that mean nothing and for expressions of any other kind.
 */
export function parseDim(text: string, known: ReadonlyMap<string, number>): Dim {
  if (text.length > MAX_LENGTH || meaningless.test(text)) return null;
  const tokens = text.match(/\d+|[A-Za-z_][\w.:]*|\/\/|\S/g) ?? [];
  const parser = { tokens, next: 0, known };
  const result = parseSum(parser);
  return parser.next === tokens.length ? result : null;
}

interface Parser {
  readonly tokens: readonly string[];
  next: number;
  readonly known: ReadonlyMap<string, number>;
}

function parseSum(parser: Parser): Dim {
  let sum = parseProduct(parser);
  for (;;) {
    const operator = parser.tokens[parser.next];
    if (operator !== '+' && operator !== '-') return sum;
    parser.next++;
    const term = parseProduct(parser);
    sum = operator === '+' ? plus(sum, term) : minus(sum, term);
  }
}

function parseProduct(parser: Parser): Dim {
  let result = parseFactor(parser);
  for (;;) {
    const operator = parser.tokens[parser.next];
    if (operator === '*') {
      parser.next++;
      result = times(result, parseFactor(parser));
    } else if (operator === '//') {
      parser.next++;
      const divisor = parseFactor(parser);
      result = typeof divisor === 'number' ? floorQuotient(result, divisor) : exactQuotient(result, divisor);
    } else {
      return result;
    }
  }
}

function parseFactor(parser: Parser): Dim {
  const token = parser.tokens[parser.next++];
  if (token === undefined) return null;
  if (/^\d/.test(token)) return exact(Number(token));
  if (token === '-') return minus(0, parseFactor(parser));
  if (token === '(') return closed(parser, parseSum(parser));
  if (token === 'floor' && parser.tokens[parser.next] === '(') return parseFloor(parser);
  return /^[A-Za-z_]/.test(token) && parser.tokens[parser.next] !== '(' ? (parser.known.get(token) ?? token) : null;
}

/** floor((…)/n) or floor(x/n). */
function parseFloor(parser: Parser): Dim {
  parser.next++;
  const numerator = parseProduct(parser);
  if (parser.tokens[parser.next++] !== '/') return null;
  const divisor = parseFactor(parser);
  return closed(parser, typeof divisor === 'number' ? floorQuotient(numerator, divisor) : null);
}

function closed(parser: Parser, value: Dim): Dim {
  return parser.tokens[parser.next++] === ')' ? value : null;
}

function exact(value: number): number | null {
  return Number.isSafeInteger(value) ? value : null;
}

/** Reads what {@link simplified} wrote: terms joined by + and −, each an optional coefficient and factors. */
function polynomial(dim: number | string): Polynomial {
  if (typeof dim === 'number') return new Map(dim === 0 ? [] : [['', dim]]);
  const result = new Map<string, number>();
  for (const term of splitOutside(dim, /[+-]/)) {
    const sign = term.startsWith('-') ? -1 : 1;
    const factors = splitOutside(term.replace(/^[+-]/, ''), /\*/).map(factor => factor.replace(/^\*/, ''));
    const coefficient = /^\d+$/.test(factors[0] ?? '') ? Number(factors.shift()) : 1;
    addTerm(result, factors.join('*'), sign * coefficient);
  }
  return result;
}

/** Parts of a text that begin at a separator outside all brackets. */
function splitOutside(text: string, separator: RegExp): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (depth === 0 && separator.test(char) && part !== '') {
      parts.push(part);
      part = '';
    }
    depth += char === '(' ? 1 : char === ')' ? -1 : 0;
    part += char;
  }
  return [...parts, part];
}

function addTerm(terms: Map<string, number>, monomial: string, coefficient: number): void {
  const sum = (terms.get(monomial) ?? 0) + coefficient;
  if (sum === 0) terms.delete(monomial);
  else terms.set(monomial, sum);
}

function added(a: Polynomial, b: Polynomial, factor: 1 | -1): Polynomial {
  const result = new Map(a);
  for (const [monomial, coefficient] of b) addTerm(result, monomial, factor * coefficient);
  return result;
}

function factorsOf(monomial: string): string[] {
  return monomial === '' ? [] : splitOutside(monomial, /\*/).map(factor => factor.replace(/^\*/, ''));
}

function joined(a: string, b: string): string {
  return [...factorsOf(a), ...factorsOf(b)].sort().join('*');
}

/** The canonical expression: terms of higher degree first, then by name, the constant last. */
function simplified(terms: Polynomial): Dim {
  if (terms.size === 0) return 0;
  const [only] = terms;
  if (only && terms.size === 1 && only[0] === '') return exact(only[1]);
  if (terms.size > MAX_TERMS) return null;
  const parts: string[] = [];
  const sorted = [...terms].sort(
    ([a], [b]) => factorsOf(b).length - factorsOf(a).length || (a < b ? -1 : a > b ? 1 : 0),
  );
  for (const [monomial, coefficient] of sorted) {
    if (!Number.isSafeInteger(coefficient) || factorsOf(monomial).length > MAX_DEGREE) return null;
    const size = Math.abs(coefficient);
    const text = monomial === '' ? `${size}` : size === 1 ? monomial : `${size}*${monomial}`;
    parts.push(coefficient < 0 ? `-${text}` : parts.length > 0 ? `+${text}` : text);
  }
  const text = parts.join('');
  return text.length > MAX_LENGTH ? null : text;
}

function quotientByMonomial(numerator: Polynomial, denominator: Polynomial): Dim {
  const [[divisor, divisorCoefficient] = ['', 0]] = denominator;
  const result = new Map<string, number>();
  for (const [monomial, coefficient] of numerator) {
    if (coefficient % divisorCoefficient !== 0) return null;
    const rest = factorsOf(monomial);
    for (const factor of factorsOf(divisor)) {
      const position = rest.indexOf(factor);
      if (position < 0) return null;
      rest.splice(position, 1);
    }
    result.set(rest.join('*'), coefficient / divisorCoefficient);
  }
  return simplified(result);
}

/** The same sum up to a whole factor. */
function constantRatio(numerator: Polynomial, denominator: Polynomial): Dim {
  if (numerator.size !== denominator.size) return null;
  let ratio: number | null = null;
  for (const [monomial, coefficient] of denominator) {
    const own = (numerator.get(monomial) ?? Number.NaN) / coefficient;
    if (!Number.isInteger(own) || (ratio !== null && own !== ratio)) return null;
    ratio = own;
  }
  return ratio;
}
