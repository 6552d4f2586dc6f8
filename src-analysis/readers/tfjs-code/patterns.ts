import ts from 'typescript';
import type { Context } from './context.ts';
import { evaluate } from './expressions.ts';
import { unwrap } from './names.ts';
import { elementsOf, getProperty, propertyKey, setProperty } from './properties.ts';
import type { Scope } from './scope.ts';
import { lookUp } from './scope.ts';
import { assignBinding, declare } from './statements.ts';
import type { UnknownValue, Value } from './values.ts';
import { isArray, isObject, isUnknown, partOf, unknown } from './values.ts';

/** Declares the names of a binding (an identifier or a destructuring pattern) with the parts of a value. */
export function bindPattern(context: Context, scope: Scope, name: ts.BindingName, value: Value): void {
  if (ts.isIdentifier(name)) {
    declare(context, scope, name.text, value);
    return;
  }
  if (ts.isObjectBindingPattern(name)) {
    const taken = new Set<string>();
    for (const element of name.elements) {
      if (element.dotDotDotToken) {
        bindPattern(context, scope, element.name, restOf(context, value, taken));
        continue;
      }
      const keyNode = element.propertyName ?? element.name;
      const key = ts.isPropertyName(keyNode) ? propertyKey(context, scope, keyNode) : undefined;
      if (typeof key === 'string') taken.add(key);
      const part =
        typeof key === 'string' ? getProperty(context, value, key, element) : unknown('its key is not known');
      bindPattern(context, scope, element.name, withDefault(context, scope, part, element.initializer));
    }
    return;
  }
  const elements = elementsOf(value);
  name.elements.forEach((element, index) => {
    if (ts.isOmittedExpression(element)) return;
    const part = element.dotDotDotToken ? tail(context, value, index) : elementAt(elements, value, index);
    bindPattern(context, scope, element.name, withDefault(context, scope, part, element.initializer));
  });
}

/** A value, or its default where it is undefined or an argument that nobody passes. */
export function withDefault(
  context: Context,
  scope: Scope,
  value: Value,
  initializer: ts.Expression | undefined,
): Value {
  if (!initializer || (value !== undefined && !isMissing(value))) return value;
  return insteadOf(context, value, evaluate(context, scope, initializer));
}

function isMissing(value: Value): value is UnknownValue {
  return isUnknown(value) && value.defaults === true;
}

/** A default in place of an argument that nobody passes: options that a caller would pass are unknown in it. */
export function insteadOf(context: Context, missing: Value, fallback: Value): Value {
  if (!isMissing(missing) || !isObject(fallback) || fallback.open || fallback.madeBy) return fallback;
  return { ...fallback, born: ++context.clock, entries: new Map(fallback.entries), open: partOf(missing) };
}

function elementAt(elements: readonly Value[] | undefined, value: Value, index: number): Value {
  if (elements) return elements[index];
  if (isArray(value)) {
    const spread = value.elements.findIndex(e => isUnknown(e) && e.spread);
    if (index < spread) return value.elements[index];
  }
  return isUnknown(value) ? partOf(value) : unknown('its position in the list is not known here');
}

function tail(context: Context, value: Value, index: number): Value {
  const elements = elementsOf(value);
  if (!elements) return isUnknown(value) ? unknown(value.reason) : unknown('the length of the list is not known here');
  return { kind: 'array', born: ++context.clock, elements: elements.slice(index) };
}

function restOf(context: Context, value: Value, taken: ReadonlySet<string>): Value {
  if (!isObject(value)) return isUnknown(value) ? value : unknown('it is not an object that is known here');
  const entries = new Map([...value.entries].filter(([key]) => !taken.has(key)));
  return { kind: 'object', born: ++context.clock, entries, ...(value.open && { open: value.open }) };
}

/** Assigns to a variable, a property or a destructuring pattern written as an expression. */
export function assignTo(context: Context, scope: Scope, target: ts.Expression, value: Value): void {
  const node = unwrap(target);
  if (ts.isIdentifier(node)) assignVariable(context, scope, node.text, value);
  else if (ts.isPropertyAccessExpression(node)) {
    setProperty(context, evaluate(context, scope, node.expression), node.name.text, value);
  } else if (ts.isElementAccessExpression(node)) {
    const object = evaluate(context, scope, node.expression);
    setProperty(context, object, evaluate(context, scope, node.argumentExpression), value);
  } else if (ts.isArrayLiteralExpression(node)) assignElements(context, scope, node, value);
  else if (ts.isObjectLiteralExpression(node)) assignMembers(context, scope, node, value);
}

function assignVariable(context: Context, scope: Scope, name: string, value: Value): void {
  const binding = lookUp(scope, name);
  if (binding) {
    assignBinding(context, binding, value);
    return;
  }
  // Assigning to an undeclared name makes a global variable.
  let outermost = scope;
  while (outermost.parent) outermost = outermost.parent;
  declare(context, outermost, name, value);
}

function assignElements(context: Context, scope: Scope, node: ts.ArrayLiteralExpression, value: Value): void {
  const elements = elementsOf(value);
  node.elements.forEach((element, index) => {
    if (ts.isOmittedExpression(element)) return;
    if (ts.isSpreadElement(element)) assignTo(context, scope, element.expression, tail(context, value, index));
    else assignWithDefault(context, scope, element, elementAt(elements, value, index));
  });
}

function assignMembers(context: Context, scope: Scope, node: ts.ObjectLiteralExpression, value: Value): void {
  const taken = new Set<string>();
  for (const property of node.properties) {
    if (ts.isShorthandPropertyAssignment(property)) {
      taken.add(property.name.text);
      const part = getProperty(context, value, property.name.text, property);
      const initializer = property.objectAssignmentInitializer;
      assignVariable(context, scope, property.name.text, withDefault(context, scope, part, initializer));
    } else if (ts.isPropertyAssignment(property)) {
      const key = propertyKey(context, scope, property.name);
      if (typeof key === 'string') taken.add(key);
      const part =
        typeof key === 'string' ? getProperty(context, value, key, property) : unknown('its key is not known');
      assignWithDefault(context, scope, property.initializer, part);
    } else if (ts.isSpreadAssignment(property)) {
      assignTo(context, scope, property.expression, restOf(context, value, taken));
    }
  }
}

function assignWithDefault(context: Context, scope: Scope, target: ts.Expression, value: Value): void {
  if (ts.isBinaryExpression(target) && target.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
    assignTo(context, scope, target.left, withDefault(context, scope, value, target.right));
  } else assignTo(context, scope, target, value);
}
