import type { Layer, WeightRef } from '../../model/graph.ts';

/**
 * Marks layers that use the weights of an earlier one. Where a layer shares only some of its weights, the sentence says
 * so: the gradient of a shared weight is the sum over its uses.
 */
export function markSharedWeights(layers: readonly Layer[]): {
  readonly layers: readonly Layer[];
  readonly partial: readonly string[];
} {
  const firstUse = new Map<string, number>();
  const partial: string[] = [];
  const marked = layers.map(layer => {
    const names = layer.weights.filter(isLearned).map(({ name }) => name);
    const owners = new Set(names.map(name => firstUse.get(name) ?? layer.id));
    for (const name of names) if (!firstUse.has(name)) firstUse.set(name, layer.id);
    const [owner] = owners;
    if (owner === undefined || (owners.size === 1 && owner === layer.id)) return layer;
    if (owners.size === 1 && layers[owner]?.op.kind === layer.op.kind) return { ...layer, sharedWith: owner };
    const others = [...owners].filter(id => id !== layer.id).map(id => `'${layers[id]?.name}'`);
    partial.push(
      `Layer '${layer.name}' shares some of its weights with ${others.join(', ')}; their gradients are summed.`,
    );
    return layer;
  });
  return { layers: marked, partial };
}

function isLearned({ trainable, name }: WeightRef): boolean {
  return trainable && name !== '';
}
