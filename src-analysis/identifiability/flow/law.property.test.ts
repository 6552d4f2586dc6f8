import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomModel } from '../../../bench/random-models.ts';
import { neverCancelled } from '../../readers/reader.ts';
import { rankTable } from '../../solubility/layer-analysis.ts';
import { exactRankWork } from '../exact/cost.ts';
import { genericRank } from '../exact/generic-rank.ts';
import { identifiableByFlow } from './law.ts';

test('where the law is sure, random models of all kinds have the rank of their exact Jacobian', () => {
  let sure = 0;
  fc.assert(
    fc.property(fc.integer({ min: 10_000, max: 90_000 }), seed => {
      const { graph, batch, code } = randomModel(seed);
      if (exactRankWork(graph, batch)! > 3e7) return;
      const law = identifiableByFlow(graph, rankTable(new Map()), neverCancelled, { batch });
      if (!('identifiable' in law)) throw new Error(`${law.reason} in\n${code}`);
      const { rank, unknowns, certainty, range } = law.identifiable;
      expect(unknowns).toBe(batch * graph.layers[0]!.outputShapes[0]!.reduce<number>((a, b) => a * b!, 1));
      if (certainty === 'estimate') {
        const [least, greatest] = range ?? [rank, rank];
        expect(least).toBeLessThanOrEqual(rank!);
        expect(greatest).toBeGreaterThanOrEqual(rank!);
        return;
      }
      sure++;
      const exact = genericRank(graph, neverCancelled, { batch, seed });
      expect({ code, ...exact }).toEqual({ code, rank, unknowns });
    }),
    { seed: 5, numRuns: 80 },
  );
  expect(sure).toBeGreaterThan(25);
});
