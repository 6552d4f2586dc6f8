/**
 * The recursion for the identifiable dimension against the exact rank of the whole gradient's Jacobian over GF(p), on random
 * chains of one to three convolutions and on one published model at full size.
 *
 *   npm run bench identifiable-dimension
 *
 * LEAKLINT_BENCH_RUNS is the number of chains (2000).
 */
import * as path from 'node:path';
import fc from 'fast-check';
import { genericJacobianRank, type JacobianStage } from '../src-analysis/identifiability/generic-jacobian.ts';
import { identifiableDimension } from '../src-analysis/identifiability/recursion.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { rankTable } from '../src-analysis/solubility/layer-analysis.ts';
import { chainOf, randomChain } from './chains.ts';
import { goldenModels } from './geometries.ts';
import { cpuMilliseconds, printTable } from './table.ts';

const runs = Number(process.env.LEAKLINT_BENCH_RUNS ?? 2000);
const seed = 20_261_122;

interface Tally {
  sure: number;
  sureWrong: number;
  doubtful: number;
  doubtfulWrong: number;
  unknown: number;
  worst: number;
}

const tallies = new Map<string, Tally>();
for (const [i, stages] of fc.sample(randomChain, { seed, numRuns: runs }).entries()) count(stages, i + 1);

console.log(`${runs} random chains (seed ${seed}): the recursion against the exact Jacobian\n`);
printTable(
  ['activation', 'sure', 'wrong', 'in doubt', 'wrong', 'unknown', 'worst error, % of n'],
  [...tallies]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([kind, t]) => [
      kind,
      t.sure,
      t.sureWrong,
      t.doubtful,
      t.doubtfulWrong,
      t.unknown,
      (100 * t.worst).toFixed(1),
    ]),
);

const stages = goldenModels(path.join(process.cwd(), 'test/fixtures')).get('cnn3_c1')!;
const law = cpuMilliseconds(() => predicted(stages));
const exact = cpuMilliseconds(() => genericJacobianRank(stages, neverCancelled));
console.log('\ncnn3_c1, 3,072 unknowns, CPU ms\n');
printTable(
  ['', 'r', 'ms'],
  [
    ['recursion', law.result.rank ?? 'unknown', law.ms],
    ['exact Jacobian', exact.result, exact.ms],
  ],
);

function predicted(chain: readonly JacobianStage[]): { rank: number | null; doubtful: boolean } {
  const result = identifiableDimension(chainOf(chain), rankTable(new Map()));
  if (!('rank' in result)) return { rank: null, doubtful: false };
  return { rank: result.rank, doubtful: result.assumptions.some(assumption => assumption.includes('critical')) };
}

function count(chain: readonly JacobianStage[], chainSeed: number): void {
  const { activation, bias } = chain[0]!;
  const kind = `${activation}${bias ? ', biases' : ''}`;
  const tally = tallies.get(kind) ?? { sure: 0, sureWrong: 0, doubtful: 0, doubtfulWrong: 0, unknown: 0, worst: 0 };
  tallies.set(kind, tally);
  const { rank, doubtful } = predicted(chain);
  if (rank === null) {
    tally.unknown++;
    return;
  }
  const difference = Math.abs(rank - genericJacobianRank(chain, neverCancelled, chainSeed));
  tally.worst = Math.max(tally.worst, difference / chainOf(chain).unknowns);
  if (doubtful) tally.doubtful++;
  else tally.sure++;
  if (difference > 0 && doubtful) tally.doubtfulWrong++;
  if (difference > 0 && !doubtful) tally.sureWrong++;
}
