import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rankOf, type SparseRow } from '../../../bench/explicit-system.ts';
import { readOnnxText } from '../../readers/onnx-text/read.ts';
import { neverCancelled } from '../../readers/reader.ts';
import { consumersOf } from '../../solubility/invertibility.ts';
import { rankTable } from '../../solubility/layer-analysis.ts';
import { randomResidues, residue } from '../../solubility/modular.ts';
import { genericRank } from '../exact/generic-rank.ts';
import { modelOf } from '../testing.ts';
import { factorsOf, factsOfProduct, type ProductSizes } from './factors.ts';
import { identifiableByFlow } from './law.ts';

const size = fc.integer({ min: 1, max: 6 });
const sizes = fc.record({
  queryRows: size,
  keyRows: size,
  depth: size,
  sharing: fc.integer({ min: 1, max: 3 }),
  rank: size,
});

test('facts of queries and keys: the rank of the derivative of M → (M W_K, Mᵀ W_Q) at M = A Bᵀ', () => {
  fc.assert(
    fc.property(sizes, fc.nat(1_000_000), (s, seed) => {
      const { rows, columns } = derivative(s, seed);
      expect(factsOfProduct(s)).toBe(rankOf(rows, columns));
    }),
    { seed: 3, numRuns: 200 },
  );
});

/** Rows: entries of the gradients of all queries' heads and of the keys. Columns: entries of A and B of every head. */
function derivative({ queryRows, keyRows, depth, sharing, rank }: ProductSizes, seed: number) {
  const random = randomResidues(seed);
  const matrix = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, random));
  const keyKernel = matrix(keyRows, depth);
  const perHead = rank * (queryRows + keyRows);
  const heads = Array.from({ length: sharing }, (_, j) => ({
    kernel: matrix(queryRows, depth),
    a: matrix(queryRows, rank),
    b: matrix(keyRows, rank),
    columnOfA: (i: number, k: number) => j * perHead + i * rank + k,
    columnOfB: (i: number, k: number) => j * perHead + (queryRows + i) * rank + k,
  }));
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => residue(sum + residue(value * y[i]!)), 0);
  const columnOf = (m: readonly (readonly number[])[], k: number) => m.map(row => row[k]!);
  const ranks = Array.from({ length: rank }, (_, k) => k);
  const rows: SparseRow[] = [];
  for (const { a, b, columnOfA, columnOfB } of heads) {
    for (let i = 0; i < queryRows; i++) {
      for (let d = 0; d < depth; d++) {
        rows.push(
          ranks.flatMap(k => [
            [columnOfA(i, k), dot(columnOf(b, k), columnOf(keyKernel, d))] as const,
            ...keyKernel.map((row, c) => [columnOfB(c, k), residue(a[i]![k]! * row[d]!)] as const),
          ]),
        );
      }
    }
  }
  for (let i = 0; i < keyRows; i++) {
    for (let d = 0; d < depth; d++) {
      rows.push(
        heads.flatMap(({ kernel, a, b, columnOfA, columnOfB }) =>
          ranks.flatMap(k => [
            [columnOfB(i, k), dot(columnOf(a, k), columnOf(kernel, d))] as const,
            ...kernel.map((row, c) => [columnOfA(c, k), residue(b[i]![k]! * row[d]!)] as const),
          ]),
        ),
      );
    }
  }
  return { rows, columns: sharing * perHead };
}

describe('which layers are queries and keys', () => {
  const apply = (layer: string, to: string) => `tf.layers.${layer}.apply(${to})`;
  const head = (scores: string, more = '') =>
    modelOf(
      `const x = tf.input({ shape: [6, 8] });
const [q, k, v] = [3, 3, 2].map(units => ${apply('dense({ units })', 'x')});
const scores = ${apply('dot({ axes: 2 })', '[q, k]')};${more}
const shares = ${scores};
const y = ${apply('dense({ units: 4 })', apply('flatten()', apply('dot({ axes: [2, 1] })', '[shares, v]')))};`,
    );
  const of = (graph: ReturnType<typeof head>) => [...factorsOf(graph, consumersOf(graph), () => true, 1).values()];

  test('softmax forgets the bias of the keys', () => {
    const found = of(head(apply('softmax({ axis: -1 })', 'scores')));
    // 9 rows of a query's kernel and 8 of a key's, 3 columns, 9 relations.
    expect(found.map(({ facts, losesBias }) => ({ facts, losesBias }))).toEqual([
      { facts: 27 + 24 - 9, losesBias: false },
      { facts: 27 + 24 - 9, losesBias: true },
    ]);
  });

  test('without a softmax over the keys their bias counts', () => {
    const found = of(head(apply("activation({ activation: 'tanh' })", 'scores')));
    expect(found.map(({ facts, losesBias }) => ({ facts, losesBias }))).toEqual([
      { facts: 27 + 27 - 9, losesBias: false },
      { facts: 27 + 27 - 9, losesBias: false },
    ]);
  });
});

describe('heads, one for every query or several for one key', () => {
  // Twelve tokens of 12 entries; two heads of depth 2; values of one entry a head.
  const attention = (keyUnits: number) => {
    const keyHeads = keyUnits / 2;
    return `<ir_version: 8, opset_import: ["" : 18]>
heads (float[1,12,12] x) => (float[1,3] y)
<float[12,4] wq = ["location": "w.bin"], float[12,${keyUnits}] wk = ["location": "w.bin"], float[12,2] wv = ["location": "w.bin"], float[24,3] wy = ["location": "w.bin"],
 int64[4] queries = {1,12,2,2}, int64[4] keys = {1,12,${keyHeads},2}, int64[4] values = {1,12,2,1}, int64[2] flat = {1,24}> {
  q = MatMul(x, wq)
  k = MatMul(x, wk)
  v = MatMul(x, wv)
  qs = Reshape(q, queries)
  ks = Reshape(k, keys)
  vs = Reshape(v, values)
  qh = Transpose<perm = [0,2,1,3]>(qs)
  kh = Transpose<perm = [0,2,3,1]>(ks)
  vh = Transpose<perm = [0,2,1,3]>(vs)
  scores = MatMul(qh, kh)
  shares = Softmax<axis = -1>(scores)
  mixed = MatMul(shares, vh)
  back = Transpose<perm = [0,2,1,3]>(mixed)
  row = Reshape(back, flat)
  logits = MatMul(row, wy)
  y = Softmax<axis = -1>(logits)
}`;
  };
  const cases = [
    {
      name: 'multi-head',
      keyUnits: 4,
      facts: 2 * factsOfProduct({ queryRows: 12, keyRows: 12, depth: 2, sharing: 1, rank: 11 }),
    },
    {
      name: 'multi-query',
      keyUnits: 2,
      facts: factsOfProduct({ queryRows: 12, keyRows: 12, depth: 2, sharing: 2, rank: 11 }),
    },
  ];
  test.each(cases)('$name', ({ keyUnits, facts }) => {
    const { models, errors } = readOnnxText({ path: 'heads.onnxtxt', text: attention(keyUnits) }, neverCancelled);
    expect(errors).toEqual([]);
    const graph = models[0]!;
    const found = [...factorsOf(graph, consumersOf(graph), () => true, 1).values()];
    expect(found.map(factor => factor.facts)).toEqual([facts, facts]);
    const law = identifiableByFlow(graph, rankTable(new Map()), neverCancelled);
    const exact = genericRank(graph, neverCancelled);
    if (!('identifiable' in law) || !('rank' in exact)) throw new Error('not covered');
    expect(exact.rank).toBeLessThan(exact.unknowns);
    expect(law.identifiable).toMatchObject({ rank: exact.rank, unknowns: 144 });
  });
});
