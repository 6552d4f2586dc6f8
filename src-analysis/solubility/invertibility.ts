/** Activations by what they do to gradients, and which layers read which. */
import type { Activation, ModelGraph } from '../model/graph.ts';

/**
 * How an activation acts on gradient leakage.
 * `smooth`: σ′ ≠ 0 and σ″ ≠ 0 at a general point. `piecewise-linear`: σ′ ≠ 0, σ″ = 0 (leaky ReLU). `linear`: the identity.
 * `lossy`: constant on an interval or otherwise not covered.
 */
export type ActivationClass = 'smooth' | 'piecewise-linear' | 'linear' | 'lossy';

const smooth = new Set([
  'tanh',
  'sigmoid',
  'softplus',
  'softsign',
  'silu',
  'swish',
  'gelu',
  'mish',
  'exp',
  'exponential',
  // Curved on one side only, which is enough: at a general input some units of every channel are on that side.
  'elu',
  'selu',
  'celu',
]);

export function activationClass(activation: Activation | undefined): ActivationClass {
  if (!activation || activation.name === 'linear' || activation.name === 'identity') return 'linear';
  if (activation.name === 'elu' && activation.alpha === 0) return 'lossy';
  if (smooth.has(activation.name)) return 'smooth';
  // A slope of 0 is ReLU; tfjs and PyTorch have a positive one by default.
  if (activation.name === 'leakyRelu') return activation.alpha === 0 ? 'lossy' : 'piecewise-linear';
  return 'lossy';
}

/** Ids of the layers that take a layer's output, by its id. */
export type Consumers = ReadonlyMap<number, readonly number[]>;

export function consumersOf(graph: ModelGraph): Consumers {
  const consumers = new Map<number, number[]>();
  for (const layer of graph.layers) {
    for (const edge of layer.inputs) {
      const known = consumers.get(edge.layer);
      if (known) known.push(layer.id);
      else consumers.set(edge.layer, [layer.id]);
    }
  }
  return consumers;
}
