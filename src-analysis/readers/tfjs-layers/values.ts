import type { Activation, Dim, Op, Shape, WeightRef } from '../../model/graph.ts';
import { type ConfigValue, isUnknown, type LayerConfig } from './config.ts';

/** What the description of one layer starts from, and where it notes what is wrong or not known. */
export interface LayerContext {
  readonly className: string;
  readonly config: LayerConfig;
  readonly inputShapes: readonly Shape[];
  /** Nesting of wrappers and cells, to bound it. */
  readonly depth: number;
  /** What TensorFlow.js would refuse. */
  readonly problems: string[];
  /** Settings that change what the layer does and whose value is not known. */
  readonly unknowns: string[];
}

/** A description without what is common to all layers. */
export interface Described {
  readonly op: Op;
  readonly outputShapes: readonly Shape[];
  readonly activation?: Activation | undefined;
  readonly weights?: readonly WeightRef[];
  /** Where the class does not simply follow `trainable` of its configuration. */
  readonly trainable?: boolean;
}

export type Describe = (c: LayerContext) => Described;

/** Own property of the configuration; null counts as absent, as it mostly does in TensorFlow.js. */
export function field(c: LayerContext, key: string): ConfigValue {
  return Object.hasOwn(c.config, key) ? (c.config[key] ?? undefined) : undefined;
}

/** A value as a user would write it, cut to a length fit for a message. */
export function show(value: ConfigValue): string {
  if (isUnknown(value)) return '(not known)';
  if (value === undefined) return 'undefined';
  const text = typeof value === 'number' ? String(value) : describeJson(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function describeJson(value: Exclude<ConfigValue, undefined>): string {
  if (Array.isArray(value)) return `[${value.slice(0, 20).map(show).join(', ')}${value.length > 20 ? ', …' : ''}]`;
  if (typeof value === 'object' && value !== null) return '{…}';
  return JSON.stringify(value);
}

/** A shape as a user reads it: `[28, 28, 1]`, with `?` for what is not known. */
export function showShape(shape: Shape): string {
  return shape === null ? 'an unknown shape' : `[${shape.map(dim => dim ?? '?').join(', ')}]`;
}

function isPositiveInteger(value: ConfigValue): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** A positive integer; null (with a problem, unless the value is merely not known) where it is none. */
export function positiveInteger(c: LayerContext, key: string, fallback?: number): Dim {
  const value = field(c, key);
  if (value === undefined && fallback !== undefined) return fallback;
  if (isPositiveInteger(value)) return value;
  if (!isUnknown(value)) {
    c.problems.push(
      value === undefined ? `${key} is missing.` : `${key} must be a positive integer, but is ${show(value)}.`,
    );
  }
  return null;
}

/** `length` positive integers, given as an array or as one number for all; unknown entries are null. */
export function positiveIntegers(c: LayerContext, key: string, length: number, fallback?: readonly Dim[]): Dim[] {
  const nothing: Dim[] = new Array<Dim>(length).fill(null);
  const value = field(c, key);
  if (value === undefined && fallback !== undefined) return [...fallback];
  if (isUnknown(value)) return nothing;
  if (typeof value === 'number') return new Array<Dim>(length).fill(positiveInteger(c, key));
  if (value === undefined) {
    c.problems.push(`${key} is missing.`);
    return nothing;
  }
  if (!Array.isArray(value) || value.length !== length) {
    c.problems.push(
      `${key} must be ${length === 1 ? 'a number' : `a number or ${length} numbers`}, but is ${show(value)}.`,
    );
    return nothing;
  }
  const bad = value.find(v => !isUnknown(v) && !isPositiveInteger(v));
  if (bad !== undefined || value.includes(undefined)) {
    c.problems.push(`${key} must consist of positive integers, but is ${show(value)}.`);
  }
  return value.map(v => (isPositiveInteger(v) ? v : null));
}

/** A finite number, `fallback` where absent; null where not known. Anything else is a problem. */
export function finiteNumber(c: LayerContext, key: string, fallback: number): number | null {
  const value = field(c, key);
  if (value === undefined) return fallback;
  if (isUnknown(value)) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  c.problems.push(`${key} must be a number, but is ${show(value)}.`);
  return null;
}

/** An integer such as an axis; notes an unknown value, because what the layer does depends on it. */
export function integer(c: LayerContext, key: string, fallback: number): number | null {
  const given = field(c, key);
  // Keras writes some axes as lists of one; JavaScript takes those as numbers.
  const value = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (value === undefined || value === null) return fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (isUnknown(value)) noteUnknown(c, key, value.unknown);
  else c.problems.push(`${key} must be an integer, but is ${show(value)}.`);
  return null;
}

/** A switch by JavaScript's truth, as TensorFlow.js takes it. */
export function flag(c: LayerContext, key: string, fallback: boolean): boolean {
  const value = field(c, key);
  if (value === undefined) return fallback;
  if (!isUnknown(value)) return Boolean(value);
  noteUnknown(c, key, value.unknown);
  return fallback;
}

/** One of the allowed words, `fallback` where absent or refused. */
export function choice<T extends string>(c: LayerContext, key: string, allowed: readonly T[], fallback: T): T {
  const value = field(c, key);
  if (value === undefined) return fallback;
  const found = allowed.find(word => word === value);
  if (found !== undefined) return found;
  if (isUnknown(value)) noteUnknown(c, key, value.unknown);
  else c.problems.push(`${key} must be ${allowed.map(w => `'${w}'`).join(' or ')}, but is ${show(value)}.`);
  return fallback;
}

/** Tells of a setting other than its default that Keras has and TensorFlow.js 4.22 passes over. */
export function refuseIgnored(c: LayerContext, key: string, isDefault: (value: ConfigValue) => boolean): void {
  const value = field(c, key);
  const values = Array.isArray(value) ? value : [value];
  if (value === undefined || values.every(v => isUnknown(v) || isDefault(v))) return;
  c.problems.push(`TensorFlow.js 4.22 ignores the setting ${key} ${show(value)} of ${c.className}.`);
}

export function noteUnknown(c: LayerContext, key: string, reason: string): void {
  c.unknowns.push(`${key} is not known: ${reason}`);
}

/**
 * The only input's shape, without the batch axis. Null where it is not known or refused: layers with one input
 * refuse several, and `rank` (without the batch axis) or a least rank may be asked for.
 */
export function singleInput(c: LayerContext, rank?: number | { readonly atLeast: number }): Shape {
  if (c.inputShapes.length !== 1) {
    c.problems.push(`${c.className} takes one input, but gets ${c.inputShapes.length}.`);
    return null;
  }
  const shape = c.inputShapes[0] ?? null;
  if (shape === null || rank === undefined) return shape;
  const fits = typeof rank === 'number' ? shape.length === rank : shape.length >= rank.atLeast;
  if (fits) return shape;
  const wanted = typeof rank === 'number' ? `${rank + 1}` : `at least ${rank.atLeast + 1}`;
  c.problems.push(
    `${c.className} expects an input of rank ${wanted} counting the batch axis, but gets ${showShape(shape)} (rank ${shape.length + 1}).`,
  );
  return null;
}

/** Product of dimensions; null where one is unknown or the product is no safe integer. */
export function product(dims: readonly Dim[]): Dim {
  let result = 1;
  for (const dim of dims) {
    if (dim === null) return null;
    result *= dim;
  }
  return Number.isSafeInteger(result) ? result : null;
}

export function times(a: Dim, b: Dim): Dim {
  return product([a, b]);
}

export function plus(a: Dim, ...rest: readonly Dim[]): Dim {
  let sum = a;
  for (const dim of rest) sum = sum === null || dim === null ? null : sum + dim;
  return sum !== null && Number.isSafeInteger(sum) ? sum : null;
}
