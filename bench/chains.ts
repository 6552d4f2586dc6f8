/** Chains of convolutions below a dense layer, for tests and measurements of the identifiable dimension. */
import fc from 'fast-check';
import type { Chain } from '../src-analysis/identifiability/chain.ts';
import type { JacobianStage } from '../src-analysis/identifiability/generic-jacobian.ts';
import { outputLength, unknownsOf } from '../src-analysis/solubility/conv-geometry.ts';
import { square } from './geometries.ts';

/** The chain of these convolutions with a dense layer on the last one's output. */
export function chainOf(stages: readonly JacobianStage[]): Chain {
  const last = stages[stages.length - 1]!.geometry;
  return {
    unknowns: unknownsOf(stages[0]!.geometry),
    stages: stages.map(({ geometry, activation, bias }, layer) => ({ layer, geometry, activation, bias })),
    features: last.filters * outputLength(last, 0) * outputLength(last, 1),
    dense: stages.length,
    assumptions: [],
  };
}

const part = fc.record({
  filters: fc.constantFrom(1, 2, 3, 4, 6, 8),
  kernel: fc.constantFrom(1, 2, 3, 3, 4, 5),
  stride: fc.constantFrom(1, 1, 2),
  padding: fc.constantFrom(0, 0, 1),
});

/** One to three convolutions on small square maps, with one kind of activation, with or without biases. */
export const randomChain: fc.Arbitrary<JacobianStage[]> = fc
  .record({
    channels: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 6, max: 10 }),
    parts: fc.array(part, { minLength: 1, maxLength: 3 }),
    activation: fc.constantFrom('smooth' as const, 'smooth' as const, 'piecewise-linear' as const),
    bias: fc.boolean(),
  })
  .map(({ channels, size, parts, activation, bias }) => {
    const stages: JacobianStage[] = [];
    let [inChannels, side] = [channels, size];
    for (const { filters, stride, ...asked } of parts) {
      const fits = asked.kernel <= side;
      const kernel = fits ? asked.kernel : 1;
      const padding = fits && 2 * asked.padding < kernel ? asked.padding : 0;
      const geometry = square({ inChannels, filters, input: [side, side], kernel: [kernel, kernel], stride, padding });
      stages.push({ geometry, activation, bias });
      [inChannels, side] = [filters, outputLength(geometry, 0)];
    }
    return stages;
  });
