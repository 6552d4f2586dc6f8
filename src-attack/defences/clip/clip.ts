import { type DefenceKind, normOf, short, type Tensors } from '../defence.ts';

/** Scales what is longer than `bound` down to it; counts how often. */
export function clipEach(
  parts: readonly Tensors[],
  bound: number,
): { readonly parts: readonly Tensors[]; readonly clipped: number; readonly smallestFactor: number } {
  const factors = parts.map(part => {
    const norm = normOf(part);
    return norm > bound ? bound / norm : 1;
  });
  return {
    parts: parts.map((part, b) => part.map(tensor => tensor.map(value => value * factors[b]!))),
    clipped: factors.filter(factor => factor < 1).length,
    smallestFactor: Math.min(1, ...factors),
  };
}

/**
 * Clipping by the norm over all tensors, every example by itself (Abadi et al., CCS 2016, arXiv 1607.00133). For one
 * example it is a rescaling: ratios and angles of the gradient, and with them the example, stay.
 */
export const clip: DefenceKind = {
  name: 'clip',
  title: 'Clipping',
  description: 'Scales each example’s gradient down to norm C; for one example that loses nothing but the scale.',
  parameter: { name: 'C', meaning: 'largest norm of one example’s gradient', least: 0, open: true },
  options: [],
  flags: [],
  example: 'clip:1',
  levels: '1e-3..1e1',
  create: ({ spec, value }) => ({
    spec,
    perExample: true,
    protect(parts) {
      const { parts: clipped, clipped: count, smallestFactor } = clipEach(parts, value('C'));
      const words =
        parts.length > 1
          ? `each example’s gradient clipped to norm ${short(value('C'))} before averaging (${count} of ${parts.length} were longer)`
          : count === 0
            ? `clipping to norm ${short(value('C'))}, which the gradient did not exceed`
            : `clipped to norm ${short(value('C'))}: the whole gradient times ${short(smallestFactor)}, which loses its scale only`;
      return { parts: clipped, words, scale: count > 0 ? 'factor' : 'kept' };
    },
  }),
};
