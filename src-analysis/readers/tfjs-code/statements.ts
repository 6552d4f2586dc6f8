import ts from 'typescript';
import { inBranch, touch } from './branches.ts';
import { limits } from './budget.ts';
import { makeFunction, Thrown } from './calls.ts';
import { makeClass } from './classes.ts';
import type { Completion } from './completions.ts';
import { abruptOf, collapse, either, resume, settle } from './completions.ts';
import type { Context } from './context.ts';
import { dependsOn } from './context.ts';
import { doubt } from './doubt.ts';
import { evaluate } from './expressions.ts';
import { decide, decideCase } from './forks.ts';
import { runLoop } from './loops.ts';
import { bindExportAssignment, bindImportEquals, bindImports } from './modules.ts';
import { strictlyEqual } from './operators.ts';
import { bindPattern } from './patterns.ts';
import type { Binding, Scope } from './scope.ts';
import { childScope, isLexical, lexicalNames, lookUp, namesIn } from './scope.ts';
import type { Value } from './values.ts';
import { isUnknown, truthiness, unknown } from './values.ts';

export function declare(context: Context, scope: Scope, name: string, value: Value): void {
  const binding = scope.variables.get(name);
  if (binding) assignBinding(context, binding, value);
  else scope.variables.set(name, { kind: 'binding', born: ++context.clock, value });
}

export function assignBinding(context: Context, binding: Binding, value: Value): void {
  touch(context, binding);
  binding.value = value;
}

/** Runs statements in a scope of their own, declarations first. */
export function runStatements(
  context: Context,
  scope: Scope,
  statements: readonly ts.Statement[],
): Completion | undefined {
  hoist(context, scope, statements);
  return runFrom(context, scope, statements, 0);
}

function runFrom(
  context: Context,
  scope: Scope,
  statements: readonly ts.Statement[],
  start: number,
): Completion | undefined {
  for (let i = start; i < statements.length; i++) {
    const completion = run(context, scope, statements[i]!);
    if (completion?.type === 'maybe' && i + 1 < statements.length) {
      return resume(context, completion, () => runFrom(context, scope, statements, i + 1));
    }
    if (completion) return completion;
  }
  return undefined;
}

/** Declares what a list of statements declares, and makes its functions, before any of it runs. */
export function hoist(context: Context, scope: Scope, statements: readonly ts.Statement[]): void {
  for (const name of lexicalNames(statements)) {
    if (!scope.variables.has(name)) declare(context, scope, name, undefined);
  }
  for (const statement of statements) {
    if (ts.isFunctionDeclaration(statement) && statement.body) {
      const name = statement.name?.text ?? 'default';
      declare(context, scope, name, makeFunction(context, scope, statement, name));
    }
  }
}

/** Runs one statement. */
export function run(context: Context, scope: Scope, node: ts.Statement): Completion | undefined {
  context.budget.spend(1);
  if (context.depth > limits.depth) return undefined;
  context.depth++;
  try {
    return dispatch(context, scope, node, undefined);
  } finally {
    context.depth--;
  }
}

function dispatch(
  context: Context,
  scope: Scope,
  node: ts.Statement,
  label: string | undefined,
): Completion | undefined {
  if (ts.isExpressionStatement(node)) {
    evaluate(context, scope, node.expression);
    return undefined;
  }
  if (ts.isVariableStatement(node)) return runVariables(context, scope, node);
  if (ts.isReturnStatement(node)) {
    return { type: 'return', value: node.expression ? evaluate(context, scope, node.expression) : undefined };
  }
  if (ts.isIfStatement(node)) return runIf(context, scope, node);
  if (ts.isBlock(node)) return runStatements(context, childScope(scope), node.statements);
  if (ts.isIterationStatement(node, false)) return runLoop(context, scope, node, label);
  if (ts.isLabeledStatement(node)) return runLabeled(context, scope, node);
  if (ts.isBreakStatement(node)) return { type: 'break', label: node.label?.text };
  if (ts.isContinueStatement(node)) return { type: 'continue', label: node.label?.text };
  if (ts.isThrowStatement(node)) throw new Thrown(evaluate(context, scope, node.expression));
  if (ts.isTryStatement(node)) return runTry(context, scope, node);
  if (ts.isSwitchStatement(node)) return runSwitch(context, scope, node);
  declareStatement(context, scope, node);
  return undefined;
}

function declareStatement(context: Context, scope: Scope, node: ts.Statement): void {
  if (ts.isClassDeclaration(node)) {
    declare(context, scope, node.name?.text ?? 'default', makeClass(context, scope, node));
  } else if (ts.isImportDeclaration(node)) bindImports(context, scope, node);
  else if (ts.isImportEqualsDeclaration(node)) bindImportEquals(context, scope, node);
  else if (ts.isExportAssignment(node)) bindExportAssignment(context, scope, node);
  else if (ts.isEnumDeclaration(node)) declare(context, scope, node.name.text, makeEnum(context, scope, node));
  else if (ts.isModuleDeclaration(node) && node.body && ts.isModuleBlock(node.body)) {
    runStatements(context, childScope(scope), node.body.statements);
  }
}

function runVariables(context: Context, scope: Scope, node: ts.VariableStatement): undefined {
  const ambient = node.modifiers?.some(modifier => modifier.kind === ts.SyntaxKind.DeclareKeyword);
  if (!ambient) return runDeclarations(context, scope, node.declarationList);
  for (const declaration of node.declarationList.declarations) {
    for (const name of namesIn(declaration.name)) {
      declare(context, scope, name, unknown(`\`${name}\` is defined elsewhere`));
    }
  }
  return undefined;
}

/** Runs a `var`, `let` or `const` list. */
export function runDeclarations(context: Context, scope: Scope, list: ts.VariableDeclarationList): undefined {
  const lexical = isLexical(list);
  for (const declaration of list.declarations) {
    if (!declaration.initializer) {
      if (lexical) for (const name of namesIn(declaration.name)) declare(context, scope, name, undefined);
      continue;
    }
    const value = evaluate(context, scope, declaration.initializer);
    if (lexical) bindPattern(context, scope, declaration.name, value);
    else bindVar(context, scope, declaration.name, value);
  }
  return undefined;
}

/** `var` assigns to the variable of the function around it, wherever the declaration stands. */
export function bindVar(context: Context, scope: Scope, name: ts.BindingName, value: Value): void {
  const names = namesIn(name);
  const holder = names[0] === undefined ? undefined : lookUp(scope, names[0]);
  let target: Scope | undefined = scope;
  while (target && holder && target.variables.get(names[0]!) !== holder) target = target.parent;
  if (ts.isIdentifier(name)) {
    declare(context, target ?? scope, name.text, value);
    return;
  }
  const parts = childScope(scope);
  bindPattern(context, parts, name, value);
  for (const part of names) declare(context, target ?? scope, part, parts.variables.get(part)?.value);
}

function runIf(context: Context, scope: Scope, node: ts.IfStatement): Completion | undefined {
  const condition = evaluate(context, scope, node.expression);
  const met = truthiness(condition);
  const onElse = node.elseStatement;
  if (met === true && isLenient(context) && endsInThrow(node.thenStatement))
    return onElse && run(context, scope, onElse);
  if (met === true) return run(context, scope, node.thenStatement);
  if (met === false) return onElse && run(context, scope, onElse);
  const decided = decide(context.decisions, node.expression);
  if (decided !== undefined)
    return decided ? run(context, scope, node.thenStatement) : onElse && run(context, scope, onElse);
  const why = doubt(context, scope, condition, { expression: node.expression });
  const otherwise = (): Completion | undefined => onElse && run(context, scope, onElse);
  return either(context, why, () => run(context, scope, node.thenStatement), otherwise);
}

/** Code that nobody calls and that throws in the state that is known here is read as if it had passed its checks. */
function isLenient(context: Context): boolean {
  return context.lenientAt === context.frames.length;
}

function endsInThrow(node: ts.Statement): boolean {
  const last = ts.isBlock(node) ? node.statements.at(-1) : node;
  return last !== undefined && ts.isThrowStatement(last);
}

function runLabeled(context: Context, scope: Scope, node: ts.LabeledStatement): Completion | undefined {
  const completion = collapse(context, dispatch(context, scope, node.statement, node.label.text));
  const abrupt = completion && abruptOf(completion);
  return abrupt?.type === 'break' && abrupt.label === node.label.text ? undefined : completion;
}

function runTry(context: Context, scope: Scope, node: ts.TryStatement): Completion | undefined {
  let completion: Completion | undefined;
  const block = (): Completion | undefined => runStatements(context, childScope(scope), node.tryBlock.statements);
  const handler = node.catchClause;
  completion = collapse(context, settle(block));
  if (completion?.type === 'throw') {
    if (handler) completion = runCatch(context, scope, handler, completion.value);
  } else if (handler) {
    // The handler may build a model of its own, but what the block did is what normally holds afterwards.
    inBranch(context, () => settle(() => runCatch(context, scope, handler, unknown('it is an error'))));
  }
  const last = node.finallyBlock && runStatements(context, childScope(scope), node.finallyBlock.statements);
  const end = last ?? completion;
  if (end?.type === 'throw') throw new Thrown(end.value);
  return end;
}

function runCatch(context: Context, scope: Scope, node: ts.CatchClause, error: Value): Completion | undefined {
  const inner = childScope(scope);
  if (node.variableDeclaration) bindPattern(context, inner, node.variableDeclaration.name, error);
  return runStatements(context, inner, node.block.statements);
}

/** Cases of one `switch` that are tried when its subject is not known. */
const maxUnknownCases = 40;

function runSwitch(context: Context, scope: Scope, node: ts.SwitchStatement): Completion | undefined {
  const subject = evaluate(context, scope, node.expression);
  const inner = childScope(scope);
  const { clauses } = node.caseBlock;
  hoist(
    context,
    inner,
    clauses.flatMap(clause => [...clause.statements]),
  );
  const otherwise = clauses.findIndex(ts.isDefaultClause);
  const from = (index: number): Completion | undefined => runClauses(context, inner, clauses, index);
  const possible: number[] = [];
  for (const [index, clause] of clauses.entries()) {
    if (!ts.isCaseClause(clause)) continue;
    const match =
      strictlyEqual(subject, evaluate(context, inner, clause.expression)) ??
      decideCase(context.decisions, node.expression, clause.expression);
    if (match === true && possible.length === 0) return from(index);
    if (match !== false && possible.length < maxUnknownCases) possible.push(index);
    if (match === true) break;
  }
  const why = dependsOn(node.expression, subject);
  const choose = (position: number): Completion | undefined => {
    const index = possible[position];
    if (index === undefined) return otherwise < 0 ? undefined : from(otherwise);
    const clause = clauses[index];
    return either(
      context,
      clause && ts.isCaseClause(clause)
        ? doubt(context, scope, subject, { expression: clause.expression, of: node.expression })
        : why,
      () => from(index),
      () => choose(position + 1),
    );
  };
  return choose(0);
}

function runClauses(
  context: Context,
  scope: Scope,
  clauses: readonly ts.CaseOrDefaultClause[],
  start: number,
): Completion | undefined {
  const statements = clauses.slice(start).flatMap(clause => [...clause.statements]);
  const completion = collapse(context, runFrom(context, scope, statements, 0));
  const abrupt = completion && abruptOf(completion);
  return abrupt?.type === 'break' && abrupt.label === undefined ? undefined : completion;
}

function makeEnum(context: Context, scope: Scope, node: ts.EnumDeclaration): Value {
  const entries = new Map<string, Value>();
  let next: Value = 0;
  for (const member of node.members) {
    const value: Value = member.initializer ? evaluate(context, scope, member.initializer) : next;
    if (ts.isIdentifier(member.name) || ts.isStringLiteral(member.name)) entries.set(member.name.text, value);
    next = typeof value === 'number' ? value + 1 : isUnknown(value) ? value : unknown('its enum member has no number');
  }
  return { kind: 'object', born: ++context.clock, entries };
}
