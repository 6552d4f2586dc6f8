import type ts from 'typescript';
import type { Context, Why } from './context.ts';
import { dependsOn } from './context.ts';
import { type Condition, rootsOf } from './forks.ts';
import { perNode } from './per-node.ts';
import type { Scope } from './scope.ts';
import { lookUp } from './scope.ts';
import type { Value } from './values.ts';
import { isPrimitive, isUnknown } from './values.ts';

/**
 * Why what follows a condition is not known, and the condition to decide: the one that decides its value, where that is
 * another one. A condition that is met with different values of the variables in it is none to decide: it may go one way
 * for some of them.
 */
export function doubt(context: Context, scope: Scope, value: Value, condition: Condition): Why {
  const why = dependsOn(condition.of ?? condition.expression, value);
  const cause = isUnknown(value) && isName(condition) ? value.condition : undefined;
  if (cause) return { ...why, condition: cause };
  const signature = rootsOf(condition).map(name => {
    const held = lookUp(scope, name)?.value;
    return isPrimitive(held) ? `${typeof held} ${held}` : 'object';
  });
  const met = signature.join();
  const before = context.met.get(condition.expression)?.signature;
  if (before !== met) {
    context.met.set(condition.expression, { condition, signature: before === undefined ? met : varying });
  }
  return { ...why, condition };
}

/** The signature of a condition that was met with different values. */
const varying = '*';

/** The condition is met, and goes the same way wherever it is. */
export function isUniform(context: Context, condition: Condition): boolean {
  const met = context.met.get(condition.expression);
  return met !== undefined && met.signature !== varying;
}

/** Nothing but a name: what decides its value decides the condition. */
function isName({ expression, of }: Condition): boolean {
  return of === undefined && isPlain(expression);
}

const isPlain = perNode((expression: ts.Expression) => /^[\w$.!\s]+$/.test(expression.getText()));
