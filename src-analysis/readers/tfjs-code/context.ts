import type ts from 'typescript';
import type { Range } from '../../model/graph.ts';
import type { Frame } from './branches.ts';
import type { Budget } from './budget.ts';
import type { ClassValue, FunctionValue, LayerValue, ModelValue, UnknownValue, Value } from './values.ts';
import { isUnknown, unknown } from './values.ts';

/** Everything that one evaluation of a file shares. */
export interface Context {
  readonly source: ts.SourceFile;
  readonly budget: Budget;
  /** Branches being evaluated under conditions that are not known, outermost first. */
  readonly frames: Frame[];
  /** Grows with every value made. */
  clock: number;
  /** Current nesting of calls, statements and expressions. */
  depth: number;
  /** Step count at which the outermost running loop counts as endless; undefined outside loops. */
  loopDeadline: number | undefined;
  /** Looking at functions that nobody calls. */
  exploring: boolean;
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

export function makeContext(source: ts.SourceFile, budget: Budget): Context {
  return {
    source,
    budget,
    frames: [],
    clock: 0,
    depth: 0,
    loopDeadline: undefined,
    exploring: false,
    applications: 0,
    models: [],
    layers: [],
    closures: [],
    classes: [],
    called: new Set(),
    instances: new Map(),
  };
}

export function rangeOf(context: Context, node: ts.Node): Range {
  return { start: node.getStart(context.source), end: node.end };
}

/** The source of a node on one line and not too long, for sentences. */
export function quote(context: Context, node: ts.Node): string {
  const start = node.getStart(context.source);
  const text = context.source.text.slice(start, Math.min(node.end, start + 200)).replace(/\s+/g, ' ');
  return text.length > 48 ? `\`${text.slice(0, 45)}…\`` : `\`${text}\``;
}

/** Why something is not followed: a clause, and the node to show. */
export interface Why {
  readonly clause: string;
  readonly node: ts.Node;
}

export function dependsOn(context: Context, condition: ts.Node, value: Value): Why {
  const cause = isUnknown(value) ? value.reason : 'its value is not known here';
  const clause = `it depends on ${quote(context, condition)}: ${cause}`;
  return { clause: clause.length > 300 ? `it depends on ${quote(context, condition)}` : clause, node: condition };
}

/** The first unknown of several operands decides why a result is unknown. */
export function unknownOf(values: readonly Value[]): UnknownValue {
  const first = values.find(isUnknown);
  return unknown(first?.reason ?? 'its value is not known here');
}

/** A clause as a sentence. */
export function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
