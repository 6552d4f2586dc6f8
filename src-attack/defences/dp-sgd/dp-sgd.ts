import { clipEach } from '../clip/clip.ts';
import { type DefenceKind, mean, short } from '../defence.ts';

/**
 * The Gaussian mechanism of DP-SGD (Abadi et al., CCS 2016, arXiv 1607.00133, algorithm 1): each example's gradient is
 * clipped to norm C, noise of σ = z·C is added to their sum, and the sum divided by the number of examples. z = σ/C is
 * what privacy accounting starts from; ε also depends on the sampling rate and the number of steps, which one gradient
 * does not tell.
 */
export const dpSgd: DefenceKind = {
  name: 'dp-sgd',
  title: 'DP-SGD',
  description: 'Clips each example’s gradient to norm C and adds Gaussian noise of σ = z·C to their sum.',
  parameter: { name: 'σ/clip', meaning: 'noise multiplier z: σ of the noise on the sum, over C', least: 0, most: 1e6 },
  options: [{ name: 'clip', meaning: 'largest norm C of one example’s gradient', least: 0, open: true, preset: 1 }],
  flags: [],
  example: 'dp-sgd:1.1,clip=1',
  levels: '1e-5..1e0,clip=1',
  create: ({ spec, value }) => ({
    spec,
    perExample: true,
    protect(parts, random) {
      const [multiplier, bound] = [value('σ/clip'), value('clip')];
      const { parts: clipped, clipped: count } = clipEach(parts, bound);
      const sigma = (multiplier * bound) / parts.length;
      return {
        parts: [mean(clipped).map(tensor => tensor.map(entry => entry + sigma * random.normal()))],
        words: `DP-SGD with σ/clip = ${short(multiplier)}: each example’s gradient clipped to norm ${short(bound)} (${count} of ${parts.length} longer), noise of σ = ${short(multiplier * bound)} on their sum, ${short(sigma)} on their mean; ε depends on sampling rate and number of steps and is not stated`,
        scale: count > 0 ? 'factor' : 'kept',
      };
    },
  }),
};
