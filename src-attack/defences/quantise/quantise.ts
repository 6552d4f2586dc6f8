import type { Random } from '../../optimisers/random.ts';
import { type DefenceKind, mean } from '../defence.ts';

/**
 * A tensor on the grid of 2^(bits−1) − 1 steps on each side of zero, up to its largest magnitude: to the nearest point,
 * or with `random` to one of the two neighbours so that the mean is right (Alistarh et al., QSGD, NeurIPS 2017).
 */
export function quantised(tensor: Float64Array, bits: number, random?: Random): Float64Array {
  const largest = tensor.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const steps = 2 ** (bits - 1) - 1;
  if (largest === 0) return tensor.slice();
  return tensor.map(value => {
    const position = (value / largest) * steps;
    const point = random ? Math.floor(position + random.uniform()) : Math.round(position);
    return (Math.max(-steps, Math.min(steps, point)) / steps) * largest;
  });
}

export const quantise: DefenceKind = {
  name: 'quantise',
  title: 'Quantisation',
  description: 'Rounds every tensor to a grid of so many bits, scaled to its largest magnitude.',
  parameter: { name: 'bits', meaning: 'bits an entry, sign included', integer: true, least: 2, most: 24 },
  options: [],
  flags: ['stochastic'],
  example: 'quantise:8',
  levels: '2..16',
  create: ({ spec, value, has }) => ({
    spec,
    protect: (parts, random) => ({
      parts: [mean(parts).map(tensor => quantised(tensor, value('bits'), has('stochastic') ? random : undefined))],
      words: `every tensor rounded to ${value('bits')} bits, ${has('stochastic') ? 'stochastically' : 'to the nearest point'}`,
      scale: 'kept',
    }),
  }),
};
