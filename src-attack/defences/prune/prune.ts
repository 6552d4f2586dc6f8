import { type DefenceKind, mean, short } from '../defence.ts';

/** All but the largest magnitudes set to zero: floor(share·length) entries; of equal ones the first go. */
export function pruned(tensor: Float64Array, share: number): Float64Array {
  const order = Array.from(tensor.keys()).sort((a, b) => Math.abs(tensor[a]!) - Math.abs(tensor[b]!) || a - b);
  const result = tensor.slice();
  for (const index of order.slice(0, Math.floor(share * tensor.length))) result[index] = 0;
  return result;
}

/** Gradient sparsification, tensor by tensor (Lin et al., Deep Gradient Compression, ICLR 2018, arXiv 1712.01887). */
export const prune: DefenceKind = {
  name: 'prune',
  title: 'Pruning',
  description: 'Zeroes a share of every tensor and keeps the entries of the largest magnitude.',
  parameter: { name: 'share', meaning: 'share of the entries set to zero, 0.9 keeps a tenth', least: 0, most: 1 },
  options: [],
  flags: [],
  example: 'prune:0.9',
  levels: '0.01..0.99',
  create: ({ spec, value }) => ({
    spec,
    protect: parts => ({
      parts: [mean(parts).map(tensor => pruned(tensor, value('share')))],
      words: `pruned: of every tensor ${short(100 * value('share'))} % set to zero, the ${short(100 - 100 * value('share'))} % of the largest magnitude kept`,
      scale: 'kept',
    }),
  }),
};
