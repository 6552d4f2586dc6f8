import ts from 'typescript';
import { inBranch, join, merge } from './branches.ts';
import { limits } from './budget.ts';
import { argumentValues, call, element, member, newExpression } from './call-expressions.ts';
import { makeFunction } from './calls.ts';
import { makeClass } from './classes.ts';
import type { Context } from './context.ts';
import { dependsOn, quote, unknownOf } from './context.ts';
import { globalValue } from './globals.ts';
import { functionName } from './names.ts';
import { objectLiteral } from './object-literals.ts';
import { binaryExpression, deleteProperty, increment, prefix } from './operator-expressions.ts';
import { concatenate, textOf, typeOf } from './operators.ts';
import type { Scope } from './scope.ts';
import { childScope, lookUp, ownerOf } from './scope.ts';
import type { Value } from './values.ts';
import { isUnknown, truthiness, unknown } from './values.ts';
/** Evaluates an expression. Never executes anything but this evaluator's own model of JavaScript. */
export function evaluate(context: Context, scope: Scope, node: ts.Expression): Value {
  context.budget.spend(1);
  if (context.depth > limits.depth) return unknown('it is nested too deeply');
  context.depth++;
  try {
    return dispatch(context, scope, node);
  } finally {
    context.depth--;
  }
}

function dispatch(context: Context, scope: Scope, node: ts.Expression): Value {
  switch (node.kind) {
    case ts.SyntaxKind.NumericLiteral:
      return Number((node as ts.NumericLiteral).text);
    case ts.SyntaxKind.StringLiteral:
    case ts.SyntaxKind.NoSubstitutionTemplateLiteral:
      return (node as ts.StringLiteral).text;
    case ts.SyntaxKind.TrueKeyword:
      return true;
    case ts.SyntaxKind.FalseKeyword:
      return false;
    case ts.SyntaxKind.NullKeyword:
      return null;
    case ts.SyntaxKind.ThisKeyword:
      return ownerOf(scope).thisValue;
    case ts.SyntaxKind.OmittedExpression:
      return undefined;
  }
  if (ts.isIdentifier(node)) return variable(context, scope, node);
  if (ts.isCallExpression(node)) return call(context, scope, node);
  if (ts.isPropertyAccessExpression(node)) return member(context, scope, node);
  if (ts.isElementAccessExpression(node)) return element(context, scope, node);
  if (ts.isObjectLiteralExpression(node)) return objectLiteral(context, scope, node);
  if (ts.isArrayLiteralExpression(node)) {
    return { kind: 'array', born: ++context.clock, elements: argumentValues(context, scope, node.elements) };
  }
  if (ts.isBinaryExpression(node)) return binaryExpression(context, scope, node);
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return functionExpression(context, scope, node);
  if (isTransparent(node)) return evaluate(context, scope, node.expression);
  return dispatchRare(context, scope, node);
}

function dispatchRare(context: Context, scope: Scope, node: ts.Expression): Value {
  if (ts.isTemplateExpression(node)) return template(context, scope, node);
  if (ts.isConditionalExpression(node)) return conditional(context, scope, node);
  if (ts.isNewExpression(node)) return newExpression(context, scope, node);
  if (ts.isPrefixUnaryExpression(node)) return prefix(context, scope, node);
  if (ts.isPostfixUnaryExpression(node)) return increment(context, scope, node.operand, node.operator, false);
  if (ts.isTypeOfExpression(node)) return typeOf(evaluate(context, scope, node.expression));
  if (ts.isVoidExpression(node)) return void evaluate(context, scope, node.expression);
  if (ts.isDeleteExpression(node)) return deleteProperty(context, scope, node.expression);
  if (ts.isClassExpression(node)) return makeClass(context, scope, node);
  return evaluateParts(context, scope, node);
}

type Transparent =
  | ts.ParenthesizedExpression
  | ts.AwaitExpression
  | ts.AsExpression
  | ts.SatisfiesExpression
  | ts.NonNullExpression
  | ts.TypeAssertion;

/** Expressions that only wrap a value: promises and types are not looked at. */
function isTransparent(node: ts.Expression): node is Transparent {
  return (
    ts.isParenthesizedExpression(node) ||
    ts.isAwaitExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isTypeAssertionExpression(node)
  );
}

/** Anything else (JSX, tagged templates, `yield` …): its parts are evaluated for what they do, its value is unknown. */
function evaluateParts(context: Context, scope: Scope, node: ts.Node): Value {
  ts.forEachChild(node, child => {
    if (ts.isJsxExpression(child)) {
      if (child.expression) evaluate(context, scope, child.expression);
    } else if (ts.isExpression(child) && !ts.isTypeNode(child)) evaluate(context, scope, child);
    else if (ts.isJsxAttributes(child) || ts.isJsxAttribute(child) || ts.isTemplateSpan(child)) {
      evaluateParts(context, scope, child);
    }
  });
  return unknown(`${quote(context, node)} is not evaluated`);
}

/** The value of a name. */
export function variable(context: Context, scope: Scope, node: ts.Identifier): Value {
  if (node.text === '') return unknown('the code is unfinished here');
  const binding = lookUp(scope, node.text);
  // Whoever calls something `tf` means TensorFlow.js, wherever it comes from.
  if (node.text === 'tf' && (!binding || binding.value == null || isUnknown(binding.value))) {
    return { kind: 'tf', path: '' };
  }
  if (binding) return binding.value;
  if (node.text === 'arguments') return { kind: 'array', born: ++context.clock, elements: [...ownerOf(scope).args] };
  return (
    globalValue(node.text) ??
    (node.text === 'undefined' ? undefined : unknown(`${quote(context, node)} is not defined in this file`, node))
  );
}

function functionExpression(context: Context, scope: Scope, node: ts.ArrowFunction | ts.FunctionExpression): Value {
  const named = ts.isFunctionExpression(node) && node.name ? childScope(scope) : scope;
  const closure = makeFunction(context, named, node, functionName(node));
  if (named !== scope && node.name) {
    named.variables.set(node.name.text, { kind: 'binding', born: ++context.clock, value: closure });
  }
  return closure;
}

function template(context: Context, scope: Scope, node: ts.TemplateExpression): Value {
  const parts = [node.head.text];
  let open: Value;
  for (const span of node.templateSpans) {
    const value = evaluate(context, scope, span.expression);
    const text = textOf(value);
    if (text === undefined) open ??= unknownOf([value]);
    parts.push(text ?? '', span.literal.text);
  }
  return open ?? concatenate(context, parts);
}

function conditional(context: Context, scope: Scope, node: ts.ConditionalExpression): Value {
  const condition = evaluate(context, scope, node.condition);
  const met = truthiness(condition);
  if (met !== undefined) return evaluate(context, scope, met ? node.whenTrue : node.whenFalse);
  const why = dependsOn(context, node.condition, condition);
  const first = inBranch(context, () => evaluate(context, scope, node.whenTrue));
  const second = inBranch(context, () => evaluate(context, scope, node.whenFalse));
  merge(context, first, second, why);
  return join(context, first.result, second.result, why);
}
