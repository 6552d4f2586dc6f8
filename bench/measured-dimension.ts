/**
 * What `leaklint verify` measures against the exact rank: the float64 rank of the training step's Jacobian at random weights and
 * a random input, and elimination over GF(p), on random small models of sequences.
 *
 *   npm run bench measured-dimension
 *
 * LEAKLINT_BENCH_RUNS is the number of models (1000), LEAKLINT_BENCH_SEED the first seed (1).
 */
import { loadOnnxCpu } from '../src-attack/engines/onnxruntime/load.ts';
import { bothRanks } from '../src-attack/verify/testing/both-ranks.ts';
import { randomSequenceModel, sequenceKinds } from './random-sequences.ts';
import { printTable } from './table.ts';

const runs = Number(process.env.LEAKLINT_BENCH_RUNS ?? 1000);
const firstSeed = Number(process.env.LEAKLINT_BENCH_SEED ?? 1);

interface Tally {
  models: number;
  certain: number;
  /** Of the certain ones, those whose rank is the exact one. */
  same: number;
  /** Sum of |difference| / n over the others. */
  error: number;
}

const tallies = new Map<string, Tally>();
const engine = await loadOnnxCpu();
for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
  const { graph, batch, kinds } = randomSequenceModel(seed);
  const { measured, certain, exact } = await bothRanks(engine, graph, seed, batch);
  if (!('rank' in exact)) throw new Error(`seed ${seed}: ${exact.reason}`);
  const difference = Math.abs(measured.rank - exact.rank);
  // Which slopes of a PReLU count is drawn, here as there.
  const named = [...kinds, 'all', ...(kinds.includes('prelu') ? [] : ['all without prelu'])];
  for (const kind of named) count(kind, certain, difference / exact.unknowns);
}
await engine.dispose();

console.log(`\n${runs} random sequence models (seeds from ${firstSeed}): measured in float64 against the exact rank\n`);
printTable(
  ['kind', 'models', 'measured with certainty', 'of these the exact rank', 'mean error of the others, % of n'],
  [...sequenceKinds, 'all', 'all without prelu'].flatMap(kind => {
    const t = tallies.get(kind);
    if (!t) return [];
    const others = t.certain - t.same;
    return [[kind, t.models, t.certain, t.same, others === 0 ? '' : ((100 * t.error) / others).toFixed(1)]];
  }),
);

function count(kind: string, certain: boolean, error: number): void {
  const tally = tallies.get(kind) ?? { models: 0, certain: 0, same: 0, error: 0 };
  tallies.set(kind, tally);
  tally.models++;
  if (!certain) return;
  tally.certain++;
  if (error === 0) tally.same++;
  tally.error += error;
}
