import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chainOf, randomChain } from '../../bench/chains.ts';
import { goldenModels } from '../../bench/geometries.ts';
import { neverCancelled } from '../readers/reader.ts';
import { rankTable } from '../solubility/layer-analysis.ts';
import { genericJacobianRank } from './generic-jacobian.ts';
import { identifiableDimension } from './recursion.ts';

const fixtures = path.join(import.meta.dirname, '../../test/fixtures');

describe('the published models', () => {
  const ranks = JSON.parse(readFileSync(path.join(fixtures, 'golden/identifiability.json'), 'utf8')).rank as Record<
    string,
    number
  >;
  const models = goldenModels(fixtures);
  test.each(Object.entries(ranks))('%s: r = %d, as by singular values in float64', (model, rank) => {
    expect(identifiableDimension(chainOf(models.get(model)!), rankTable(new Map()))).toMatchObject({ rank });
  });
});

test('random chains have the rank of their exact Jacobian, unless the recursion says it may be off', () => {
  let sure = 0;
  fc.assert(
    fc.property(randomChain, fc.integer({ min: 1, max: 1e6 }), (stages, seed) => {
      const result = identifiableDimension(chainOf(stages), rankTable(new Map()));
      if (!('rank' in result) || result.assumptions.some(a => a.includes('critical'))) return;
      sure++;
      expect(result.rank).toBe(genericJacobianRank(stages, neverCancelled, seed));
    }),
    { seed: 12, numRuns: 150 },
  );
  expect(sure).toBeGreaterThan(90);
});
