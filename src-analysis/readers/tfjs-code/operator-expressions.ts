import ts from 'typescript';
import { inBranch, join, merge, touch } from './branches.ts';
import type { Context } from './context.ts';
import { dependsOn, unknownOf } from './context.ts';
import { doubt } from './doubt.ts';
import { evaluate } from './expressions.ts';
import { decide } from './forks.ts';
import { unwrap } from './names.ts';
import { binary, unary } from './operators.ts';
import { assignTo, insteadOf } from './patterns.ts';
import { keyOf } from './properties.ts';
import type { Scope } from './scope.ts';
import type { Value } from './values.ts';
import { isArray, isObject, isUnknown, truthiness, unknown } from './values.ts';
/** `!x`, `-x`, `++x` and the like. */
export function prefix(context: Context, scope: Scope, node: ts.PrefixUnaryExpression): Value {
  const { operator, operand } = node;
  if (operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken) {
    return increment(context, scope, operand, operator, true);
  }
  return unary(operator, evaluate(context, scope, operand));
}

/** `++x`, `x--` and the like. */
export function increment(
  context: Context,
  scope: Scope,
  operand: ts.Expression,
  operator: ts.SyntaxKind,
  returnNew: boolean,
): Value {
  const before = evaluate(context, scope, operand);
  const step = operator === ts.SyntaxKind.PlusPlusToken ? ts.SyntaxKind.PlusToken : ts.SyntaxKind.MinusToken;
  const after = isUnknown(before)
    ? unknown(before.reason)
    : binary(context, step, unary(ts.SyntaxKind.PlusToken, before), 1);
  assignTo(context, scope, operand, after);
  return returnNew ? after : before;
}

/** `delete object.key`. */
export function deleteProperty(context: Context, scope: Scope, target: ts.Expression): Value {
  const node = unwrap(target);
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return true;
  const object = evaluate(context, scope, node.expression);
  const key = ts.isPropertyAccessExpression(node)
    ? node.name.text
    : keyOf(evaluate(context, scope, node.argumentExpression));
  if (isObject(object) && key !== undefined) {
    touch(context, object);
    object.entries.delete(key);
  }
  return true;
}

/** Binary operators: assignment, logic, comparison, arithmetic. */
export function binaryExpression(context: Context, scope: Scope, node: ts.BinaryExpression): Value {
  const operator = node.operatorToken.kind;
  const kind = ts.SyntaxKind;
  switch (operator) {
    case kind.EqualsToken: {
      const value = evaluate(context, scope, node.right);
      assignTo(context, scope, node.left, value);
      return value;
    }
    case kind.CommaToken:
      evaluate(context, scope, node.left);
      return evaluate(context, scope, node.right);
    case kind.AmpersandAmpersandToken:
    case kind.BarBarToken:
    case kind.QuestionQuestionToken:
      return logical(context, scope, operator, node.left, node.right);
    case kind.InKeyword:
      return isIn(evaluate(context, scope, node.left), evaluate(context, scope, node.right));
    case kind.InstanceOfKeyword:
      return instanceOf(evaluate(context, scope, node.left), evaluate(context, scope, node.right));
  }
  const compound = compoundOperators.get(operator);
  if (compound === undefined) {
    return operatorChain(context, scope, node);
  }
  const logicalAssignment =
    compound === kind.AmpersandAmpersandToken ||
    compound === kind.BarBarToken ||
    compound === kind.QuestionQuestionToken;
  const value = logicalAssignment
    ? logical(context, scope, compound, node.left, node.right)
    : binary(context, compound, evaluate(context, scope, node.left), evaluate(context, scope, node.right));
  assignTo(context, scope, node.left, value);
  return value;
}

/** `a + b + c …` without recursion: long texts are written like this. */
function operatorChain(context: Context, scope: Scope, node: ts.BinaryExpression): Value {
  const links: ts.BinaryExpression[] = [];
  let left: ts.Expression = node;
  for (; ts.isBinaryExpression(left) && isPlain(left.operatorToken.kind); left = left.left) links.push(left);
  let value = evaluate(context, scope, left);
  for (const { operatorToken, right } of links.reverse()) {
    value = binary(context, operatorToken.kind, value, evaluate(context, scope, right));
  }
  return value;
}

/** An operator that evaluates both sides and assigns to none. */
function isPlain(operator: ts.SyntaxKind): boolean {
  return !compoundOperators.has(operator) && !special.has(operator);
}

const special: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.CommaToken,
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.InKeyword,
  ts.SyntaxKind.InstanceOfKeyword,
]);

const compoundOperators: ReadonlyMap<ts.SyntaxKind, ts.SyntaxKind> = new Map([
  [ts.SyntaxKind.PlusEqualsToken, ts.SyntaxKind.PlusToken],
  [ts.SyntaxKind.MinusEqualsToken, ts.SyntaxKind.MinusToken],
  [ts.SyntaxKind.AsteriskEqualsToken, ts.SyntaxKind.AsteriskToken],
  [ts.SyntaxKind.SlashEqualsToken, ts.SyntaxKind.SlashToken],
  [ts.SyntaxKind.PercentEqualsToken, ts.SyntaxKind.PercentToken],
  [ts.SyntaxKind.AsteriskAsteriskEqualsToken, ts.SyntaxKind.AsteriskAsteriskToken],
  [ts.SyntaxKind.LessThanLessThanEqualsToken, ts.SyntaxKind.LessThanLessThanToken],
  [ts.SyntaxKind.GreaterThanGreaterThanEqualsToken, ts.SyntaxKind.GreaterThanGreaterThanToken],
  [ts.SyntaxKind.AmpersandEqualsToken, ts.SyntaxKind.AmpersandToken],
  [ts.SyntaxKind.BarEqualsToken, ts.SyntaxKind.BarToken],
  [ts.SyntaxKind.CaretEqualsToken, ts.SyntaxKind.CaretToken],
  [ts.SyntaxKind.BarBarEqualsToken, ts.SyntaxKind.BarBarToken],
  [ts.SyntaxKind.AmpersandAmpersandEqualsToken, ts.SyntaxKind.AmpersandAmpersandToken],
  [ts.SyntaxKind.QuestionQuestionEqualsToken, ts.SyntaxKind.QuestionQuestionToken],
]);

/** `a && b`, `a || b`, `a ?? b`: the right side runs only if the left one asks for it. */
function logical(
  context: Context,
  scope: Scope,
  operator: ts.SyntaxKind,
  leftNode: ts.Expression,
  rightNode: ts.Expression,
): Value {
  const left = evaluate(context, scope, leftNode);
  const and = operator === ts.SyntaxKind.AmpersandAmpersandToken;
  const right = (): Value => evaluate(context, scope, rightNode);
  if (isUnknown(left) && left.defaults && !and) return insteadOf(context, left, right());
  const needed = operator === ts.SyntaxKind.QuestionQuestionToken ? isNullish(left) : needsRight(truthiness(left), and);
  if (needed !== undefined) return needed ? right() : left;
  if (operator !== ts.SyntaxKind.QuestionQuestionToken) {
    const decided = decide(context.decisions, leftNode);
    if (decided !== undefined) return decided === and ? right() : and ? false : left;
  }
  const why =
    operator === ts.SyntaxKind.QuestionQuestionToken
      ? dependsOn(leftNode, left)
      : doubt(context, scope, left, { expression: leftNode });
  const taken = inBranch(context, right);
  merge(
    context,
    taken,
    inBranch(context, () => undefined),
    why,
  );
  return join(context, and ? false : left, taken.result, why);
}

function isNullish(value: Value): boolean | undefined {
  if (!isUnknown(value)) return value == null;
  const sides = new Set(value.alternatives?.map(isNullish));
  return sides.size === 1 ? [...sides][0] : undefined;
}

function needsRight(truth: boolean | undefined, and: boolean): boolean | undefined {
  return truth === undefined ? undefined : truth === and;
}

function isIn(key: Value, object: Value): Value {
  const name = keyOf(key);
  if (!isObject(object) || name === undefined) return unknownOf([object, key]);
  if (object.entries.has(name)) return true;
  return object.open ? unknown(object.open.reason) : false;
}

function instanceOf(value: Value, type: Value): Value {
  if (typeof type === 'object' && type?.kind === 'builtin' && type.name === 'Array')
    return isUnknown(value) ? unknownOf([value]) : isArray(value);
  if (typeof type === 'object' && type?.kind === 'class' && isObject(value)) {
    for (let c: Value = value.madeBy; typeof c === 'object' && c?.kind === 'class'; c = c.base)
      if (c === type) return true;
    return false;
  }
  return unknownOf([value, type]);
}
