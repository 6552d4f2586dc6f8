import { quoteName } from '../../findings/printable.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import type { Rule } from '../rule.ts';
import { isTrained } from '../trained.ts';

/**
 * The last layer under softmax and cross-entropy: ∂L/∂b = p − y, of which the label's entry alone is negative (Zhao et al. 2020,
 * iDLG). In a batch, classes with a negative entry occur (Yin et al. 2021).
 */
export const labelLeak: Rule = {
  meta: {
    id: 'label-leak',
    title: 'Last layer whose gradient tells the label',
    description:
      "A classifier's last layer: under softmax and cross-entropy its gradient is negative at the label only.",
    defaultSeverity: 'info',
    offByDefault: true,
    options: {},
  },
  check: ({ graph }) =>
    classifiers(graph).map(layer => ({
      layer,
      ...(layer.range ? { range: layer.range } : {}),
      message:
        `For a batch of one under cross-entropy, the gradient of ${quoteName(layer.name)} tells the label: ` +
        (isTrained(layer, 'bias') && layer.op.kind === 'dense' && layer.op.bias
          ? '∂L/∂b = p − y is negative there and nowhere else.'
          : 'the row of ∂L/∂W that points against the others is its row, if the features are not negative.') +
        ' In a batch of different labels, classes with a negative entry occur.',
    })),
};

/** Dense layers that make the model's output through softmax. */
function classifiers(graph: ModelGraph): Layer[] {
  return graph.outputs.flatMap(edge => {
    const last = graph.layers[edge.layer];
    const behind = last?.op.kind === 'activation' ? graph.layers[last.inputs[0]?.layer ?? -1] : last;
    const name = last?.op.kind === 'activation' ? last.op.activation.name : last?.activation?.name;
    const isClassifier = behind?.op.kind === 'dense' && (name === 'softmax' || name === 'logSoftmax');
    return isClassifier && isTrained(behind, 'kernel') ? [behind] : [];
  });
}
