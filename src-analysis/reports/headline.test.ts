import { describe, expect, test } from 'vitest';
import type { Identifiable } from '../model/analysis.ts';
import { identifiablePhrase } from './headline.ts';

const known: Identifiable = { rank: 75, unknowns: 300, fraction: 0.25, basis: 'law', assumptions: [] };

describe('the identifiable dimension in a phrase', () => {
  test.each<[string, Partial<Identifiable>]>([
    ['r = 75 of 300 (25.0 %)', {}],
    ['r = 75 of 300 (25.0 %)', { certainty: 'law' }],
    ['r ≈ 75 of 300 (25.0 %, estimate)', { certainty: 'estimate' }],
    ['r unknown', { rank: null, fraction: null, basis: 'unknown' }],
  ])('%s', (phrase, change) => {
    expect(identifiablePhrase({ ...known, ...change })).toBe(phrase);
  });
});
