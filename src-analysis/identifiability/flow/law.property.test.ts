import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomModel } from '../../../bench/random-models.ts';
import { randomSequenceModel } from '../../../bench/random-sequences.ts';
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
  expect(sure).toBeGreaterThan(20);
});

test('of sequence models the law is an upper bound, and sure only where it is right', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90_000 }), seed => {
      const { graph, batch, code, kinds } = randomSequenceModel(seed);
      const law = identifiableByFlow(graph, rankTable(new Map()), neverCancelled, { batch });
      if (!('identifiable' in law)) throw new Error(`${law.reason} in\n${code}`);
      const { rank, unknowns, certainty } = law.identifiable;
      const exact = genericRank(graph, neverCancelled, { batch, seed });
      if (!('rank' in exact)) throw new Error(`${exact.reason} in\n${code}`);
      expect({ code, unknowns }).toEqual({ code, unknowns: exact.unknowns });
      if (certainty !== 'estimate') expect({ code, rank }).toEqual({ code, rank: exact.rank });
      // Which slopes of a PReLU count is drawn.
      else if (!kinds.includes('prelu')) expect(rank, code).toBeGreaterThanOrEqual(exact.rank);
    }),
    {
      seed: 6,
      numRuns: 60,
      // Gates of which two examples share the gradient: the other factor moves, and with it δ.
      examples: [[700_426], [700_796], [700_982]],
    },
  );
});
