import { type DefenceKind, entriesOf, mean, normOf, short } from '../defence.ts';

/**
 * Gaussian noise on every entry of what is shared (as in Zhu, Liu & Han 2019, §5.1). σ is absolute, or with `relative`
 * a multiple of the gradient's root mean square ‖g‖₂/√d, so that the noise is as long as the gradient at 1.
 */
export const noise: DefenceKind = {
  name: 'noise',
  title: 'Gaussian noise',
  description: 'Adds Gaussian noise of standard deviation σ to every entry of the gradient.',
  parameter: { name: 'σ', meaning: 'standard deviation of the noise', least: 0, most: 1e6 },
  options: [],
  flags: ['relative'],
  example: 'noise:0.01',
  levels: '1e-6..1e-1',
  create: ({ spec, value, has }) => ({
    spec,
    protect(parts, random) {
      const shared = mean(parts);
      const rootMeanSquare = normOf(shared) / Math.sqrt(Math.max(1, entriesOf(shared)));
      const sigma = has('relative') ? value('σ') * rootMeanSquare : value('σ');
      const relative = rootMeanSquare > 0 ? `, ${short(sigma / rootMeanSquare)} times its root mean square` : '';
      return {
        parts: [shared.map(tensor => tensor.map(entry => entry + sigma * random.normal()))],
        words: `Gaussian noise of σ = ${short(sigma)} on every entry of the gradient${relative}`,
        scale: 'kept',
      };
    },
  }),
};
