import ts from 'typescript';
import { inBranch, merge, tracked } from './branches.ts';
import { limits } from './budget.ts';
import type { Completion } from './completions.ts';
import { abruptOf, collapse, either } from './completions.ts';
import type { Context, Why } from './context.ts';
import { dependsOn, quote } from './context.ts';
import { evaluate } from './expressions.ts';
import { assignTo, bindPattern } from './patterns.ts';
import { elementsOf } from './properties.ts';
import type { Scope } from './scope.ts';
import { childScope, isLexical } from './scope.ts';
import { bindVar, run, runDeclarations } from './statements.ts';
import type { Value } from './values.ts';
import { isArray, isObject, isUnknown, truthiness, unknown } from './values.ts';

/** The rounds of a loop: each call runs one, and tells whether there was one to run. */
type Rounds = () => Round;
type Round =
  | { readonly type: 'done' }
  /** Whether there is another round is not known. */
  | { readonly type: 'unknown'; readonly why: Why; readonly body: () => Completion | undefined }
  | { readonly type: 'round'; readonly body: () => Completion | undefined };

const done: Round = { type: 'done' };

export function runLoop(
  context: Context,
  scope: Scope,
  node: ts.IterationStatement,
  label: string | undefined,
): Completion | undefined {
  const outermost = context.loopDeadline === undefined;
  const { spent } = context.budget;
  if (outermost) {
    context.loopDeadline = { idle: spent + limits.idleLoopSteps, last: spent + limits.loopSteps, made: made(context) };
  }
  try {
    const rounds = roundsOf(context, scope, node);
    return runBounded(context, node, rounds, label);
  } finally {
    if (outermost) context.loopDeadline = undefined;
  }
}

/** Runs the rounds that are certain in place, and everything after the first doubt as a branch that may not be taken. */
function runBounded(
  context: Context,
  node: ts.IterationStatement,
  rounds: Rounds,
  label: string | undefined,
): Completion | undefined {
  const counted = ts.isForOfStatement(node) || ts.isForInStatement(node);
  const step = (): Step => runRound(context, rounds, label);
  for (let count = 0; count < limits.loopRounds && !isOverdue(context); count++) {
    // A round that changes nothing but models will be followed by the same again: the loop is unfinished code.
    const { result, changed } = count === 1 && !counted ? tracked(context, step) : { result: step(), changed: true };
    if (result.type === 'end') return result.completion;
    if (!changed) break;
  }
  const clause = `the loop ${quote(node)} takes more rounds than Leaklint follows`;
  const once = (): undefined => void runRound(context, rounds, label);
  return either(context, { clause, node }, once, () => undefined);
}

/** A loop that has made nothing of a model in a long time is about data. */
function isOverdue(context: Context): boolean {
  const { budget, loopDeadline: deadline } = context;
  if (!deadline || budget.spent <= deadline.idle) return false;
  return budget.spent > deadline.last || made(context) === deadline.made;
}

function made({ layers, models, applications }: Context): number {
  return layers.length + models.length + applications;
}

type Step = { readonly type: 'more' } | { readonly type: 'end'; readonly completion: Completion | undefined };

function runRound(context: Context, rounds: Rounds, label: string | undefined): Step {
  const round = rounds();
  const end = (completion: Completion | undefined): Step => ({ type: 'end', completion });
  if (round.type === 'done') return end(undefined);
  const body = (): Completion | undefined => afterRound(context, round.body(), label).leave;
  if (round.type === 'unknown') return end(either(context, round.why, body, () => undefined));
  const { leave, stop, doubt } = afterRound(context, round.body(), label);
  if (leave || stop) return end(leave);
  if (!doubt) return { type: 'more' };
  return end(
    either(
      context,
      doubt,
      () => runCertain(context, rounds, label),
      () => undefined,
    ),
  );
}

/** The rounds after one that may have ended the loop: further doubts change nothing, all of it is already uncertain. */
function runCertain(context: Context, rounds: Rounds, label: string | undefined): Completion | undefined {
  for (let count = 0; count < limits.loopRounds; count++) {
    const round = rounds();
    if (round.type === 'done' || isOverdue(context)) break;
    const { leave, stop } = afterRound(context, round.body(), label);
    if (leave || stop) return leave;
    if (round.type === 'unknown') break;
  }
  return undefined;
}

interface AfterRound {
  /** How the whole loop ends, if it ends by leaving it. */
  readonly leave?: Completion;
  readonly stop?: true;
  /** The loop may have ended here. */
  readonly doubt?: Why;
}

function afterRound(context: Context, ended: Completion | undefined, label: string | undefined): AfterRound {
  const completion = collapse(context, ended);
  if (!completion) return {};
  const maybe = completion.type === 'maybe';
  const abrupt = abruptOf(completion);
  const own = 'label' in abrupt && (abrupt.label === undefined || abrupt.label === label);
  if (own && abrupt.type === 'continue') return {};
  if (own) return maybe ? { doubt: completion.why } : { stop: true };
  return { leave: completion };
}

function roundsOf(context: Context, scope: Scope, node: ts.IterationStatement): Rounds {
  if (ts.isForStatement(node)) return forRounds(context, scope, node);
  if (ts.isForOfStatement(node) || ts.isForInStatement(node)) return elementRounds(context, scope, node);
  if (ts.isDoStatement(node) || ts.isWhileStatement(node)) {
    let first = ts.isDoStatement(node);
    const body = (): Completion | undefined => run(context, childScope(scope), node.statement);
    return () => {
      if (!first) return nextRound(context, scope, node.expression, body);
      first = false;
      return { type: 'round', body };
    };
  }
  return () => done;
}

function nextRound(
  context: Context,
  scope: Scope,
  condition: ts.Expression | undefined,
  body: () => Completion | undefined,
): Round {
  context.budget.spend(1);
  if (!condition) return { type: 'round', body };
  const value = evaluate(context, scope, condition);
  const met = truthiness(value);
  if (met === undefined) return { type: 'unknown', why: dependsOn(condition, value), body };
  return met ? { type: 'round', body } : done;
}

function forRounds(context: Context, outer: Scope, node: ts.ForStatement): Rounds {
  let scope = childScope(outer);
  if (node.initializer) {
    if (ts.isVariableDeclarationList(node.initializer)) runDeclarations(context, scope, node.initializer);
    else evaluate(context, scope, node.initializer);
  }
  let first = true;
  const body = (): Completion | undefined => run(context, childScope(scope), node.statement);
  return () => {
    if (!first) {
      // Every round has its own variables, which closures made in it keep.
      const next = childScope(outer);
      for (const [name, binding] of scope.variables) next.variables.set(name, { ...binding });
      scope = next;
      if (node.incrementor) evaluate(context, scope, node.incrementor);
    }
    first = false;
    return nextRound(context, scope, node.condition, body);
  };
}

function elementRounds(context: Context, scope: Scope, node: ts.ForOfStatement | ts.ForInStatement): Rounds {
  const value = evaluate(context, scope, node.expression);
  const elements = ts.isForOfStatement(node) ? iterableElements(value) : keysOf(value);
  let index = 0;
  return () => {
    if (index >= elements.length) return done;
    const element = elements[index++];
    const body = (): Completion | undefined => runElement(context, scope, node, element);
    if (!isUnknown(element) || !element.spread) return { type: 'round', body };
    const why = {
      clause: `the list ${quote(node.expression)} is not known here: ${element.reason}`,
      node: node.expression,
    };
    return { type: 'round', body: () => repeatUnknown(context, why, body) };
  };
}

/** Runs the body once for any number of elements that are not known. */
function repeatUnknown(context: Context, why: Why, body: () => Completion | undefined): undefined {
  merge(
    context,
    inBranch(context, body),
    inBranch(context, () => undefined),
    why,
  );
  return undefined;
}

/** Elements of an array or a string; something that is not known yields one element that stands for any number. */
function iterableElements(value: Value): readonly Value[] {
  if (isArray(value)) return value.elements;
  const elements = elementsOf(value);
  if (elements) return elements;
  const reason = isUnknown(value) ? value.reason : 'it is not a list that is known here';
  return [{ kind: 'unknown', reason, spread: true }];
}

function keysOf(value: Value): readonly Value[] {
  if (isObject(value))
    return [...value.entries.keys(), ...(value.open ? [{ ...value.open, spread: true as const }] : [])];
  if (isArray(value)) return value.elements.map((_, index) => String(index));
  return [{ ...(isUnknown(value) ? value : unknown('its keys are not known here')), spread: true }];
}

function runElement(
  context: Context,
  outer: Scope,
  node: ts.ForOfStatement | ts.ForInStatement,
  element: Value,
): Completion | undefined {
  context.budget.spend(1);
  const value = isUnknown(element) && element.spread ? unknown(element.reason) : element;
  const scope = childScope(outer);
  if (!ts.isVariableDeclarationList(node.initializer)) assignTo(context, scope, node.initializer, value);
  else {
    const [declaration] = node.initializer.declarations;
    const lexical = isLexical(node.initializer);
    if (declaration) (lexical ? bindPattern : bindVar)(context, scope, declaration.name, value);
  }
  return run(context, childScope(scope), node.statement);
}
