/**
 * Layer systems of every kind: the law's ranks against exact elimination over GF(p) of the system written out.
 *
 *   npm run bench layer-systems
 *
 * LEAKLINT_BENCH_RUNS is the number of layers of each kind (300). Where the known entries are random the law gives an expected
 * rank, so that single draws differ from it.
 */
import fc from 'fast-check';
import { layerKinds } from './layer-cases.ts';
import { printTable } from './table.ts';

const runs = Number(process.env.LEAKLINT_BENCH_RUNS ?? 300);
const seed = 20_261_122;

const rows = layerKinds.map(kind => {
  const offs: number[] = [];
  let [weights, system, verdicts] = [0, 0, 0];
  for (const [i, g] of fc.sample(kind.geometry, { seed, numRuns: runs }).entries()) {
    const { law, exact } = kind.compare(g, i + 1);
    if (law.weights === exact.weights) weights++;
    if (law.system === exact.system) system++;
    if ((law.system === law.touched) === (exact.system === exact.touched)) verdicts++;
    offs.push(Math.abs(law.system - exact.system) / Math.max(1, exact.touched));
  }
  const share = (count: number) => `${((100 * count) / runs).toFixed(1)}`;
  const mean = offs.reduce((sum, off) => sum + off, 0) / offs.length;
  return [
    kind.name,
    runs,
    share(weights),
    share(system),
    share(verdicts),
    (100 * mean).toFixed(2),
    (100 * Math.max(...offs)).toFixed(1),
  ];
});
console.log(`${runs} random layers of each kind (seed ${seed}); rank errors as shares of the touched unknowns\n`);
printTable(
  ['layer', 'cases', 'rank W right, %', 'rank U right, %', 'verdict right, %', 'mean error, %', 'largest error, %'],
  rows,
);
