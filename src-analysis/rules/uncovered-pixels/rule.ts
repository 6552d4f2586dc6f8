import { quoteName } from '../../findings/printable.ts';
import type { Rule } from '../rule.ts';
import { readsModelInput } from '../trained.ts';

/** Entries of the model's input that no window of the convolution reading it reaches: they are in no equation of any layer. */
export const uncoveredPixels: Rule = {
  meta: {
    id: 'uncovered-pixels',
    title: 'Input entries that no window reaches',
    description:
      'Strides or cropping leave entries of the input unread: they leak nothing, and the model never sees them.',
    defaultSeverity: 'info',
    options: {},
  },
  check: ({ graph, analysis }) =>
    analysis.layers.flatMap(({ layer: id, unknowns, touched }) => {
      const layer = graph.layers[id];
      if (!layer || unknowns === null || touched === null || touched >= unknowns) return [];
      if (layer.op.kind !== 'conv' || !readsModelInput(graph, layer, true)) return [];
      return [
        {
          layer,
          ...(layer.range ? { range: layer.range } : {}),
          message:
            `No window of ${quoteName(layer.name)} reaches ${unknowns - touched} of the ${unknowns} input entries: they are in ` +
            'no gradient through this layer, and have no influence on its output. The other entries are not hidden by this.',
        },
      ];
    }),
};
