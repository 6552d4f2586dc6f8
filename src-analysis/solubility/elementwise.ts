/** What arithmetic on single entries, with constants or alone, does to facts about them. */
import type { Layer } from '../model/graph.ts';

/**
 * `affine`: a scale and an offset. The others by their formula, so that what hangs on it (a norm divided out, a softmax written
 * in parts) is kept; `smooth` is any other function with a slope and a curvature.
 */
export type ElementwiseKind = 'affine' | AlgebraicFunction | 'smooth';

/** x², √x, 1/√x, 1/x, eˣ, log x: functions whose derivatives follow from their values. */
export type AlgebraicFunction = 'square' | 'root' | 'reciprocalRoot' | 'reciprocal' | 'exp' | 'log';

const kinds: Readonly<Record<string, ElementwiseKind>> = {
  add: 'affine',
  biasAdd: 'affine',
  subtract: 'affine',
  sub: 'affine',
  reverseSubtract: 'affine',
  multiply: 'affine',
  mul: 'affine',
  divide: 'affine',
  div: 'affine',
  realDiv: 'affine',
  rescaling: 'affine',
  cast: 'affine',
  affine: 'affine',
  imageScaler: 'affine',
  scale: 'affine',
  neg: 'affine',
  negate: 'affine',
  square: 'square',
  sqrt: 'root',
  rsqrt: 'reciprocalRoot',
  reciprocal: 'reciprocal',
  reverseDivide: 'reciprocal',
  exp: 'exp',
  log: 'log',
  pow: 'smooth',
  erf: 'smooth',
  sin: 'smooth',
  cos: 'smooth',
  parametricSoftplus: 'smooth',
  scaledTanh: 'smooth',
};

/** The kind of an elementwise layer by its operator's name; undefined where it is not known. */
export function elementwiseKind(name: string): ElementwiseKind | undefined {
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}

/** Arithmetic whose constant adds to the entries; of the rest the constant multiplies them. */
export function isOffset(name: string): boolean {
  return ['add', 'biasAdd', 'subtract', 'sub', 'reverseSubtract'].includes(name);
}

/** Functions of single entries that lose more than the kinds above: absolute values, signs, bounds, rounding; and rarer ones. */
const otherFunctions = new Set([
  'abs',
  'sign',
  'clip',
  'clipByValue',
  'maximum',
  'minimum',
  'average',
  'mod',
  'ceil',
  'floor',
  'round',
  ...['tan', 'sinh', 'cosh', 'asin', 'acos', 'atan', 'asinh', 'acosh', 'atanh'],
]);

/**
 * Whether every entry of a layer's output is a function of the same entry of its one input: an operator's name alone does not say
 * so, for attention and resizing are called elementwise too where a reader knows no more than their shapes.
 */
export function isEntryByEntry({ op, inputs, inputShapes, outputShapes }: Layer): boolean {
  const [before, after] = [inputShapes[0], outputShapes[0]];
  if (inputs.length !== 1 || (before && after && before.join() !== after.join())) return false;
  if (op.kind === 'identity') return true;
  if (op.kind === 'activation') return op.activation.name !== 'softmax' && op.activation.name !== 'logSoftmax';
  return op.kind === 'elementwise' && (elementwiseKind(op.name) !== undefined || otherFunctions.has(op.name));
}
