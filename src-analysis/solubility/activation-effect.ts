import type { Activation } from '../model/graph.ts';

/**
 * What an elementwise function tells of its argument.
 * `invertible`: everything (R-GAP's recursion). `branches`: everything, once it is known which of two arguments is meant.
 * `rectifier`: constant outside an interval, one-to-one inside. `normalised`: softmax, up to one number a vector. `none`: nothing.
 */
export type ActivationEffect = 'invertible' | 'branches' | 'rectifier' | 'normalised' | 'none';

const effects: Readonly<Record<string, ActivationEffect>> = {
  linear: 'invertible',
  identity: 'invertible',
  tanh: 'invertible',
  sigmoid: 'invertible',
  softplus: 'invertible',
  softsign: 'invertible',
  exp: 'invertible',
  exponential: 'invertible',
  elu: 'invertible',
  selu: 'invertible',
  celu: 'invertible',
  leakyRelu: 'invertible',
  prelu: 'invertible',
  silu: 'branches',
  swish: 'branches',
  gelu: 'branches',
  geluTanh: 'branches',
  gelu_new: 'branches',
  mish: 'branches',
  hardSwish: 'branches',
  relu: 'rectifier',
  relu6: 'rectifier',
  clip: 'rectifier',
  clippedRelu: 'rectifier',
  thresholdedRelu: 'rectifier',
  shrink: 'rectifier',
  hardSigmoid: 'rectifier',
  softmax: 'normalised',
  logSoftmax: 'normalised',
};

export function activationEffect(activation: Activation | undefined): ActivationEffect {
  if (!activation) return 'invertible';
  // A slope of 0 below 0 is ReLU.
  const flat = (activation.name === 'leakyRelu' || activation.name === 'elu') && activation.alpha === 0;
  return flat ? 'rectifier' : (effects[activation.name] ?? 'none');
}

/** σ″ = 0 wherever σ′ ≠ 0: σ′ is known with the pattern of active units. */
export function isPiecewiseLinear({ name }: Activation): boolean {
  return ['linear', 'identity', 'leakyRelu', 'prelu', 'relu', 'relu6', 'clip', 'clippedRelu', 'hardSigmoid'].includes(
    name,
  );
}

/** Elementwise arithmetic with constants and functions of one argument, by the readers' names. */
const arithmetic: Readonly<Record<string, ActivationEffect>> = {
  add: 'invertible',
  subtract: 'invertible',
  reverseSubtract: 'invertible',
  multiply: 'invertible',
  divide: 'invertible',
  reverseDivide: 'invertible',
  neg: 'invertible',
  average: 'invertible',
  rescaling: 'invertible',
  reciprocal: 'invertible',
  sqrt: 'invertible',
  log: 'invertible',
  erf: 'invertible',
  atan: 'invertible',
  asin: 'invertible',
  acos: 'invertible',
  sinh: 'invertible',
  asinh: 'invertible',
  acosh: 'branches',
  atanh: 'invertible',
  tan: 'branches',
  sin: 'branches',
  cos: 'branches',
  cosh: 'branches',
  abs: 'branches',
  pow: 'branches',
  maximum: 'rectifier',
  minimum: 'rectifier',
};

export function arithmeticEffect(name: string): ActivationEffect {
  return arithmetic[name] ?? 'none';
}

/** Affine in its argument, with a constant: it commutes with sums and statistics. */
export function isAffine(name: string): boolean {
  return ['add', 'subtract', 'reverseSubtract', 'multiply', 'divide', 'neg', 'average', 'rescaling'].includes(name);
}
