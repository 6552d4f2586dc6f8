import ts from 'typescript';
import { inBranch, join, merge, touch } from './branches.ts';
import { limits } from './budget.ts';
import { callFunction, callValue, makeFunction } from './calls.ts';
import { construct, makeClass, superCall } from './classes.ts';
import type { Context } from './context.ts';
import { dependsOn, quote, unknownOf } from './context.ts';
import { globalValue } from './globals.ts';
import { importedModule } from './modules.ts';
import { functionName, unwrap } from './names.ts';
import { binary, concatenate, textOf, typeOf, unary } from './operators.ts';
import { assignTo } from './patterns.ts';
import { callMethod, elementsOf, getProperty, keyOf, propertyKey } from './properties.ts';
import type { Scope } from './scope.ts';
import { childScope, lookUp, ownerOf } from './scope.ts';
import type { FunctionValue, ObjectValue, Value } from './values.ts';
import { isArray, isObject, isUnknown, truthiness, unknown } from './values.ts';

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

function variable(context: Context, scope: Scope, node: ts.Identifier): Value {
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
    (node.text === 'undefined' ? undefined : unknown(`${quote(context, node)} is not defined in this file`))
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

/** Values of call arguments or array elements; a spread of something unknown stays as one element. */
function argumentValues(context: Context, scope: Scope, nodes: readonly ts.Expression[]): Value[] {
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

function call(context: Context, scope: Scope, node: ts.CallExpression): Value {
  const callee = unwrap(node.expression);
  if (callee.kind === ts.SyntaxKind.ImportKeyword) {
    const [specifier] = argumentValues(context, scope, node.arguments);
    return importedModule(specifier, '*');
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
  const args = argumentValues(context, scope, node.arguments);
  if (name === undefined) {
    return callValue(
      context,
      unknown(`which member of ${quote(context, callee.expression)} is called is not known here`),
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

function member(context: Context, scope: Scope, node: ts.PropertyAccessExpression | ts.ElementAccessExpression): Value {
  if (node.expression.kind === ts.SyntaxKind.SuperKeyword) {
    const base = ownerOf(scope).home?.base;
    const key = ts.isPropertyAccessExpression(node) ? node.name.text : undefined;
    const method =
      typeof base === 'object' && base?.kind === 'class' && key !== undefined ? base.methods.get(key) : undefined;
    return method ?? unknown(`${quote(context, node)} is not known here`);
  }
  if (!ts.isPropertyAccessExpression(node)) return element(context, scope, node);
  const object = evaluate(context, scope, node.expression);
  if (object == null && isOptional(node)) return undefined;
  return getProperty(context, object, node.name.text, node);
}

function element(context: Context, scope: Scope, node: ts.ElementAccessExpression): Value {
  const object = evaluate(context, scope, node.expression);
  if (object == null && isOptional(node)) return undefined;
  const index = evaluate(context, scope, node.argumentExpression);
  const key = keyOf(index);
  if (key === undefined) return unknown(unknownOf([object, index]).reason);
  return getProperty(context, object, key, node);
}

function newExpression(context: Context, scope: Scope, node: ts.NewExpression): Value {
  const callee = evaluate(context, scope, node.expression);
  return construct(context, callee, argumentValues(context, scope, node.arguments ?? []), node, scope.activation);
}

function objectLiteral(context: Context, scope: Scope, node: ts.ObjectLiteralExpression): Value {
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

function prefix(context: Context, scope: Scope, node: ts.PrefixUnaryExpression): Value {
  const { operator, operand } = node;
  if (operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken) {
    return increment(context, scope, operand, operator, true);
  }
  return unary(operator, evaluate(context, scope, operand));
}

function increment(
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

function deleteProperty(context: Context, scope: Scope, target: ts.Expression): Value {
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

function binaryExpression(context: Context, scope: Scope, node: ts.BinaryExpression): Value {
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
    const left = evaluate(context, scope, node.left);
    return binary(context, operator, left, evaluate(context, scope, node.right));
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
  if (isUnknown(left) && left.defaults && !and) return right();
  const needed = operator === ts.SyntaxKind.QuestionQuestionToken ? isNullish(left) : needsRight(truthiness(left), and);
  if (needed !== undefined) return needed ? right() : left;
  const why = dependsOn(context, leftNode, left);
  const taken = inBranch(context, right);
  merge(
    context,
    taken,
    inBranch(context, () => undefined),
    why,
  );
  return join(context, and ? unknown(why.clause) : left, taken.result, why);
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
