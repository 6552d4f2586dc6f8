/** What arithmetic on single entries, with constants or alone, does to facts about them. */

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
