import ts from 'typescript';
import { limits } from './budget.ts';
import type { Context } from './context.ts';
import { unknownOf } from './context.ts';
import type { Value } from './values.ts';
import { isArray, isPrimitive, isUnknown, truthiness, unknown } from './values.ts';

/** A binary operator on two values; logical and assignment operators are not among them. */
export function binary(context: Context, operator: ts.SyntaxKind, a: Value, b: Value): Value {
  if (operator === ts.SyntaxKind.PlusToken) return add(context, a, b);
  const comparison = comparisons.get(operator);
  if (comparison) {
    const equal = comparison.compare(a, b);
    return equal === undefined ? unknownOf([a, b]) : equal === comparison.yields;
  }
  if (!isPrimitive(a) || !isPrimitive(b)) return unknownOf([a, b]);
  const order = orders.get(operator);
  if (order) return typeof a === 'string' && typeof b === 'string' ? order(a, b) : order(Number(a), Number(b));
  const compute = arithmetic.get(operator);
  return compute ? compute(Number(a), Number(b)) : unknown('its operator is not one that is evaluated');
}

const comparisons: ReadonlyMap<
  ts.SyntaxKind,
  { readonly compare: (a: Value, b: Value) => boolean | undefined; readonly yields: boolean }
> = new Map([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, { compare: strictlyEqual, yields: true }],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, { compare: strictlyEqual, yields: false }],
  [ts.SyntaxKind.EqualsEqualsToken, { compare: looselyEqual, yields: true }],
  [ts.SyntaxKind.ExclamationEqualsToken, { compare: looselyEqual, yields: false }],
]);

const orders: ReadonlyMap<ts.SyntaxKind, <T extends number | string>(a: T, b: T) => Value> = new Map([
  [ts.SyntaxKind.LessThanToken, <T>(a: T, b: T) => a < b],
  [ts.SyntaxKind.GreaterThanToken, <T>(a: T, b: T) => a > b],
  [ts.SyntaxKind.LessThanEqualsToken, <T>(a: T, b: T) => a <= b],
  [ts.SyntaxKind.GreaterThanEqualsToken, <T>(a: T, b: T) => a >= b],
]);

const arithmetic: ReadonlyMap<ts.SyntaxKind, (a: number, b: number) => number> = new Map([
  [ts.SyntaxKind.MinusToken, (a: number, b: number) => a - b],
  [ts.SyntaxKind.AsteriskToken, (a: number, b: number) => a * b],
  [ts.SyntaxKind.SlashToken, (a: number, b: number) => a / b],
  [ts.SyntaxKind.PercentToken, (a: number, b: number) => a % b],
  [ts.SyntaxKind.AsteriskAsteriskToken, (a: number, b: number) => a ** b],
  [ts.SyntaxKind.AmpersandToken, (a: number, b: number) => a & b],
  [ts.SyntaxKind.BarToken, (a: number, b: number) => a | b],
  [ts.SyntaxKind.CaretToken, (a: number, b: number) => a ^ b],
  [ts.SyntaxKind.LessThanLessThanToken, (a: number, b: number) => a << b],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, (a: number, b: number) => a >> b],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken, (a: number, b: number) => a >>> b],
]);

function add(context: Context, a: Value, b: Value): Value {
  if (!isPrimitive(a) || !isPrimitive(b)) {
    const [x, y] = [textOf(a), textOf(b)];
    return x === undefined || y === undefined ? unknownOf([a, b]) : concatenate(context, [x, y]);
  }
  if (typeof a !== 'string' && typeof b !== 'string') return Number(a) + Number(b);
  return concatenate(context, [String(a), String(b)]);
}

/** A string made of parts, unless it grows beyond bounds. */
export function concatenate(context: Context, parts: readonly string[]): Value {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > limits.stringLength) return unknown('the text is longer than Leaklint follows');
  context.budget.spend(length >> 5);
  return parts.join('');
}

/** A value as JavaScript turns it into text; undefined where that is not known. */
export function textOf(value: Value): string | undefined {
  if (isPrimitive(value)) return String(value);
  if (!isArray(value) || value.elements.length > 1000) return undefined;
  const parts = value.elements.map(element => (element == null ? '' : isArray(element) ? undefined : textOf(element)));
  return parts.includes(undefined) ? undefined : parts.join(',');
}

/** `a === b`, or undefined where it is not known. */
export function strictlyEqual(a: Value, b: Value): boolean | undefined {
  if (isUnknown(a) || isUnknown(b)) return differentKinds(a, b) ? false : undefined;
  if (isPrimitive(a) || isPrimitive(b)) return a === b;
  if (a.kind === 'tf' && b.kind === 'tf') return a.path === b.path;
  return a === b;
}

/** One of the two is unknown, but none of its alternatives can be the other. */
function differentKinds(a: Value, b: Value): boolean {
  const [open, other] = isUnknown(a) ? [a, b] : [b, a];
  if (!isUnknown(open) || isUnknown(other) || !open.alternatives) return false;
  return open.alternatives.every(alternative => !isUnknown(alternative) && alternative !== other);
}

function looselyEqual(a: Value, b: Value): boolean | undefined {
  if (isUnknown(a) || isUnknown(b)) return strictlyEqual(a, b);
  if (a == null || b == null) return a == null && b == null;
  // biome-ignore lint/suspicious/noDoubleEquals: this is JavaScript's own loose comparison
  if (isPrimitive(a) && isPrimitive(b)) return a == b;
  return strictlyEqual(a, b);
}

/** A prefix operator on a value, increments apart. */
export function unary(operator: ts.PrefixUnaryOperator, value: Value): Value {
  if (operator === ts.SyntaxKind.ExclamationToken) {
    const truth = truthiness(value);
    return truth === undefined ? unknownOf([value]) : !truth;
  }
  if (!isPrimitive(value)) return unknownOf([value]);
  if (operator === ts.SyntaxKind.MinusToken) return -Number(value);
  if (operator === ts.SyntaxKind.PlusToken) return Number(value);
  return operator === ts.SyntaxKind.TildeToken ? ~Number(value) : unknownOf([value]);
}

/** `typeof value`. */
export function typeOf(value: Value): Value {
  if (isPrimitive(value)) return value === null ? 'object' : typeof value;
  if (value.kind === 'unknown') return unknownOf([value]);
  return value.kind === 'function' || value.kind === 'builtin' || value.kind === 'class' ? 'function' : 'object';
}
