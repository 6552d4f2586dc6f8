import { quoteName } from '../../findings/printable.ts';
import type { Rule } from '../rule.ts';

/**
 * Batch normalisation by the statistics of the batch: those are functions of the private examples. Attacks that are given them
 * use them as a prior (Yin et al. 2021, GradInversion); without them the same attacks are weaker (Huang et al. 2021).
 */
export const batchStatistics: Rule = {
  meta: {
    id: 'batch-statistics',
    title: 'Batch normalisation by the statistics of the private batch',
    description: 'Layers normalise by the batch itself: shared running statistics carry its means and variances.',
    defaultSeverity: 'info',
    options: {},
  },
  check: ({ graph }) => {
    const [first, ...others] = graph.layers.filter(
      ({ op }) => op.kind === 'norm' && op.norm === 'batch' && op.batchStatistics,
    );
    if (!first) return [];
    const more = others.length > 0 ? ` and ${others.length} more layers normalise` : ' normalises';
    return [
      {
        layer: first,
        ...(first.range ? { range: first.range } : {}),
        message:
          `${quoteName(first.name)}${more} by the statistics of the batch. If running means and variances are shared with the ` +
          'gradient, they tell the mean and the variance of every channel of the private batch, which attacks use as a ' +
          'prior. For a batch of one they are those of one example.',
      },
    ];
  },
};
