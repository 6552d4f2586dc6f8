import type { Layer, WeightRef } from '../../model/graph.ts';

/**
 * Marks layers that use the weights of an earlier one, as a network does that is applied twice. Where a layer shares its
 * kernel only, the sentence says so: the gradient of a shared weight is the sum over its uses.
 *
 * Vectors alone prove nothing: exporters store equal tensors once, and biases that start as zeros are equal.
 */
export function markSharedWeights(layers: readonly Layer[]): {
  readonly layers: readonly Layer[];
  readonly partial: readonly string[];
} {
  const firstUse = new Map<string, number>();
  const partial: string[] = [];
  const marked = layers.map(layer => {
    const kernels = layer.weights.filter(isKernel);
    const owner = kernels.map(({ name }) => firstUse.get(name)).find(id => id !== undefined);
    for (const { name } of kernels) if (!firstUse.has(name)) firstUse.set(name, layer.id);
    const first = owner === undefined ? undefined : layers[owner];
    if (first === undefined) return layer;
    if (first.op.kind === layer.op.kind && weightNames(first) === weightNames(layer)) {
      return { ...layer, sharedWith: first.id };
    }
    partial.push(`Layer '${layer.name}' shares some of its weights with '${first.name}'; their gradients are summed.`);
    return layer;
  });
  return { layers: marked, partial };
}

function isKernel({ trainable, name, shape }: WeightRef): boolean {
  return trainable && name !== '' && shape.filter(dim => dim !== 1).length > 1;
}

function weightNames({ weights }: Layer): string {
  return JSON.stringify(weights.map(({ role, name }) => [role, name]));
}
