import ts from 'typescript';
import type { ReadError } from '../reader.ts';
import { changedModels, inBranch } from './branches.ts';
import { BudgetSpent, limits } from './budget.ts';
import { callFunction, missingArgument, Thrown, titleOf } from './calls.ts';
import { instantiate } from './classes.ts';
import type { Context } from './context.ts';
import { rangeOf, sentence } from './context.ts';
import type { Activation, Scope } from './scope.ts';
import { varNames } from './scope.ts';
import { runStatements } from './statements.ts';
import type { ClassValue, FunctionValue, Value } from './values.ts';
import { unknown } from './values.ts';

/** Runs the module's own code, statement by statement. Returns why it could not be run to its end, if so. */
export function runModule(context: Context): ReadError[] {
  const activation: Activation = {
    callee: undefined,
    args: [],
    thisValue: undefined,
    owner: undefined,
    home: undefined,
  };
  const scope: Scope = { parent: undefined, activation, variables: new Map() };
  for (const name of varNames(context.source)) {
    scope.variables.set(name, { kind: 'binding', born: ++context.clock, value: undefined });
  }
  const errors: ReadError[] = [];
  const body = (): void => void runStatements(context, scope, context.source.statements);
  const reason = attempt(body);
  if (reason) {
    errors.push({ message: `Models of this file are not read to the end: ${reason}.`, range: firstLine(context) });
    for (const model of context.models)
      model.gaps = [...model.gaps, { reason: sentence(`the file is not read to its end: ${reason}`) }];
  }
  return errors;
}

/** Runs a piece of evaluation that may fail as a whole. Returns why it failed, as a clause. */
function attempt(body: () => void): string | undefined {
  try {
    body();
  } catch (error) {
    if (error instanceof Thrown) return undefined;
    if (error instanceof BudgetSpent) return error.message;
    // The stack of this evaluator itself overflowed.
    if (error instanceof RangeError) return 'it is nested too deeply';
    throw error;
  }
  return undefined;
}

function firstLine(context: Context): { start: number; end: number } {
  const [first] = context.source.statements;
  return first ? rangeOf(context, first) : { start: 0, end: 0 };
}

/**
 * Looks at every function and class that nobody in the file calls, each on its own, as if called with arguments that
 * are not known: first those whose names are not called anywhere, then what is still uncalled.
 */
export function exploreUncalled(context: Context): ReadError[] {
  context.exploring = true;
  const end = context.budget.spent + limits.explorationSteps;
  const names = calledNames(context.source);
  for (const skipped of [names, new Set<string>()]) {
    for (let i = 0, j = 0; i < context.closures.length || j < context.classes.length; ) {
      const reason =
        j < context.classes.length
          ? exploreClass(context, context.classes[j++]!, skipped, end)
          : exploreFunction(context, context.closures[i++]!, skipped, end);
      if (reason === undefined || context.budget.spent < end) continue;
      const message = `Functions that nobody calls are not all read: ${reason}.`;
      return [{ message, range: firstLine(context) }];
    }
  }
  return [];
}

function exploreClass(
  context: Context,
  owner: ClassValue,
  skipped: ReadonlySet<string>,
  end: number,
): string | undefined {
  if (context.called.has(owner.node) || skipped.has(owner.name)) return undefined;
  let reason: string | undefined;
  isolated(context, owner.name, end, () => {
    const declared = owner.node.members.find(ts.isConstructorDeclaration);
    const reasonFor = `it is an argument of \`new ${owner.name}()\`, which is not called here`;
    const args = (declared?.parameters ?? []).map(
      (): Value => ({ kind: 'unknown', reason: reasonFor, defaults: true }),
    );
    const instance = instantiate(context, owner, args, owner.node);
    for (const method of [...owner.methods.values(), ...owner.getters.values()]) {
      reason ??= exploreFunction(context, { ...method, thisHint: instance }, skipped, end);
    }
  });
  return reason;
}

function exploreFunction(
  context: Context,
  closure: FunctionValue,
  skipped: ReadonlySet<string>,
  end: number,
): string | undefined {
  if (context.called.has(closure.node) || skipped.has(closure.name)) return undefined;
  const thisValue = closure.thisHint ?? (closure.home && context.instances.get(closure.home));
  return isolated(context, closure.name, end, () => {
    const args = closure.node.parameters.map(parameter => missingArgument(context, closure, parameter));
    const receiver = thisValue ?? unknown(`\`this\` of ${titleOf(closure)} is not known here`);
    callFunction(context, closure, receiver, args, closure.node);
  });
}

/** Evaluates something and undoes what it changed; models that it changed are kept as models of their own. */
function isolated(context: Context, by: string, end: number, body: () => void): string | undefined {
  const previous = context.budget.limitTo(Math.min(context.budget.spent + limits.entrySteps, end));
  let reason: string | undefined;
  try {
    const outcome = inBranch(context, () => {
      reason = attempt(body);
    });
    for (const { model, state } of changedModels(outcome)) {
      context.models.push({ ...model, ...state, born: ++context.clock, explored: true, changedBy: by });
    }
  } finally {
    context.budget.limitTo(previous);
  }
  return reason;
}

/** Last names of everything that is called or constructed anywhere in the file. */
function calledNames(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  const pending: ts.Node[] = [source];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const callee = node.expression;
      if (ts.isIdentifier(callee)) names.add(callee.text);
      else if (ts.isPropertyAccessExpression(callee)) names.add(callee.name.text);
    }
    ts.forEachChild(node, child => void pending.push(child));
  }
  return names;
}
