import type { Outcome } from './branches.ts';
import { adopt, inBranch, join, merge, pathBeside } from './branches.ts';
import { Thrown } from './calls.ts';
import type { Context, Why } from './context.ts';
import type { Value } from './values.ts';

export type Abrupt =
  | { readonly type: 'return'; readonly value: Value }
  | { readonly type: 'throw'; readonly value: Value }
  | { readonly type: 'break' | 'continue'; readonly label: string | undefined };

/** An abrupt end under a condition that is not known; evaluation goes on as if it had not happened. */
export interface Maybe {
  readonly type: 'maybe';
  readonly abrupt: Abrupt;
  readonly why: Why;
  /** The state where it did happen, still to be merged into the current one. */
  readonly path: Outcome<undefined>;
}

/** How a statement ends if not normally. */
export type Completion = Abrupt | Maybe;

const noPath: Outcome<undefined> = { result: undefined, after: new Map() };

/** Runs either of two continuations, not known which: both are run, and what differs between them becomes unknown. */
export function either(
  context: Context,
  why: Why,
  a: () => Completion | undefined,
  b: () => Completion | undefined,
): Completion | undefined {
  const first = inBranch(context, () => collapse(context, settle(a)));
  const second = inBranch(context, () => collapse(context, settle(b)));
  const [x, y] = [first.result, second.result];
  // A branch that throws leads nowhere: the other one was taken.
  if (x?.type === 'throw') return take(context, second);
  if (y?.type === 'throw') return take(context, first);
  if (x && !y && x.type !== 'maybe') return leaveAside(context, x, why, first, second);
  if (y && !x && y.type !== 'maybe') return leaveAside(context, y, why, second, first);
  merge(context, first, second, why);
  return x && y ? joinCompletions(context, x, y, why) : (x ?? y);
}

/** One branch ends abruptly, the other does not: evaluation goes on with the latter. */
function leaveAside(context: Context, abrupt: Abrupt, why: Why, left: Outcome<unknown>, live: Outcome<unknown>): Maybe {
  const path = pathBeside(context, left, live);
  adopt(context, live);
  return { type: 'maybe', abrupt, why, path };
}

/** Runs what follows a possible abrupt end: it is reached only if that did not happen. */
export function resume(context: Context, maybe: Maybe, rest: () => Completion | undefined): Completion | undefined {
  const { abrupt, why, path } = maybe;
  const after = inBranch(context, () => collapse(context, settle(rest)));
  const end = after.result;
  if (end?.type === 'throw') {
    adopt(context, path);
    return abrupt;
  }
  merge(context, path, after, why);
  return end ? joinCompletions(context, abrupt, end, why) : { type: 'maybe', abrupt, why, path: noPath };
}

/** Merges the state of a possible abrupt end into the current one. */
export function collapse(context: Context, completion: Completion | undefined): Completion | undefined {
  if (completion?.type !== 'maybe' || completion.path.after.size === 0) return completion;
  merge(context, completion.path, noPath, completion.why);
  return { ...completion, path: noPath };
}

function take(context: Context, outcome: Outcome<Completion | undefined>): Completion | undefined {
  adopt(context, outcome);
  if (outcome.result?.type === 'throw') throw new Thrown(outcome.result.value);
  return outcome.result;
}

/** A throw as a completion, so that a branch that throws does not end the other one. */
export function settle(body: () => Completion | undefined): Completion | undefined {
  try {
    return body();
  } catch (error) {
    if (error instanceof Thrown) return { type: 'throw', value: error.value };
    throw error;
  }
}

function joinCompletions(context: Context, x: Completion, y: Completion, why: Why): Completion {
  const [a, b] = [abruptOf(x), abruptOf(y)];
  const joined = joinAbrupt(context, a, b, why);
  return x.type === 'maybe' || y.type === 'maybe' ? { type: 'maybe', abrupt: joined, why, path: noPath } : joined;
}

function joinAbrupt(context: Context, a: Abrupt, b: Abrupt, why: Why): Abrupt {
  if (a.type === 'return' && b.type === 'return')
    return { type: 'return', value: join(context, a.value, b.value, why) };
  return b.type === 'return' ? b : a;
}

export function abruptOf(completion: Completion): Abrupt {
  return completion.type === 'maybe' ? completion.abrupt : completion;
}
