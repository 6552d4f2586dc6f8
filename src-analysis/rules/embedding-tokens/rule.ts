import { quoteName } from '../../findings/printable.ts';
import type { Layer } from '../../model/graph.ts';
import type { Rule, RuleReport } from '../rule.ts';
import { isTrained } from '../trained.ts';

/**
 * A trained embedding: ∂L/∂E has one row for every entry of the vocabulary, 0 unless the entry occurs (Gupta et al. 2022, FILM). So the tokens of an example, or of a batch, are named by the rows that are not 0.
 */
export const embeddingTokens: Rule = {
  meta: {
    id: 'embedding-tokens',
    title: 'Embedding whose gradient names the tokens',
    description: 'A trained embedding: the rows of its gradient that are not 0 are the tokens of the example.',
    defaultSeverity: 'warning',
    options: {},
  },
  check: ({ graph }) => graph.layers.flatMap(layer => (namesTokens(layer) ? [report(layer)] : [])),
};

/** Shared tables (tied output weights) have a gradient in every row. */
function namesTokens(layer: Layer): boolean {
  const isTable = layer.op.kind === 'embedding' && layer.sharedWith === undefined;
  return isTable && isTrained(layer, 'embeddings') && isTrained(layer, 'kernel');
}

function report(layer: Layer): RuleReport {
  const vocabulary = layer.op.kind === 'embedding' ? layer.op.vocabulary : null;
  const rows = vocabulary === null ? 'the vocabulary' : `${vocabulary} entries`;
  return {
    layer,
    ...(layer.range ? { range: layer.range } : {}),
    message:
      `The gradient of ${quoteName(layer.name)} names the tokens of the example: of its rows, one for each of ${rows}, ` +
      'only those of tokens that occur are not 0. This holds for a batch as well, unless the table is tied to output ' +
      'weights, or weight decay, momentum or noise is in what is shared. The order of the tokens is not told here.',
  };
}
