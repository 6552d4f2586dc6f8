import type ts from 'typescript';
import type { Dim, Gap, Shape } from '../../model/graph.ts';
import type { LayerDescription } from '../tfjs-layers/build.ts';
import type { LayerConfig } from '../tfjs-layers/config.ts';
import type { Context } from './context.ts';
import type { Condition } from './forks.ts';
import type { Module } from './module-files.ts';
import type { Scope } from './scope.ts';

/**
 * Values of the abstract evaluator. What JavaScript knows as a primitive is itself; everything else has a `kind`.
 * Mutable values carry `born`, the evaluator's clock at their making, so that undoing a branch leaves alone what the
 * branch itself made (see branches.ts).
 */
export type Value =
  | undefined
  | null
  | boolean
  | number
  | string
  | UnknownValue
  | ArrayValue
  | ObjectValue
  | FunctionValue
  | BuiltinValue
  | ClassValue
  | TfValue
  | LayerValue
  | TensorValue
  | EagerValue
  | ModelValue;

/** A value that cannot be known without running the program. */
export interface UnknownValue {
  readonly kind: 'unknown';
  /** Why, as a clause: "`size` is a parameter of `build`, which is not called here". */
  readonly reason: string;
  /** As an array element: stands for any number of elements. */
  readonly spread?: true;
  /** An argument nobody passed: where the code states a default for it, the default is taken. */
  readonly defaults?: true;
  /** The expression that is not known, where that is clear. */
  readonly site?: ts.Node;
  /** The condition that decides what it is, where one does. */
  readonly condition?: Condition;
  /** What it may be, where that is known. */
  readonly alternatives?: readonly Value[];
}

export interface ArrayValue {
  readonly kind: 'array';
  readonly born: number;
  elements: Value[];
}

export interface ObjectValue {
  readonly kind: 'object';
  readonly born: number;
  entries: Map<string, Value>;
  /** Accessors of object literals; those of classes are found through `madeBy`. */
  getters?: Map<string, FunctionValue>;
  /** Why keys that are not in `entries` may exist all the same. */
  open?: UnknownValue;
  readonly madeBy?: ClassValue;
}

export interface FunctionValue {
  readonly kind: 'function';
  readonly node: ts.FunctionLikeDeclaration;
  readonly scope: Scope;
  /** The file it stands in. */
  readonly module: Module;
  readonly name: string;
  /** `this` when it is called by nobody we see: the object or instance it was defined on. */
  thisHint?: Value;
  /** The class whose method this is, for `super`. */
  readonly home?: ClassValue;
}

/** One call as a built-in function sees it. */
export interface Call {
  readonly thisValue: Value;
  readonly args: readonly Value[];
  /** The call expression. */
  readonly node: ts.Node;
}

export interface BuiltinValue {
  readonly kind: 'builtin';
  readonly name: string;
  readonly run: (context: Context, call: Call) => Value;
  /** Static members: `Array.from`, `Number.isInteger`. */
  readonly members?: ReadonlyMap<string, Value>;
}

export interface ClassValue {
  readonly kind: 'class';
  readonly node: ts.ClassLikeDeclaration;
  readonly scope: Scope;
  /** The file it stands in. */
  readonly module: Module;
  readonly name: string;
  readonly base: Value;
  readonly methods: Map<string, FunctionValue>;
  readonly getters: Map<string, FunctionValue>;
  readonly setters: Map<string, FunctionValue>;
  readonly statics: ObjectValue;
}

/** A member of the TensorFlow.js namespace by its path: '' is `tf` itself, 'layers.conv2d' a layer factory. */
export interface TfValue {
  readonly kind: 'tf';
  readonly path: string;
}

export interface LayerValue {
  readonly kind: 'layer';
  readonly born: number;
  /** As the source names it: `conv2d`, or the name of a custom class. */
  readonly type: string;
  readonly className: string;
  readonly config: LayerConfig;
  /** The `name` of its configuration. */
  readonly name: string | undefined;
  /** The call that makes it, or that makes it necessary. */
  readonly site: ts.Node | undefined;
  /** Where to show it in the file that is read: `site`, or the call that led to it in another file. */
  readonly place: ts.Node | undefined;
  /** Layers in its configuration: the one that it wraps, the cells that it runs. */
  readonly parts: readonly LayerValue[];
  /** An operation on tensors instead of a layer (core-api.ts). */
  readonly operation?: true;
  /** Nobody wrote it: the input of a sequential model. */
  readonly implicit: boolean;
  /** Assigned later (`layer.trainable = false`); undefined while the configuration decides. */
  trainable: boolean | undefined;
  /** Part of a model at some time, or of another layer's configuration. */
  used: boolean;
  /** Its applications, in order. */
  readonly nodes: ApplyNode[];
  /** The instance of a class of the user's own that extends a layer class. */
  readonly custom?: ObjectValue;
}

/** One application of a layer, or of something that could not be followed. */
export interface ApplyNode {
  /** In order of making, so that inputs have smaller numbers. */
  readonly id: number;
  readonly layer: LayerValue;
  readonly inputs: readonly TensorValue[];
  description: LayerDescription;
  /** Models that this application was expanded from, outermost first. */
  readonly within: readonly ModelValue[];
}

export interface TensorValue {
  readonly kind: 'tensor';
  readonly node: ApplyNode;
  readonly output: number;
  /** It may be a list of tensors: nothing is known of it. */
  readonly several?: true;
}

/** A tensor of values whose shape the code states: a weight of a model written with operations (core-api.ts). */
export interface EagerValue {
  readonly kind: 'eager';
  /** All axes. */
  readonly shape: readonly Dim[];
}

/** A sequential model's layers as an immutable stack, so that a branch can be undone in no time. */
export interface StackItem {
  readonly below: StackItem | undefined;
  readonly layer: LayerValue | ModelValue | UnknownValue;
  readonly output: TensorValue;
  readonly height: number;
}

export interface ModelValue {
  readonly kind: 'model';
  readonly born: number;
  readonly type: 'sequential' | 'functional';
  /** The call that makes it. */
  readonly site: ts.Node;
  /** Where to show it in the file that is read: `site`, or the call that led to it in another file. */
  readonly place: ts.Node | undefined;
  readonly name: string | undefined;
  /** The call of the function that made it, for telling apart models made by several calls. */
  readonly maker: { readonly name: string; readonly args: readonly Value[] } | undefined;
  /** Made while looking at code that nobody calls in this file. */
  readonly explored: boolean;
  top: StackItem | undefined;
  inputs: readonly TensorValue[];
  outputs: readonly TensorValue[];
  gaps: readonly Gap[];
  trainable: boolean | undefined;
  /** Compiled or trained on its own. */
  trained: boolean;
  /** Used as a layer of another model. */
  nested: boolean;
  /** A state of another model that a function, called by nobody in this file, leaves behind. */
  readonly changedBy?: string;
}

export function unknown(reason: string, site?: ts.Node): UnknownValue {
  return { kind: 'unknown', reason, ...(site && { site }) };
}

export function isUnknown(value: Value): value is UnknownValue {
  return typeof value === 'object' && value !== null && value.kind === 'unknown';
}

export function isArray(value: Value): value is ArrayValue {
  return typeof value === 'object' && value !== null && value.kind === 'array';
}

export function isObject(value: Value): value is ObjectValue {
  return typeof value === 'object' && value !== null && value.kind === 'object';
}

export function isTensor(value: Value): value is TensorValue {
  return typeof value === 'object' && value !== null && value.kind === 'tensor';
}

export function isEager(value: Value): value is EagerValue {
  return typeof value === 'object' && value !== null && value.kind === 'eager';
}

export function isLayer(value: Value): value is LayerValue {
  return typeof value === 'object' && value !== null && value.kind === 'layer';
}

export function isModel(value: Value): value is ModelValue {
  return typeof value === 'object' && value !== null && value.kind === 'model';
}

export function isCallable(value: Value): value is FunctionValue | BuiltinValue | ClassValue | TfValue {
  if (typeof value !== 'object' || value === null) return false;
  return value.kind === 'function' || value.kind === 'builtin' || value.kind === 'class' || value.kind === 'tf';
}

export function isPrimitive(value: Value): value is undefined | null | boolean | number | string {
  return typeof value !== 'object' || value === null;
}

/** True or false as JavaScript decides it; undefined when the value is not known. */
export function truthiness(value: Value): boolean | undefined {
  if (!isUnknown(value)) return Boolean(value);
  const sides = new Set(value.alternatives?.map(truthiness));
  return sides.size === 1 ? [...sides][0] : undefined;
}

/** The length of an array is known: none of its elements stands for several. */
export function isExact(array: ArrayValue): boolean {
  return !array.elements.some(element => isUnknown(element) && element.spread);
}

export function shapeOf(tensor: TensorValue): Shape {
  return tensor.node.description.outputShapes[tensor.output] ?? null;
}

/** A value of user code as a dimension: null where it is not known or not whole. */
export function dimOf(value: Value): Dim {
  return typeof value === 'number' && Number.isInteger(value) ? value : null;
}

/** A property or an element of an unknown value. */
export function partOf(value: UnknownValue): UnknownValue {
  const { reason, defaults, condition } = value;
  return { kind: 'unknown', reason, ...(defaults && { defaults }), ...(condition && { condition }) };
}
