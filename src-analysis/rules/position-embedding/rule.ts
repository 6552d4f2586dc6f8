import { quoteName } from '../../findings/printable.ts';
import { sizeOf } from '../../model/geometry.ts';
import type { Layer } from '../../model/graph.ts';
import { projectionOf } from '../../solubility/attention.ts';
import { consumersOf } from '../../solubility/invertibility.ts';
import type { Rule } from '../rule.ts';

/**
 * A learned offset for every entry of the tokens in front of attention: its gradient is ∂L/∂z for the first block's input z
 * itself, with which the gradients of queries, keys and values make a linear system for z (Lu et al. 2022, APRIL).
 */
export const positionEmbedding: Rule = {
  meta: {
    id: 'position-embedding',
    title: 'Learned position embedding in front of attention',
    description:
      'A trained offset for every token entry: its gradient turns the first attention block into a linear system.',
    defaultSeverity: 'warning',
    options: {},
  },
  check: ({ graph }) => {
    const consumers = consumersOf(graph);
    if (!graph.layers.some(layer => layer.op.kind === 'dense' && projectionOf(graph, consumers, layer))) return [];
    const layer = graph.layers.find(isPositionEmbedding);
    if (!layer) return [];
    return [
      {
        layer,
        ...(layer.range ? { range: layer.range } : {}),
        message:
          `The gradient of the learned offset in ${quoteName(layer.name)} is the loss's gradient for every token entry. ` +
          'For a batch of one, together with the gradients of queries, keys and values it makes a linear system for the ' +
          'tokens, if attention reads them without a normalisation in between that is not affine.',
      },
    ];
  },
};

/** One trained number for every entry of a sequence of vectors. */
function isPositionEmbedding(layer: Layer): boolean {
  const shape = layer.outputShapes[0];
  const entries = sizeOf(shape);
  if (layer.op.kind !== 'elementwise' || layer.op.name !== 'add' || shape?.length !== 2 || entries === null)
    return false;
  const offset = layer.weights.find(weight => weight.role === 'offset');
  return layer.trainable && offset?.trainable === true && sizeOf(offset.shape) === entries;
}
