import ts from 'typescript';
import { inBranch, join, merge } from './branches.ts';
import { limits } from './budget.ts';
import { argumentValues, call, element, member, newExpression } from './call-expressions.ts';
import { makeFunction } from './calls.ts';
import { makeClass } from './classes.ts';
import type { Context } from './context.ts';
import { quote, unknownOf } from './context.ts';
import { doubt } from './doubt.ts';
import { decide } from './forks.ts';
import { globalValue } from './globals.ts';
import { functionName } from './names.ts';
import { objectLiteral } from './object-literals.ts';
import { binaryExpression, deleteProperty, increment, prefix } from './operator-expressions.ts';
import { concatenate, textOf, typeOf } from './operators.ts';
import type { Scope } from './scope.ts';
import { childScope, lookUp, ownerOf } from './scope.ts';
import { orStated } from './stated.ts';
import type { Value } from './values.ts';
import { isUnknown, truthiness, unknown } from './values.ts';

/** Evaluates an expression. Never executes anything but this evaluator's own model of JavaScript. */
export function evaluate(context: Context, scope: Scope, node: ts.Expression): Value {
  context.budget.spend(1);
  if (context.depth > limits.depth) return unknown('it is nested too deeply');
  context.depth++;
  try {
    const handle = handlers.get(node.kind);
    return handle ? handle(context, scope, node) : evaluateParts(context, scope, node);
  } finally {
    context.depth--;
  }
}

type Handler = (context: Context, scope: Scope, node: ts.Expression) => Value;

/** What evaluates each kind of expression. */
const handlers: ReadonlyMap<ts.SyntaxKind, Handler> = new Map([
  on(ts.SyntaxKind.NumericLiteral, (_context, _scope, node: ts.NumericLiteral) => Number(node.text)),
  on(ts.SyntaxKind.StringLiteral, (_context, _scope, node: ts.StringLiteral) => node.text),
  on(ts.SyntaxKind.NoSubstitutionTemplateLiteral, (_context, _scope, node: ts.LiteralExpression) => node.text),
  on(ts.SyntaxKind.TrueKeyword, () => true),
  on(ts.SyntaxKind.FalseKeyword, () => false),
  on(ts.SyntaxKind.NullKeyword, () => null),
  on(ts.SyntaxKind.ThisKeyword, (_context, scope) => ownerOf(scope).thisValue),
  on(ts.SyntaxKind.OmittedExpression, () => undefined),
  on(ts.SyntaxKind.Identifier, variable),
  on(ts.SyntaxKind.CallExpression, call),
  on(ts.SyntaxKind.PropertyAccessExpression, member),
  on(ts.SyntaxKind.ElementAccessExpression, element),
  on(ts.SyntaxKind.ObjectLiteralExpression, objectLiteral),
  on(ts.SyntaxKind.ArrayLiteralExpression, arrayLiteral),
  on(ts.SyntaxKind.BinaryExpression, binaryExpression),
  on(ts.SyntaxKind.ArrowFunction, functionExpression),
  on(ts.SyntaxKind.FunctionExpression, functionExpression),
  on(ts.SyntaxKind.ClassExpression, (context, scope, node: ts.ClassExpression) => makeClass(context, scope, node)),
  on(ts.SyntaxKind.TemplateExpression, template),
  on(ts.SyntaxKind.ConditionalExpression, conditional),
  on(ts.SyntaxKind.NewExpression, newExpression),
  on(ts.SyntaxKind.PrefixUnaryExpression, prefix),
  on(ts.SyntaxKind.PostfixUnaryExpression, (context, scope, node: ts.PostfixUnaryExpression) =>
    increment(context, scope, node.operand, node.operator, false),
  ),
  on(ts.SyntaxKind.TypeOfExpression, (context, scope, node: Wrapper) =>
    typeOf(evaluate(context, scope, node.expression)),
  ),
  on(ts.SyntaxKind.VoidExpression, (context, scope, node: Wrapper) => void evaluate(context, scope, node.expression)),
  on(ts.SyntaxKind.DeleteExpression, (context, scope, node: Wrapper) =>
    deleteProperty(context, scope, node.expression),
  ),
  // Promises and types are not looked at.
  on(ts.SyntaxKind.ParenthesizedExpression, wrapped),
  on(ts.SyntaxKind.AwaitExpression, wrapped),
  on(ts.SyntaxKind.AsExpression, wrapped),
  on(ts.SyntaxKind.SatisfiesExpression, wrapped),
  on(ts.SyntaxKind.NonNullExpression, wrapped),
  on(ts.SyntaxKind.TypeAssertionExpression, wrapped),
]);

/** One entry of the table: a node of this kind has the type that its handler takes. */
function on<T extends ts.Expression>(
  kind: ts.SyntaxKind,
  handle: (context: Context, scope: Scope, node: T) => Value,
): [ts.SyntaxKind, Handler] {
  return [kind, handle as Handler];
}

type Wrapper = ts.Expression & { readonly expression: ts.Expression };

function wrapped(context: Context, scope: Scope, node: Wrapper): Value {
  return evaluate(context, scope, node.expression);
}

function arrayLiteral(context: Context, scope: Scope, node: ts.ArrayLiteralExpression): Value {
  return { kind: 'array', born: ++context.clock, elements: argumentValues(context, scope, node.elements) };
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
  return unknown(`${quote(node)} is not evaluated`);
}

/** The value of a name. */
export function variable(context: Context, scope: Scope, node: ts.Identifier): Value {
  if (node.text === '') return unknown('the code is unfinished here');
  const binding = lookUp(scope, node.text);
  // Whoever calls something `tf` means TensorFlow.js, wherever it comes from.
  if (node.text === 'tf' && (!binding || binding.value == null || isUnknown(binding.value))) {
    return { kind: 'tf', path: '' };
  }
  if (binding) return orStated(context, binding.value, node.text, node);
  if (node.text === 'arguments') return { kind: 'array', born: ++context.clock, elements: [...ownerOf(scope).args] };
  const known = globalValue(node.text);
  if (known !== undefined || node.text === 'undefined') return known;
  return orStated(context, unknown(`${quote(node)} is not defined in this file`, node), node.text, node);
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
  const met = truthiness(condition) ?? decide(context.decisions, node.condition);
  if (met !== undefined) return evaluate(context, scope, met ? node.whenTrue : node.whenFalse);
  const why = doubt(context, scope, condition, { expression: node.condition });
  const first = inBranch(context, () => evaluate(context, scope, node.whenTrue));
  const second = inBranch(context, () => evaluate(context, scope, node.whenFalse));
  merge(context, first, second, why);
  return join(context, first.result, second.result, why);
}
