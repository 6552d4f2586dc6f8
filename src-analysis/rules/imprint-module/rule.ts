import { quoteName } from '../../findings/printable.ts';
import { sizeOf } from '../../model/geometry.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { activationEffect } from '../../solubility/activation-effect.ts';
import { consumersOf } from '../../solubility/invertibility.ts';
import type { Rule } from '../rule.ts';
import { isTrained, readsModelInput } from '../trained.ts';

/**
 * The shape of an imprint module (Fowl et al. 2022, Robbing the Fed): a dense layer with bias on the model's input, a
 * rectifier, and a dense layer back to exactly the input's size. Only this structure is checked, not the weights, which would
 * have nearly equal rows and graded biases.
 */
export const imprintModule: Rule = {
  meta: {
    id: 'imprint-module',
    title: 'Structure that copies training examples into its gradient',
    description:
      'A dense layer on the input, a rectifier, and a dense layer back to the input size: an imprint module.',
    defaultSeverity: 'warning',
    options: {},
  },
  check: ({ graph }) => {
    const consumers = consumersOf(graph);
    const readersOf = (layer: Layer) => (consumers.get(layer.id) ?? []).flatMap(id => graph.layers[id] ?? []);
    return graph.layers.flatMap(layer => {
      if (!isEncoder(graph, layer)) return [];
      const decoder = decoderOf(layer, readersOf);
      if (!decoder) return [];
      const related = {
        message: `${quoteName(decoder.name)} restores the size of the input`,
        ...(decoder.range ? { range: decoder.range } : {}),
      };
      return [
        {
          layer,
          ...(layer.range ? { range: layer.range } : {}),
          message:
            `${quoteName(layer.name)} and ${quoteName(decoder.name)} have the shape of an imprint module: a dense layer on the ` +
            'input, a rectifier, and a dense layer back to the size of the input. With rows that are nearly equal and ' +
            'graded biases, differences of its gradient rows are single examples of a batch. The weights were not looked at: ' +
            'if the model came from someone else, ask what this is for.',
          related: [related],
        },
      ];
    });
  },
};

function isEncoder(graph: ModelGraph, layer: Layer): boolean {
  const { op } = layer;
  if (op.kind !== 'dense' || !op.bias || op.units === null || !isTrained(layer, 'kernel')) return false;
  return op.inFeatures !== null && sizeOf(layer.inputShapes[0]) === op.inFeatures && readsModelInput(graph, layer);
}

/** The dense layer behind the encoder's rectifier, if it leads back to the encoder's input size. */
function decoderOf(encoder: Layer, readersOf: (layer: Layer) => Layer[]): Layer | undefined {
  const rectified = activationEffect(encoder.activation) === 'rectifier';
  const behind = rectified ? readersOf(encoder) : readersOf(encoder).filter(isRectifier).flatMap(readersOf);
  const size = encoder.op.kind === 'dense' ? encoder.op.inFeatures : null;
  return behind.find(({ op }) => op.kind === 'dense' && op.units === size);
}

function isRectifier({ op }: Layer): boolean {
  return op.kind === 'activation' && activationEffect(op.activation) === 'rectifier';
}
