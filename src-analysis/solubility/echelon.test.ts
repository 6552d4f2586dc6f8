import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EchelonBasis } from './echelon.ts';
import { inverse, prime, randomResidues, residue } from './modular.ts';

/** Rank over GF(p) by textbook elimination with exact integers. */
function rankByBigInt(rows: readonly (readonly number[])[]): number {
  const p = BigInt(prime);
  const mod = (x: bigint) => ((x % p) + p) % p;
  const power = (x: bigint, e: bigint): bigint => (e === 0n ? 1n : mod(power(mod(x * x), e / 2n) * (e % 2n ? x : 1n)));
  const left = rows.map(row => row.map(x => mod(BigInt(x))));
  let rank = 0;
  for (let column = 0; column < (rows[0]?.length ?? 0); column++) {
    const pivot = left.findIndex((row, i) => i >= rank && row[column] !== 0n);
    if (pivot < 0) continue;
    [left[rank], left[pivot]] = [left[pivot]!, left[rank]!];
    const scale = power(left[rank]![column]!, p - 2n);
    for (let i = rank + 1; i < left.length; i++) {
      const factor = mod(left[i]![column]! * scale);
      left[i] = left[i]!.map((x, k) => mod(x - factor * left[rank]![k]!));
    }
    rank++;
  }
  return rank;
}

const entry = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: -(prime - 1) / 2, max: (prime - 1) / 2 }) },
);

test('the rank of any matrix, sparse or with dependent rows', () => {
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }))
    .chain(([m, n]) => fc.array(fc.array(entry, { minLength: n, maxLength: n }), { minLength: m, maxLength: m }));
  fc.assert(
    fc.property(matrix, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 3 }), (rows, sums) => {
      const all = [...rows];
      for (const [a, b] of sums) {
        const [r, s] = [rows[a % rows.length]!, rows[b % rows.length]!];
        all.push(r.map((x, i) => residue(x + 5 * s[i]!)));
      }
      const columns = rows[0]!.length;
      const basis = new EchelonBasis(columns);
      const scratch = new Float64Array(columns);
      for (const row of all) {
        const before = basis.rank;
        scratch.set(row);
        expect(basis.add(scratch, 0, columns)).toBe(basis.rank > before);
        expect(scratch.every(x => x === 0)).toBe(true);
      }
      expect(basis.rank).toBe(rankByBigInt(all));
    }),
    { seed: 2, numRuns: 300 },
  );
});

test('long rows stay exact: a random square matrix with one dependent row misses one dimension', () => {
  const n = 120;
  const random = randomResidues(7);
  const rows = Array.from({ length: n - 1 }, () => Array.from({ length: n }, random));
  rows.push(rows[0]!.map((x, i) => residue(x * 3 - rows[n - 2]![i]!)));
  const basis = new EchelonBasis(n);
  const scratch = new Float64Array(n);
  for (const row of rows) {
    scratch.set(row);
    basis.add(scratch, 0, n);
  }
  expect(basis.rank).toBe(n - 1);
});

test('residues are symmetric and exact to the limit of doubles', () => {
  const limit = 2 ** 53 - 1;
  fc.assert(
    fc.property(fc.integer({ min: -limit, max: limit }), value => {
      const r = residue(value);
      expect(Math.abs(r)).toBeLessThanOrEqual((prime + 1) / 2);
      expect((BigInt(value) - BigInt(r)) % BigInt(prime)).toBe(0n);
    }),
    { seed: 3, numRuns: 3000 },
  );
  expect(residue(prime * 134_217_727)).toBe(0);
});

test('every non-zero residue has an inverse', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: prime - 1 }), value => {
      const x = residue(value);
      expect((BigInt(x) * BigInt(inverse(x)) - 1n) % BigInt(prime)).toBe(0n);
    }),
    { seed: 4, numRuns: 1000 },
  );
});
