import type { DefenceKind } from '../defence.ts';

/** More examples in the batch: the gradient that is shared is a mean over all of them. */
export const batch: DefenceKind = {
  name: 'batch',
  title: 'Larger batch',
  description: 'Adds neighbours to the batch, cut from the sample pictures, until it has so many examples.',
  parameter: { name: 'examples', meaning: 'examples in the batch', integer: true, least: 1, most: 64 },
  options: [],
  flags: [],
  example: 'batch:4',
  levels: '1..8',
  create: ({ spec, value }) => ({ spec, training: { batchSize: value('examples') } }),
};
