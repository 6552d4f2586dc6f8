/**
 * What `leaklint verify` measures against the exact rank: the float64 rank of the training step's Jacobian at random weights and
 * a random input, and elimination over GF(p), on random small models of sequences.
 *
 *   npm run bench measured-dimension
 *
 * LEAKLINT_BENCH_RUNS is the number of models (1000), LEAKLINT_BENCH_SEED the first seed (1).
 */
import type { ModelGraph } from '../src-analysis/model/graph.ts';
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

const hardGates = 'gru and lstm with hard sigmoid, without prelu';
const tallies = new Map<string, Tally>();
const engine = await loadOnnxCpu();
for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
  const { graph, batch, kinds } = randomSequenceModel(seed);
  // Which slopes of a PReLU count is drawn, here as there.
  const isDrawn = kinds.includes('prelu');
  await measure(graph, seed, batch, [...kinds, 'all', ...(isDrawn ? [] : ['all without prelu'])]);
  const hard = withHardGates(graph);
  if (hard && !isDrawn) await measure(hard, seed, batch, [hardGates]);
}
await engine.dispose();

console.log(`\n${runs} random sequence models (seeds from ${firstSeed}): measured in float64 against the exact rank\n`);
printTable(
  ['kind', 'models', 'measured with certainty', 'of these the exact rank', 'mean error of the others, % of n'],
  [...sequenceKinds, 'all', 'all without prelu', hardGates].flatMap(kind => {
    const t = tallies.get(kind);
    if (!t) return [];
    const others = t.certain - t.same;
    return [[kind, t.models, t.certain, t.same, others === 0 ? '' : ((100 * t.error) / others).toFixed(1)]];
  }),
);

async function measure(graph: ModelGraph, seed: number, batch: number, kinds: readonly string[]): Promise<void> {
  const { measured, certain, exact } = await bothRanks(engine, graph, seed, batch);
  if (!('rank' in exact)) throw new Error(`seed ${seed}: ${exact.reason}`);
  const error = Math.abs(measured.rank - exact.rank) / exact.unknowns;
  for (const kind of kinds) count(kind, certain, error);
}

/** The model with TensorFlow.js' default for gates, which is not smooth, as elimination takes it to be; undefined if it has none. */
function withHardGates(graph: ModelGraph): ModelGraph | undefined {
  const recurrentActivation = { name: 'hardSigmoid', alpha: 0.2, beta: 0.5 };
  const layers = graph.layers.map(layer =>
    layer.op.kind === 'recurrent' && layer.op.recurrentActivation
      ? { ...layer, op: { ...layer.op, recurrentActivation } }
      : layer,
  );
  return layers.some((layer, i) => layer !== graph.layers[i]) ? { ...graph, layers } : undefined;
}

function count(kind: string, certain: boolean, error: number): void {
  const tally = tallies.get(kind) ?? { models: 0, certain: 0, same: 0, error: 0 };
  tallies.set(kind, tally);
  tally.models++;
  if (!certain) return;
  tally.certain++;
  if (error === 0) tally.same++;
  tally.error += error;
}
