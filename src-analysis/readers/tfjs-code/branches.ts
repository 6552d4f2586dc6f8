import type ts from 'typescript';
import type { Gap } from '../../model/graph.ts';
import type { Context, Why } from './context.ts';
import { noteCondition, rangeIn, sentence } from './context.ts';
import { joinTensors } from './layers.ts';
import type { Binding } from './scope.ts';
import type {
  ArrayValue,
  LayerValue,
  ModelValue,
  ObjectValue,
  StackItem,
  TensorValue,
  UnknownValue,
  Value,
} from './values.ts';
import { isArray, isObject, isPrimitive, isTensor, isUnknown, unknown } from './values.ts';

/** Anything that evaluation changes in place. */
export type Cell = Binding | ArrayValue | ObjectValue | LayerValue | ModelValue;

type State =
  | { readonly of: 'binding'; readonly value: Value }
  | { readonly of: 'array'; readonly elements: readonly Value[] }
  | {
      readonly of: 'object';
      readonly entries: ReadonlyMap<string, Value>;
      readonly open: UnknownValue | undefined;
    }
  | { readonly of: 'layer'; readonly trainable: boolean | undefined }
  | ({ readonly of: 'model' } & Pick<ModelValue, 'top' | 'inputs' | 'outputs' | 'gaps' | 'trainable'>);

/** A branch being evaluated: the state, before it, of every older cell that it has changed. */
export interface Frame {
  readonly since: number;
  readonly before: Map<Cell, State>;
}

/** What a branch did: its result and the state it left, which has been undone. */
export interface Outcome<T> {
  readonly result: T;
  readonly after: ReadonlyMap<Cell, State>;
}

/** To be called before a cell is changed. */
export function touch(context: Context, cell: Cell): void {
  const frame = context.frames.at(-1);
  if (!frame || cell.born >= frame.since || frame.before.has(cell)) return;
  frame.before.set(cell, capture(context, cell));
}

/** Evaluates a branch that may not be taken, and undoes what it changed. */
export function inBranch<T>(context: Context, body: () => T): Outcome<T> {
  const frame: Frame = { since: ++context.clock, before: new Map() };
  context.frames.push(frame);
  const after = new Map<Cell, State>();
  try {
    const result = body();
    for (const [cell, before] of frame.before) {
      after.set(cell, capture(context, cell));
      restore(cell, before);
    }
    return { result, after };
  } catch (error) {
    for (const [cell, before] of frame.before) restore(cell, before);
    throw error;
  } finally {
    context.frames.pop();
  }
}

/** Evaluates something, and tells whether it changed anything that was there before, models apart. */
export function tracked<T>(context: Context, body: () => T): { readonly result: T; readonly changed: boolean } {
  const frame: Frame = { since: ++context.clock, before: new Map() };
  context.frames.push(frame);
  try {
    const result = body();
    const changed = [...frame.before].some(([cell, before]) => cell.kind !== 'model' && !isIn(cell, before));
    return { result, changed };
  } finally {
    context.frames.pop();
    const outer = context.frames.at(-1);
    for (const [cell, before] of frame.before) {
      if (outer && cell.born < outer.since && !outer.before.has(cell)) outer.before.set(cell, before);
    }
  }
}

function isIn(cell: Cell, state: State): boolean {
  if (cell.kind === 'binding' && state.of === 'binding') return Object.is(cell.value, state.value);
  if (cell.kind === 'layer' && state.of === 'layer') return cell.trainable === state.trainable;
  if (cell.kind === 'array' && state.of === 'array') {
    return (
      cell.elements.length === state.elements.length && cell.elements.every((e, i) => Object.is(e, state.elements[i]))
    );
  }
  if (cell.kind !== 'object' || state.of !== 'object' || cell.entries.size !== state.entries.size) return false;
  return [...cell.entries].every(([key, value]) => state.entries.has(key) && Object.is(value, state.entries.get(key)));
}

/** Takes over the state that a branch left: it is the one taken. */
export function adopt(context: Context, outcome: Outcome<unknown>): void {
  for (const [cell, state] of outcome.after) {
    touch(context, cell);
    restore(cell, state);
  }
}

/** The state that `left` leaves, as seen from the state that `live` leaves. To be called before either is adopted. */
export function pathBeside(context: Context, left: Outcome<unknown>, live: Outcome<unknown>): Outcome<undefined> {
  const after = new Map(left.after);
  for (const cell of live.after.keys()) if (!after.has(cell)) after.set(cell, capture(context, cell));
  return { result: undefined, after };
}

/** The state after either of two branches; what differs between them becomes unknown. */
export function merge(context: Context, a: Outcome<unknown>, b: Outcome<unknown>, why: Why): void {
  for (const cell of new Set([...a.after.keys(), ...b.after.keys()])) {
    touch(context, cell);
    const before = capture(context, cell);
    restore(cell, joinStates(context, a.after.get(cell) ?? before, b.after.get(cell) ?? before, why));
  }
}

export function addGap(context: Context, model: ModelValue, why: Why): void {
  touch(context, model);
  model.gaps = withGaps(model.gaps, [gapAt(context, why.clause, why.node)]);
}

function gapAt(context: Context, clause: string, node: ts.Node): Gap {
  const range = rangeIn(context, node);
  return { reason: sentence(clause), ...(range && { range }) };
}

/** Gaps of one model beyond which no more are told: the first ones say enough. */
const maxGaps = 100;

/** A list of gaps with more of them, each told once. */
function withGaps(gaps: readonly Gap[], more: readonly Gap[]): readonly Gap[] {
  if (gaps === more || gaps.length >= maxGaps) return gaps;
  const isTold = (gap: Gap): boolean => gaps.some(g => g.reason === gap.reason && g.range?.start === gap.range?.start);
  const fresh = more.filter(gap => !isTold(gap));
  return fresh.length > 0 ? [...gaps, ...fresh] : gaps;
}

/** The models among the cells that a branch changed, with the state it left them in. */
export function changedModels(outcome: Outcome<unknown>): { model: ModelValue; state: Partial<ModelValue> }[] {
  const changed: { model: ModelValue; state: Partial<ModelValue> }[] = [];
  for (const [cell, state] of outcome.after) {
    if (cell.kind !== 'model' || state.of !== 'model') continue;
    const { of: _, ...fields } = state;
    if (fields.top !== cell.top || fields.gaps !== cell.gaps) changed.push({ model: cell, state: fields });
  }
  return changed;
}

function capture(context: Context, cell: Cell): State {
  switch (cell.kind) {
    case 'binding':
      return { of: 'binding', value: cell.value };
    case 'array':
      context.budget.spend(cell.elements.length >> 3);
      return { of: 'array', elements: cell.elements.slice() };
    case 'object':
      context.budget.spend(cell.entries.size >> 2);
      return { of: 'object', entries: new Map(cell.entries), open: cell.open };
    case 'layer':
      return { of: 'layer', trainable: cell.trainable };
    case 'model': {
      const { top, inputs, outputs, gaps, trainable } = cell;
      return { of: 'model', top, inputs, outputs, gaps, trainable };
    }
  }
}

function restore(cell: Cell, state: State): void {
  if (cell.kind === 'binding' && state.of === 'binding') cell.value = state.value;
  else if (cell.kind === 'array' && state.of === 'array') cell.elements = state.elements.slice();
  else if (cell.kind === 'object' && state.of === 'object') {
    cell.entries = new Map(state.entries);
    if (state.open) cell.open = state.open;
    else delete cell.open;
  } else if (cell.kind === 'layer' && state.of === 'layer') cell.trainable = state.trainable;
  else if (cell.kind === 'model' && state.of === 'model') {
    const { top, inputs, outputs, gaps, trainable } = state;
    Object.assign(cell, { top, inputs, outputs, gaps, trainable });
  }
}

function joinStates(context: Context, a: State, b: State, why: Why): State {
  if (a.of === 'binding' && b.of === 'binding') return { of: 'binding', value: join(context, a.value, b.value, why) };
  if (a.of === 'array' && b.of === 'array') {
    return { of: 'array', elements: joinElements(context, a.elements, b.elements, why, 0) };
  }
  if (a.of === 'object' && b.of === 'object') {
    return { of: 'object', entries: joinEntries(context, a.entries, b.entries, why, 0), open: a.open ?? b.open };
  }
  if (a.of === 'layer' && b.of === 'layer') return a.trainable === b.trainable ? a : { of: 'layer', trainable: true };
  if (a.of === 'model' && b.of === 'model') return joinModels(context, a, b, why);
  return a;
}

type ModelState = Extract<State, { of: 'model' }>;

/** What a sequential model is after branches that added different layers: what both have, then something unknown. */
function joinModels(context: Context, a: ModelState, b: ModelState, why: Why): ModelState {
  const gaps = withGaps(a.gaps, b.gaps);
  const trainable = a.trainable === b.trainable ? a.trainable : true;
  if (a.top === b.top) return { ...a, gaps, trainable };
  noteCondition(context, why);
  const tops = [a.top?.output, b.top?.output].filter((t): t is TensorValue => t !== undefined);
  const output = joinTensors(context, tops, tops.length === 2, why);
  const below = commonStack(a.top, b.top);
  const top = { below, layer: unknown(why.clause), output, height: (below?.height ?? 0) + 1 };
  const clause = `which layers the model has is not known here: ${why.clause}`;
  const gap = gapAt(context, clause, why.node);
  const inputs = [...new Set([...a.inputs, ...b.inputs])];
  return { of: 'model', top, inputs, outputs: [output], gaps: withGaps(gaps, [gap]), trainable };
}

function commonStack(a: StackItem | undefined, b: StackItem | undefined): StackItem | undefined {
  let [x, y] = [a, b];
  while (x !== y) {
    if ((x?.height ?? 0) >= (y?.height ?? 0)) x = x?.below;
    else y = y?.below;
  }
  return x;
}

/** Evaluates something for each of several values, not known which of them it is, and joins what comes out. */
export function forEither(
  context: Context,
  alternatives: readonly Value[],
  why: Why,
  evaluateFor: (value: Value) => Value,
): Value {
  const [first, ...others] = alternatives;
  if (others.length === 0) return evaluateFor(first);
  const a = inBranch(context, () => evaluateFor(first));
  const b = inBranch(context, () => forEither(context, others, why, evaluateFor));
  merge(context, a, b, why);
  return join(context, a.result, b.result, why);
}

/** The value of an expression that is `a` or `b`: what they share is kept, the rest is unknown. */
export function join(context: Context, a: Value, b: Value, why: Why, depth = 0): Value {
  if (Object.is(a, b)) return a;
  if (isTensor(a) && isTensor(b)) return joinTensors(context, [a, b], true, why);
  if (depth < 3 && isArray(a) && isArray(b) && a.elements.length === b.elements.length) {
    const elements = joinElements(context, a.elements, b.elements, why, depth + 1);
    return { kind: 'array', born: ++context.clock, elements };
  }
  if (depth < 3 && isObject(a) && isObject(b) && !a.madeBy && !b.madeBy && !a.getters && !b.getters) {
    const entries = joinEntries(context, a.entries, b.entries, why, depth + 1);
    const open = a.open ?? b.open;
    return { kind: 'object', born: ++context.clock, entries, ...(open && { open }) };
  }
  return {
    kind: 'unknown',
    reason: why.clause,
    site: why.node,
    ...(why.condition && { condition: why.condition }),
    alternatives: [...alternativesOf(a), ...alternativesOf(b)].slice(0, 8),
  };
}

function alternativesOf(value: Value): readonly Value[] {
  return isUnknown(value) ? (value.alternatives ?? [unknown(value.reason)]) : [value];
}

function joinElements(context: Context, a: readonly Value[], b: readonly Value[], why: Why, depth: number): Value[] {
  context.budget.spend(a.length >> 3);
  const joined: Value[] = [];
  const common = Math.min(a.length, b.length);
  const sameLength = a.length === b.length;
  for (let i = 0; i < common; i++) {
    // In lists of different lengths nothing after the first difference corresponds any more.
    if (!sameLength && !Object.is(a[i], b[i]) && !(isPrimitive(a[i]) && isPrimitive(b[i]))) break;
    joined.push(join(context, a[i], b[i], why, depth));
  }
  if (!sameLength) {
    const { clause: reason, condition } = why;
    joined.push({ kind: 'unknown', reason, spread: true, ...(condition && { condition }) });
  }
  return joined;
}

function joinEntries(
  context: Context,
  a: ReadonlyMap<string, Value>,
  b: ReadonlyMap<string, Value>,
  why: Why,
  depth: number,
): Map<string, Value> {
  const joined = new Map<string, Value>();
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    joined.set(key, join(context, a.get(key), b.get(key), why, depth));
  }
  return joined;
}
