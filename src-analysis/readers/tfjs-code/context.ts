import type ts from 'typescript';
import type { Range } from '../../model/graph.ts';
import type { RelatedFiles } from '../reader.ts';
import type { Frame } from './branches.ts';
import type { Budget } from './budget.ts';
import type { Directives } from './directives.ts';
import type { Condition, Decisions } from './forks.ts';
import type { Module } from './module-files.ts';
import type { ModulePaths } from './module-paths.ts';
import { perNode } from './per-node.ts';
import type { Claims } from './stated.ts';
import type { ClassValue, FunctionValue, LayerValue, ModelValue, UnknownValue, Value } from './values.ts';
import { isUnknown, unknown } from './values.ts';

/** What all evaluations of a file know of other files. */
export interface ReadFiles {
  readonly parsed: Map<string, ts.SourceFile>;
  readonly paths: ModulePaths;
}

/** Everything that one evaluation of a file shares. */
export interface Context {
  /** The file that is read: ranges point into it. */
  readonly source: ts.SourceFile;
  readonly related: (RelatedFiles & ReadFiles) | undefined;
  /** What the user states in comments. */
  readonly directives: Directives;
  readonly claims: Claims;
  /** Which way conditions that are not known go in this evaluation. */
  readonly decisions: Decisions;
  /** Conditions that are not known and that models turn out to depend on. */
  readonly conditions: Map<ts.Node, Condition>;
  /** What the variables in each such condition were when it was met (doubt.ts). */
  readonly met: Map<ts.Node, { readonly condition: Condition; readonly signature: string }>;
  /** Files evaluated so far, by path; undefined where there is none at that path. */
  readonly modules: Map<string, Module | undefined>;
  /** Exports being looked up: files that hand on what others export may do so in a circle. */
  readonly resolving: Set<string>;
  /** The file whose code is running. */
  module: Module;
  /** While code of another file runs: the call in the file that is read that led there. */
  ownCall: ts.Node | undefined;
  readonly budget: Budget;
  /** Branches being evaluated under conditions that are not known, outermost first. */
  readonly frames: Frame[];
  /** Grows with every value made. */
  clock: number;
  /** Current nesting of calls, statements and expressions. */
  depth: number;
  /**
   * Step counts at which the outermost running loop counts as endless, the first where as many layers and models are `made`
   * as when it began; undefined outside loops.
   */
  loopDeadline: { readonly idle: number; readonly last: number; readonly made: number } | undefined;
  /** Looking at functions that nobody calls. */
  exploring: boolean;
  /** Number of frames at which a call that certainly throws yields something unknown instead; undefined: at none. */
  lenientAt: number | undefined;
  /** Applications of layers so far. */
  applications: number;
  /** In order of making. */
  readonly models: ModelValue[];
  readonly layers: LayerValue[];
  readonly closures: FunctionValue[];
  readonly classes: ClassValue[];
  /** Functions called and classes constructed so far. */
  readonly called: Set<ts.Node>;
  /** The latest instance of every class. */
  readonly instances: Map<ClassValue, Value>;
}

export function makeContext(
  source: ts.SourceFile,
  budget: Budget,
  main: Module,
  related: Context['related'],
  decisions: Decisions,
  directives: Directives,
): Context {
  return {
    source,
    related,
    directives,
    claims: { takenBy: new Map(), errors: new Map() },
    decisions,
    conditions: new Map(),
    met: new Map(),
    modules: new Map([[main.path, main]]),
    resolving: new Set(),
    module: main,
    ownCall: undefined,
    budget,
    frames: [],
    clock: 0,
    depth: 0,
    loopDeadline: undefined,
    exploring: false,
    lenientAt: undefined,
    applications: 0,
    models: [],
    layers: [],
    closures: [],
    classes: [],
    called: new Set(),
    instances: new Map(),
  };
}

/** The node itself, or the call in the file that is read that led to it where it stands in another file. */
export function placeOf(context: Context, node: ts.Node): ts.Node | undefined {
  return node.getSourceFile() === context.source ? node : context.ownCall;
}

/** Where a node stands in the file that is read; undefined where it belongs to another file. */
export function rangeIn(context: Context, node: ts.Node): Range | undefined {
  const place = placeOf(context, node);
  return place && { start: place.getStart(context.source), end: place.end };
}

/** Evaluates something in the file that its code is from. `node` is the call that leads there. */
export function inModule<T>(context: Context, module: Module, node: ts.Node | undefined, body: () => T): T {
  const { module: previous, ownCall } = context;
  if (module === previous) return body();
  context.module = module;
  if (previous.role === 'main' && node) context.ownCall = node;
  try {
    return body();
  } finally {
    context.module = previous;
    context.ownCall = ownCall;
  }
}

/** The source of a node on one line and not too long, for sentences. */
export const quote = perNode((node: ts.Node): string => {
  const source = node.getSourceFile();
  const start = node.getStart(source);
  const text = source.text.slice(start, Math.min(node.end, start + 200)).replace(/\s+/g, ' ');
  return text.length > 48 ? `\`${text.slice(0, 45)}…\`` : `\`${text}\``;
});

/** Why something is not followed: a clause, and the node to show. */
export interface Why {
  readonly clause: string;
  readonly node: ts.Node;
  /** The condition to decide, where it is one that can go either way. */
  readonly condition?: Condition;
}

export function dependsOn(condition: ts.Node, value: Value): Why {
  const cause = isUnknown(value) ? value.reason : 'its value is not known here';
  const clause = `it depends on ${quote(condition)}: ${cause}`;
  return { clause: clause.length > 300 ? `it depends on ${quote(condition)}` : clause, node: condition };
}

/** The first unknown of several operands decides why a result is unknown. */
export function unknownOf(values: readonly Value[]): UnknownValue {
  const first = values.find(isUnknown);
  const { condition } = values.filter(isUnknown).find(value => value.condition) ?? {};
  return { ...unknown(first?.reason ?? 'its value is not known here'), ...(condition && { condition }) };
}

/** Why something depends on a value that is not known. */
export function whyOf({ reason, site, condition }: UnknownValue, node: ts.Node): Why {
  return { clause: reason, node: site ?? node, ...(condition && { condition }) };
}

/** A model depends on something that a condition decides. */
export function noteCondition(context: Context, { condition }: Pick<Why, 'condition'>): void {
  if (condition) context.conditions.set(condition.expression, condition);
}

/** A clause as a sentence. */
export function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
