import { describe, expect, test } from 'vitest';
import { rankOf, type SparseRow } from '../../bench/explicit-system.ts';
import { inverse, randomResidues, residue } from './modular.ts';

type Matrix = readonly (readonly number[])[];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map(row => b[0]!.map((_, j) => row.reduce((sum, v, k) => residue(sum + residue(v * b[k]![j]!)), 0)));
const turned = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map(row => row[j]!));

function rank(a: Matrix): number {
  return rankOf(
    a.map((row): SparseRow => row.map((value, column) => [column, value])),
    a[0]!.length,
  );
}

/**
 * ∂L/∂W of queries, keys and values over GF(p): weights of attention A with rows of sum 1, and softmax's derivative
 * A∘(dA − rowsum(A∘dA)), for a random gradient of the output. Heads have their own projections.
 */
function gradients(tokens: number, features: number, heads: number, causal: boolean, seed: number) {
  const random = randomResidues(seed);
  const matrix = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, random));
  const x = matrix(tokens, features);
  const width = features / heads;
  const parts = Array.from({ length: heads }, () => {
    const [q, k, v] = [0, 1, 2].map(() => times(x, matrix(features, width))) as [Matrix, Matrix, Matrix];
    const weights = matrix(tokens, tokens).map((row, t) => {
      const seen = row.map((value, s) => (causal && s > t ? 0 : value));
      const scale = inverse(residue(seen.reduce((sum, value) => residue(sum + value), 0)));
      return seen.map(value => residue(value * scale));
    });
    const out = matrix(tokens, width);
    const change = times(out, turned(v));
    const scores = weights.map((row, t) => {
      const mean = row.reduce((sum, a, s) => residue(sum + residue(a * change[t]![s]!)), 0);
      return row.map((a, s) => residue(a * residue(change[t]![s]! - mean)));
    });
    return { query: times(scores, k), key: times(turned(scores), q), value: times(turned(weights), out) };
  });
  const joined = (part: 'query' | 'key' | 'value') => x.map((_, t) => parts.flatMap(p => p[part][t]!));
  const gradient = (part: 'query' | 'key' | 'value') => rank(times(turned(x), joined(part)));
  return { query: gradient('query'), key: gradient('key'), value: gradient('value') };
}

describe('rank of the projections’ gradients for 6 tokens of 16 features', () => {
  test.each([
    ['one head', 1, false, { query: 5, key: 5, value: 6 }],
    ['four heads', 4, false, { query: 6, key: 5, value: 6 }],
    ['four heads, causal', 4, true, { query: 5, key: 5, value: 6 }],
  ])('%s', (_, heads, causal, expected) => {
    for (const seed of [1, 2, 3]) expect(gradients(6, 16, heads, causal, seed)).toEqual(expected);
  });

  test('with as many tokens as features nothing of the span is left', () => {
    expect(gradients(16, 16, 4, false, 1).value).toBe(16);
  });
});
