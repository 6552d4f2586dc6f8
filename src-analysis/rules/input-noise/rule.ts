import { quoteName } from '../../findings/printable.ts';
import type { Layer } from '../../model/graph.ts';
import type { Rule } from '../rule.ts';
import { readsModelInput } from '../trained.ts';

/**
 * Noise or dropout on the model's input is part of the forward pass: every layer behind sees x̃ = x + ε (or x∘m), and the gradient
 * says of x̃ what it would say of x. What comes back is the noisy input, as clear as the noise leaves it.
 */
export const inputNoise: Rule = {
  meta: {
    id: 'input-noise',
    title: 'Noise on the input, which does not protect the gradient',
    description:
      'A layer adds noise to the input, or drops entries of it: the gradient then determines the noisy input.',
    defaultSeverity: 'info',
    options: {},
  },
  check: ({ graph }) =>
    graph.layers
      .filter(layer => isNoise(layer) && readsModelInput(graph, layer))
      .map(layer => ({
        layer,
        ...(layer.range ? { range: layer.range } : {}),
        message:
          `${quoteName(layer.name)} changes the input inside the model: the gradient then says of the changed input what it would ` +
          'say of the input itself, and what is recovered is as clear as this noise leaves it. Noise that limits what a ' +
          'gradient tells is added to the gradient, after clipping.',
      })),
};

function isNoise({ op }: Layer): boolean {
  if (op.kind === 'dropout') return op.rate !== 0;
  return op.kind === 'elementwise' && (op.name === 'gaussianNoise' || op.name === 'gaussianDropout');
}
