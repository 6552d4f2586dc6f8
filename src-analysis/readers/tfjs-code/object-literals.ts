import ts from 'typescript';
import { callFunction, makeFunction } from './calls.ts';
import type { Context } from './context.ts';
import { evaluate, variable } from './expressions.ts';
import { propertyKey } from './properties.ts';
import type { Scope } from './scope.ts';
import type { FunctionValue, ObjectValue, Value } from './values.ts';
import { isArray, isObject, isUnknown, unknown } from './values.ts';
/** `{...}` with spreads, methods and accessors. */
export function objectLiteral(context: Context, scope: Scope, node: ts.ObjectLiteralExpression): Value {
  const object: ObjectValue = { kind: 'object', born: ++context.clock, entries: new Map() };
  for (const property of node.properties) {
    if (ts.isSpreadAssignment(property)) {
      spreadInto(context, object, evaluate(context, scope, property.expression));
      continue;
    }
    const key = property.name && propertyKey(context, scope, property.name);
    if (key === undefined) {
      object.open = unknown('one of its keys is not known here');
      continue;
    }
    if (ts.isPropertyAssignment(property)) object.entries.set(key, evaluate(context, scope, property.initializer));
    else if (ts.isShorthandPropertyAssignment(property))
      object.entries.set(key, variable(context, scope, property.name));
    else addFunction(context, scope, object, key, property);
  }
  for (const value of object.entries.values()) {
    if (typeof value === 'object' && value?.kind === 'function') value.thisHint ??= object;
  }
  return object;
}

function addFunction(
  context: Context,
  scope: Scope,
  object: ObjectValue,
  key: string,
  node: ts.MethodDeclaration | ts.AccessorDeclaration,
): void {
  if (ts.isSetAccessor(node)) return;
  const closure: FunctionValue = makeFunction(context, scope, node, key);
  closure.thisHint = object;
  if (ts.isGetAccessor(node)) {
    object.getters ??= new Map();
    object.getters.set(key, closure);
  } else object.entries.set(key, closure);
}

/** `{...value}` and `Object.assign(object, value)`. */
export function spreadInto(context: Context, object: ObjectValue, value: Value): void {
  if (isObject(value)) {
    context.budget.spend(value.entries.size);
    if (value.open) openUp(object, value.open);
    for (const [key, entry] of value.entries) object.entries.set(key, entry);
    for (const [key, getter] of value.getters ?? []) {
      object.entries.set(key, callFunction(context, getter, value, [], getter.node));
    }
  } else if (isUnknown(value)) openUp(object, value);
  else if (isArray(value)) value.elements.forEach((e, index) => void object.entries.set(String(index), e));
}

/** Something unknown is spread over an object: any key may now be there, and those before it may be overwritten. */
function openUp(object: ObjectValue, by: Extract<Value, { kind: 'unknown' }>): void {
  // Options that nobody passes leave the defaults before them in force.
  if (!by.defaults) for (const key of object.entries.keys()) object.entries.set(key, unknown(by.reason));
  object.open ??= { kind: 'unknown', reason: by.reason, ...(by.defaults && { defaults: true as const }) };
}
