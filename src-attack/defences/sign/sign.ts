import { type DefenceKind, mean } from '../defence.ts';

/** Only the signs are shared (Bernstein et al., signSGD, ICML 2018, arXiv 1802.04434). */
export const sign: DefenceKind = {
  name: 'sign',
  title: 'Signs only',
  description: 'Shares the sign of every entry: −1, 0 or 1.',
  parameter: null,
  options: [],
  flags: [],
  example: 'sign',
  levels: '',
  create: ({ spec }) => ({
    spec,
    protect: parts => ({
      parts: [mean(parts).map(tensor => tensor.map(Math.sign))],
      words: 'only the sign of every entry shared',
      scale: 'lost',
    }),
  }),
};
