import ts from 'typescript';
import { callValue } from './calls.ts';
import { construct, superCall } from './classes.ts';
import type { Context } from './context.ts';
import { quote, unknownOf } from './context.ts';
import { evaluate } from './expressions.ts';
import { importedModule } from './modules.ts';
import { unwrap } from './names.ts';
import { callMethod, elementsOf, getProperty, keyOf } from './properties.ts';
import type { Scope } from './scope.ts';
import { ownerOf } from './scope.ts';
import { orStated } from './stated.ts';
import type { Value } from './values.ts';
import { isArray, isUnknown, unknown } from './values.ts';
/** Values of call arguments or array elements; a spread of something unknown stays as one element. */
export function argumentValues(context: Context, scope: Scope, nodes: readonly ts.Expression[]): Value[] {
  const values: Value[] = [];
  for (const node of nodes) {
    if (!ts.isSpreadElement(node)) {
      values.push(evaluate(context, scope, node));
      continue;
    }
    const value = evaluate(context, scope, node.expression);
    const elements = isArray(value) ? value.elements : elementsOf(value);
    context.budget.spend(elements?.length ?? 0);
    if (elements) for (const element of elements) values.push(element);
    else values.push({ kind: 'unknown', reason: unknownOf([value]).reason, spread: true });
  }
  return values;
}

/** A call, of whatever kind: import, super, method, function. */
export function call(context: Context, scope: Scope, node: ts.CallExpression): Value {
  const callee = unwrap(node.expression);
  if (callee.kind === ts.SyntaxKind.ImportKeyword) {
    const [specifier] = argumentValues(context, scope, node.arguments);
    return importedModule(context, specifier, '*', node);
  }
  if (callee.kind === ts.SyntaxKind.SuperKeyword) {
    return superCall(context, ownerOf(scope), argumentValues(context, scope, node.arguments), node);
  }
  if (ts.isPropertyAccessExpression(callee) || ts.isElementAccessExpression(callee)) {
    return methodCall(context, scope, node, callee);
  }
  const value = evaluate(context, scope, callee);
  if (value == null && isOptional(node)) return undefined;
  return callValue(context, value, undefined, argumentValues(context, scope, node.arguments), node, scope.activation);
}

function methodCall(
  context: Context,
  scope: Scope,
  node: ts.CallExpression,
  callee: ts.PropertyAccessExpression | ts.ElementAccessExpression,
): Value {
  if (callee.expression.kind === ts.SyntaxKind.SuperKeyword) {
    const method = member(context, scope, callee);
    const args = argumentValues(context, scope, node.arguments);
    return callValue(context, method, ownerOf(scope).thisValue, args, node, scope.activation);
  }
  const object = evaluate(context, scope, callee.expression);
  if (object == null && isOptional(callee)) return undefined;
  const name = ts.isPropertyAccessExpression(callee)
    ? callee.name.text
    : keyOf(evaluate(context, scope, callee.argumentExpression));
  if (node.questionDotToken && name !== undefined && getProperty(context, object, name, callee) == null)
    return undefined;
  const args = argumentValues(context, scope, node.arguments);
  if (name === undefined) {
    return callValue(
      context,
      unknown(`which member of ${quote(callee.expression)} is called is not known here`),
      object,
      args,
      node,
    );
  }
  return callMethod(context, object, name, args, node, scope.activation);
}

/** Part of a chain with `?.`, which ends where it meets null or undefined. */
function isOptional(node: ts.Node): boolean {
  return (node.flags & ts.NodeFlags.OptionalChain) !== 0;
}

/** `object.name`, also of `super`. */
export function member(
  context: Context,
  scope: Scope,
  node: ts.PropertyAccessExpression | ts.ElementAccessExpression,
): Value {
  if (node.expression.kind === ts.SyntaxKind.SuperKeyword) {
    const base = ownerOf(scope).home?.base;
    const key = ts.isPropertyAccessExpression(node) ? node.name.text : undefined;
    const method =
      typeof base === 'object' && base?.kind === 'class' && key !== undefined ? base.methods.get(key) : undefined;
    return method ?? unknown(`${quote(node)} is not known here`);
  }
  if (!ts.isPropertyAccessExpression(node)) return element(context, scope, node);
  const object = evaluate(context, scope, node.expression);
  if (object == null && isOptional(node)) return undefined;
  const value = getProperty(context, object, node.name.text, node);
  return isUnknown(value) && context.directives.values.size > 0
    ? orStated(context, value, node.getText().replace(/[\s?!]/g, ''), node)
    : value;
}

/** `object[index]`. */
export function element(context: Context, scope: Scope, node: ts.ElementAccessExpression): Value {
  const object = evaluate(context, scope, node.expression);
  if (object == null && isOptional(node)) return undefined;
  const index = evaluate(context, scope, node.argumentExpression);
  const key = keyOf(index);
  if (key === undefined) return unknown(unknownOf([object, index]).reason);
  return getProperty(context, object, key, node);
}

export function newExpression(context: Context, scope: Scope, node: ts.NewExpression): Value {
  const callee = evaluate(context, scope, node.expression);
  return construct(context, callee, argumentValues(context, scope, node.arguments ?? []), node, scope.activation);
}
