import type { Activation } from '../../model/graph.ts';
import { isUnknown } from './config.ts';
import { field, type LayerContext, show } from './values.ts';

/** Names of tfjs-layers activations (activations.ts of 4.22) → name and parameters in the model vocabulary. */
const activations: ReadonlyMap<string, Activation> = new Map([
  ['elu', { name: 'elu', alpha: 1 }],
  ['gelu', { name: 'gelu' }],
  ['gelu_new', { name: 'gelu_new' }],
  // clip(0.2 x + 0.5, 0, 1)
  ['hardSigmoid', { name: 'hardSigmoid', alpha: 0.2, beta: 0.5 }],
  ['linear', { name: 'linear' }],
  ['logSoftmax', { name: 'logSoftmax', axis: -1 }],
  ['mish', { name: 'mish' }],
  ['relu', { name: 'relu' }],
  ['relu6', { name: 'relu6' }],
  ['selu', { name: 'selu' }],
  ['sigmoid', { name: 'sigmoid' }],
  ['softmax', { name: 'softmax', axis: -1 }],
  ['softplus', { name: 'softplus' }],
  ['softsign', { name: 'softsign' }],
  ['swish', { name: 'silu' }],
  ['tanh', { name: 'tanh' }],
] as const);

/**
 * The activation named by a configuration key, `linear` where none is; a name TensorFlow.js does not have is a
 * problem and kept as written, one that is not known is called `unknown`.
 */
export function activationOf(c: LayerContext, key = 'activation', fallback = 'linear'): Activation {
  const value = field(c, key);
  if (value === undefined) return activations.get(fallback) ?? { name: fallback };
  if (isUnknown(value)) return { name: 'unknown' };
  if (typeof value !== 'string') {
    c.problems.push(`${key} must be the name of an activation, but is ${show(value)}.`);
    return { name: 'unknown' };
  }
  const known = activations.get(value);
  if (known) return known;
  c.problems.push(`TensorFlow.js has no activation called ${show(value)}.`);
  return { name: value };
}

/** The activation fused into a layer; undefined where it is the identity. */
export function fusedActivation(c: LayerContext, key = 'activation', fallback = 'linear'): Activation | undefined {
  const activation = activationOf(c, key, fallback);
  return activation.name === 'linear' ? undefined : activation;
}
