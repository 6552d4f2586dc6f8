/** What stands between a layer's output and the next weighted layer: whether that output is known from behind. */
import type { Activation, Layer, ModelGraph } from '../model/graph.ts';

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

/** Activations that are one-to-one, so that the layer behind gives the output before them (R-GAP's recursion). */
const invertible = new Set(['tanh', 'sigmoid', 'softplus', 'softsign', 'exp', 'exponential', 'elu', 'selu', 'celu']);

function isInvertible(activation: Activation): boolean {
  const kind = activationClass(activation);
  return kind === 'linear' || kind === 'piecewise-linear' || invertible.has(activation.name);
}

/** Rearrangements that neither drop nor mix entries. */
const bijective = new Set(['flatten', 'reshape', 'permute', 'squeeze', 'unsqueeze', 'reverse']);

/**
 * Why a layer's output does not follow from what the layers behind it tell, in a clause; undefined where it does.
 * Looks as far as the next layers with weights of their own.
 */
export function outputUnknownBecause(graph: ModelGraph, layer: Layer, consumers: Consumers): string | undefined {
  if (layer.activation && !isInvertible(layer.activation)) return activationReason(layer.activation.name);
  const waiting = [...(consumers.get(layer.id) ?? [])];
  const seen = new Set<number>();
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const next = graph.layers[id];
    if (!next || seen.has(id)) continue;
    seen.add(id);
    const obstacle = obstacleAt(next);
    if (obstacle) return obstacle;
    if (!endsSearch(next)) waiting.push(...(consumers.get(id) ?? []));
  }
  return undefined;
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

function endsSearch(layer: Layer): boolean {
  return ['conv', 'convTranspose', 'separableConv', 'dense', 'embedding', 'attention', 'recurrent'].includes(
    layer.op.kind,
  );
}

function obstacleAt(layer: Layer): string | undefined {
  const { op } = layer;
  switch (op.kind) {
    case 'activation':
      return isInvertible(op.activation) || isLoss(op.activation.name)
        ? undefined
        : activationReason(op.activation.name);
    case 'pool':
      return `the pooling behind it ('${layer.name}') keeps only part of its output`;
    case 'rearrange':
      return bijective.has(op.how) || op.how === 'pad'
        ? undefined
        : `'${layer.name}' behind it does not pass on all of its output`;
    case 'norm':
      return `the normalisation behind it ('${layer.name}') is not covered`;
    case 'merge':
      return `'${layer.name}' behind it mixes its output with other layers’ (${op.merge})`;
    case 'reduce':
    case 'elementwise':
      return `'${layer.name}' (${layer.type}) behind it is not covered`;
    case 'unknown':
      return `'${layer.name}' behind it is not understood`;
    default:
      return undefined;
  }
}

/** Softmax at the end is part of the loss: cross-entropy gives ∂L/∂logits. */
function isLoss(name: string): boolean {
  return name === 'softmax' || name === 'logSoftmax';
}

function activationReason(name: string): string {
  return `${name} behind it is not one-to-one, so its output is only partly known`;
}
