import ts from 'typescript';
import type { ReadError } from '../reader.ts';
import { changedModels, inBranch, touch } from './branches.ts';
import { BudgetSpent, limits } from './budget.ts';
import { callFunction, missingArgument, Thrown, titleOf } from './calls.ts';
import { instantiate } from './classes.ts';
import { collapse } from './completions.ts';
import type { Context } from './context.ts';
import { rangeIn, sentence } from './context.ts';
import type { Module } from './module-files.ts';
import { relevantNodes } from './relevance.ts';
import { varNames } from './scope.ts';
import { declare, hoist, run } from './statements.ts';
import type { ClassValue, FunctionValue, ModelValue, Value } from './values.ts';
import { unknown } from './values.ts';

/** Runs a module's own code, statement by statement. Returns why it could not be run to its end, if so. */
export function runModule(context: Context, module: Module): ReadError[] {
  hoistModule(context, module);
  const errors = runTopLevel(context, module, module.source.statements);
  module.running = false;
  return errors;
}

/** Declares what a module declares. */
export function hoistModule(context: Context, { scope, source }: Module): void {
  // A script of a page that says `var` again leaves the variable as it is.
  for (const name of varNames(source)) if (!scope.variables.has(name)) declare(context, scope, name, undefined);
  hoist(context, scope, source.statements);
}

/** Runs some of a module's own statements. Returns why they could not be run to their end, if so. */
export function runTopLevel(context: Context, module: Module, statements: readonly ts.Statement[]): ReadError[] {
  const errors: ReadError[] = [];
  const first = module.role === 'main' ? 0 : context.models.length;
  for (const statement of statements) {
    const failure = attempt(() => void collapse(context, run(context, module.scope, statement)));
    if (!failure || failure === thrown) continue;
    noteFailure(context, context.models.slice(first), failure);
    const range = rangeIn(context, statement);
    errors.push({
      message: `The models of this file are not read to its end: ${failure.reason}.`,
      ...(range && { range }),
    });
    if (failure.final || errors.length >= 10) break;
  }
  return errors;
}

/** Models made before evaluation failed may be incomplete. */
function noteFailure(context: Context, models: readonly ModelValue[], failure: Failure): void {
  const gap = { reason: sentence(`the code is not read to its end: ${failure.reason}`) };
  for (const model of models) {
    touch(context, model);
    model.gaps = [...model.gaps, gap];
  }
}

interface Failure {
  /** A clause. */
  readonly reason: string;
  /** There is no use in going on. */
  readonly final: boolean;
}

/** The evaluated program threw an error. */
const thrown: Failure = { reason: 'it throws an error', final: false };

/** Runs a piece of evaluation that may fail as a whole. */
function attempt(body: () => void): Failure | undefined {
  try {
    body();
  } catch (error) {
    if (error instanceof Thrown) return thrown;
    if (error instanceof BudgetSpent) return { reason: error.message, final: true };
    // The stack of this evaluator itself overflowed.
    if (error instanceof RangeError) return { reason: 'it is nested too deeply', final: false };
    throw error;
  }
  return undefined;
}

/**
 * Looks at every function and class that nobody in the file calls, each on its own, as if called with arguments that
 * are not known: first those whose names are not called anywhere, then what is still uncalled.
 */
export function exploreUncalled(
  context: Context,
  module: Module,
  end = context.budget.spent + limits.explorationSteps,
): ReadError[] {
  context.exploring = true;
  const relevant = relevantIn(context, module);
  const names = calledNames(module.source);
  for (const skipped of [names, new Set<string>()]) {
    for (let i = 0, j = 0; i < context.closures.length || j < context.classes.length; ) {
      const owner = context.classes[j];
      const closure = context.closures[i];
      if (owner) j++;
      else i++;
      const { module: home, node } = owner ?? closure ?? {};
      if (home !== module || !node || (relevant && !relevant.has(node))) continue;
      const failure = owner
        ? exploreClass(context, owner, skipped, end, relevant)
        : closure && exploreFunction(context, closure, skipped, end);
      if (!failure || context.budget.spent < end) continue;
      return [{ message: `The functions that nobody calls in this file are not all read: ${failure.reason}.` }];
    }
  }
  return [];
}

/** What of a module is worth a look: everything where the user states something in comments, which must not be missed. */
function relevantIn(context: Context, { role, source }: Module): ReadonlySet<ts.Node> | undefined {
  const { shapes, values } = context.directives;
  if (shapes.length > 0 || values.size > 0) return undefined;
  if (role !== 'importer') return relevantNodes(source, () => false);
  const nameOf = (path: string): string => path.split('/').at(-1) ?? '';
  const bare = (name: string): string => name.replace(/\.\w+$/, '');
  const main = bare(nameOf(context.source.fileName));
  // `index` is left out as often as not, and names that begin with `#` may stand for any file.
  return relevantNodes(source, specifier => {
    const name = nameOf(specifier);
    return main === 'index' || specifier.startsWith('#') || name === main || bare(name) === main;
  });
}

function exploreClass(
  context: Context,
  owner: ClassValue,
  skipped: ReadonlySet<string>,
  end: number,
  relevant: ReadonlySet<ts.Node> | undefined,
): Failure | undefined {
  if (context.called.has(owner.node) || skipped.has(owner.name)) return undefined;
  let failure: Failure | undefined;
  const own = isolated(context, owner.name, end, () => {
    const declared = owner.node.members.find(ts.isConstructorDeclaration);
    const reasonFor = `it is an argument of \`new ${owner.name}()\`, which is not called here`;
    const args = (declared?.parameters ?? []).map(
      (): Value => ({ kind: 'unknown', reason: reasonFor, defaults: true }),
    );
    const instance = instantiate(context, owner, args, owner.node);
    for (const method of [...owner.methods.values(), ...owner.getters.values()]) {
      if (relevant && !relevant.has(method.node)) continue;
      failure ??= exploreFunction(context, { ...method, thisHint: instance }, skipped, end);
    }
  });
  return own ?? failure;
}

function exploreFunction(
  context: Context,
  closure: FunctionValue,
  skipped: ReadonlySet<string>,
  end: number,
): Failure | undefined {
  if (context.called.has(closure.node) || skipped.has(closure.name)) return undefined;
  const thisValue = closure.thisHint ?? (closure.home && context.instances.get(closure.home));
  return isolated(context, closure.name, end, () => {
    const args = closure.node.parameters.map(parameter => missingArgument(context, closure, parameter));
    const receiver = thisValue ?? unknown(`\`this\` of ${titleOf(closure)} is not known here`);
    callFunction(context, closure, receiver, args, closure.node);
  });
}

/** Evaluates something and undoes what it changed; models that it changed are kept as models of their own. */
function isolated(context: Context, by: string, end: number, body: () => void): Failure | undefined {
  const previous = context.budget.limitTo(Math.min(context.budget.spent + limits.entrySteps, end));
  const first = context.models.length;
  try {
    const failure = keepingModels(context, by, body);
    if (failure !== thrown) return failed(context, first, failure);
    // Nobody calls it, so the state it meets is not the one that is known here: it goes on as well as it can.
    context.lenientAt = context.frames.length + 1;
    const again = keepingModels(context, by, body);
    return failed(context, first, again === thrown ? undefined : again);
  } finally {
    context.lenientAt = undefined;
    context.budget.limitTo(previous);
  }
}

function keepingModels(context: Context, by: string, body: () => void): Failure | undefined {
  let ended: Failure | undefined;
  // Undoing costs steps, too.
  const undoing = attempt(() => {
    const outcome = inBranch(context, () => attempt(body));
    for (const { model, state } of changedModels(outcome)) {
      context.models.push({ ...model, ...state, born: ++context.clock, explored: true, changedBy: by });
    }
    ended = outcome.result;
  });
  return ended ?? undoing;
}

function failed(context: Context, first: number, failure: Failure | undefined): Failure | undefined {
  if (failure) noteFailure(context, context.models.slice(first), failure);
  return failure;
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
