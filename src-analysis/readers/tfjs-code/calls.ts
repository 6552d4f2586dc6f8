import ts from 'typescript';
import { forEither, join } from './branches.ts';
import { limits } from './budget.ts';
import { collapse } from './completions.ts';
import type { Context } from './context.ts';
import { inModule, quote, whyOf } from './context.ts';
import { evaluate } from './expressions.ts';
import { documented } from './jsdoc.ts';
import { noteEscape } from './models.ts';
import { bindPattern, withDefault } from './patterns.ts';
import type { Activation, Scope } from './scope.ts';
import { childScope, varNames } from './scope.ts';
import { declare, runStatements } from './statements.ts';
import { callTensorflow } from './tensorflow.ts';
import type { ClassValue, FunctionValue, UnknownValue, Value } from './values.ts';
import { isCallable, isUnknown, unknown } from './values.ts';

/** A `throw` of the evaluated program on its way to a `catch`. */
export class Thrown extends Error {
  readonly value: Value;
  constructor(value: Value) {
    super('thrown by the evaluated program');
    this.value = value;
  }
}

/** Makes the closure of a function expression or declaration. */
export function makeFunction(
  context: Context,
  scope: Scope,
  node: ts.FunctionLikeDeclaration,
  name: string,
  home?: ClassValue,
): FunctionValue {
  const closure: FunctionValue = { kind: 'function', node, scope, module: context.module, name, ...(home && { home }) };
  context.closures.push(closure);
  return closure;
}

/** Calls any value. What is not a function of this file, of JavaScript or of TensorFlow.js returns something unknown. */
export function callValue(
  context: Context,
  callee: Value,
  thisValue: Value,
  args: readonly Value[],
  node: ts.Node,
  activation?: Activation,
): Value {
  context.budget.spend(1);
  if (typeof callee === 'object' && callee !== null) {
    if (callee.kind === 'function') return callFunction(context, callee, thisValue, args, node);
    if (callee.kind === 'builtin') return callee.run(context, { thisValue, args, node });
    if (callee.kind === 'tf') return callTensorflow(context, callee.path, args, node, activation);
  }
  noteEscape(context, args, node);
  const called = ts.isCallExpression(node) || ts.isNewExpression(node) ? node.expression : node;
  if (isUnknown(callee)) {
    const usable = callee.alternatives?.filter(isCallable) ?? [];
    if (usable.length > 0)
      return forEither(context, usable, whyOf(callee, node), one => callValue(context, one, thisValue, args, node));
  }
  if (isUnknown(callee)) return unknown(`the result of ${quote(called)} is not known here`, node);
  return unknown(`${quote(called)} is not a function that is known here`, node);
}

/** Calls a function of the file. `node` is the call, for messages. */
export function callFunction(
  context: Context,
  callee: FunctionValue,
  thisValue: Value,
  args: readonly Value[],
  node: ts.Node,
): Value {
  context.called.add(callee.node);
  const enter = (): Value =>
    inModule(context, callee.module, node, () => enterFunction(context, callee, thisValue, args));
  return nested(
    context,
    node,
    context.lenientAt === context.frames.length ? () => orUnknown(context, node, enter) : enter,
  );
}

/** What a call returns, or something unknown where it throws. */
function orUnknown(context: Context, node: ts.Node, body: () => Value): Value {
  const { depth } = context;
  try {
    return body();
  } catch (error) {
    if (!(error instanceof Thrown)) throw error;
    context.depth = depth;
    return unknown(`${quote(node)} throws an error in the state that is known here`);
  }
}

/** A call counts for several levels of nesting: its evaluation takes that much of the stack. */
const levelsPerCall = 6;

/** Evaluates something a call deeper, unless that is too deep. */
export function nested(context: Context, node: ts.Node, body: () => Value): Value {
  if (context.depth + levelsPerCall > limits.depth) return unknown(`${quote(node)} is nested too deeply`);
  context.depth += levelsPerCall;
  try {
    return body();
  } finally {
    context.depth -= levelsPerCall;
  }
}

function enterFunction(context: Context, callee: FunctionValue, thisValue: Value, args: readonly Value[]): Value {
  const { body } = callee.node;
  if (!body) return unknown(`${titleOf(callee)} has no body in this file`);
  const arrow = ts.isArrowFunction(callee.node);
  const activation: Activation = {
    callee,
    args,
    thisValue,
    owner: arrow ? callee.scope.activation : undefined,
    home: callee.home,
  };
  const scope = childScope(callee.scope, activation);
  bindParameters(context, scope, callee, args);
  if ('asteriskToken' in callee.node && callee.node.asteriskToken) {
    runBody(context, scope, body);
    return unknown(`${titleOf(callee)} is a generator, whose values are not followed`);
  }
  return runBody(context, scope, body);
}

function runBody(context: Context, scope: Scope, body: ts.Block | ts.Expression): Value {
  if (!ts.isBlock(body)) return evaluate(context, scope, body);
  for (const name of varNames(body)) if (!scope.variables.has(name)) declare(context, scope, name, undefined);
  const completion = collapse(context, runStatements(context, scope, body.statements));
  if (completion?.type === 'return') return completion.value;
  if (completion?.type !== 'maybe' || completion.abrupt.type !== 'return') return undefined;
  return join(context, completion.abrupt.value, undefined, completion.why);
}

function bindParameters(context: Context, scope: Scope, callee: FunctionValue, args: readonly Value[]): void {
  let position = 0;
  for (const parameter of callee.node.parameters) {
    if (ts.isIdentifier(parameter.name) && parameter.name.text === 'this') continue;
    let value: Value;
    if (parameter.dotDotDotToken) {
      value = { kind: 'array', born: ++context.clock, elements: args.slice(position) };
    } else {
      value = withDefault(context, scope, args[position++], parameter.initializer);
    }
    bindPattern(context, scope, parameter.name, value);
  }
}

/** A function's name for sentences. */
export function titleOf(callee: FunctionValue): string {
  return callee.name === '' ? 'a function' : `\`${callee.name}\``;
}

/** What stands for an argument when nobody calls the function. */
export function missingArgument(context: Context, callee: FunctionValue, parameter: ts.ParameterDeclaration): Value {
  const reason = `${quote(parameter.name)} is a parameter of ${titleOf(callee)}, which is not called with known arguments here`;
  if (parameter.dotDotDotToken) return { kind: 'unknown', reason, spread: true };
  // The code's own default counts for more than what its documentation says.
  const missing: UnknownValue = { kind: 'unknown', reason, defaults: true };
  return parameter.initializer ? missing : documented(callee.node, parameter, missing, () => ++context.clock);
}
