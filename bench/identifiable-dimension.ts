/**
 * The law for the identifiable dimension against the exact rank of the whole gradient's Jacobian over GF(p), on random small
 * models of mixed kinds, and what a user is shown: the law where it is sure, elimination where it is not and the model is small.
 *
 *   npm run bench identifiable-dimension
 *
 * LEAKLINT_BENCH_RUNS is the number of conv nets (2000; of sequence models half as many), LEAKLINT_BENCH_SEED the first seed (1).
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { genericRank } from '../src-analysis/identifiability/exact/generic-rank.ts';
import { identifiableByFlow } from '../src-analysis/identifiability/flow/law.ts';
import { identifiableOf } from '../src-analysis/identifiability/identifiable.ts';
import type { Identifiable } from '../src-analysis/model/analysis.ts';
import type { ModelGraph } from '../src-analysis/model/graph.ts';
import { readOnnx } from '../src-analysis/readers/onnx/read.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { rankTable } from '../src-analysis/solubility/layer-analysis.ts';
import { kinds, randomModel } from './random-models.ts';
import { randomSequenceModel, sequenceKinds } from './random-sequences.ts';
import { cpuMilliseconds, printTable } from './table.ts';

const runs = Number(process.env.LEAKLINT_BENCH_RUNS ?? 2000);
const firstSeed = Number(process.env.LEAKLINT_BENCH_SEED ?? 1);

interface Tally {
  models: number;
  sure: number;
  sureWrong: number;
  /** Greatest excess over the exact rank where the law is sure, as a share of n. */
  excess: number;
  estimates: number;
  estimatesRight: number;
  inRange: number;
  /** Sum of |error| / n over the estimates. */
  error: number;
  shownSure: number;
  shownWrong: number;
}

interface Measured {
  readonly graph: ModelGraph;
  readonly batch: number;
  readonly kinds: readonly string[];
}

table('conv nets', kinds, randomModel, runs);
table('sequence models and the like', sequenceKinds, randomSequenceModel, Math.round(runs / 2));

console.log('\nReal models (shapes of the ONNX model zoo, no weights): the law\n');
printTable(
  ['model', 'layers', 'r', 'n', 'least', 'greatest', 'ms'],
  fs
    .readdirSync('test/fixtures/onnx/zoo')
    .filter(file => file.endsWith('.onnx'))
    .map(file => {
      const bytes = new Uint8Array(fs.readFileSync(path.join('test/fixtures/onnx/zoo', file)));
      const graph = readOnnx({ path: file, bytes }, neverCancelled).models[0]!;
      const { result, ms } = cpuMilliseconds(() => identifiableOf(graph, rankTable(new Map()), neverCancelled));
      const [least, greatest] = result.range ?? [result.rank, result.rank];
      return [
        file,
        graph.layers.length,
        result.rank ?? 'unknown',
        result.unknowns ?? '',
        least ?? '',
        greatest ?? '',
        ms,
      ];
    }),
);

function table(what: string, kinds: readonly string[], draw: (seed: number) => Measured, models: number): void {
  const tallies = new Map<string, Tally>();
  const times = { law: 0, exact: 0 };
  for (let seed = firstSeed; seed < firstSeed + models; seed++) count(draw(seed), seed, tallies, times);
  console.log(
    `\n${models} random ${what} (seeds from ${firstSeed}): the law against the exact Jacobian; a model counts for each of its kinds\n`,
  );
  printTable(
    [
      'kind',
      'models',
      'law sure',
      'wrong',
      'most above, % of n',
      'estimates',
      'right',
      'in range',
      'mean error, % of n',
      'shown as sure',
      'wrong',
    ],
    [...kinds, 'all'].flatMap(kind => {
      const t = tallies.get(kind);
      if (!t) return [];
      const mean = t.estimates === 0 ? 0 : (100 * t.error) / t.estimates;
      return [
        [
          kind,
          t.models,
          t.sure,
          t.sureWrong,
          (100 * t.excess).toFixed(1),
          t.estimates,
          t.estimatesRight,
          t.inRange,
          mean.toFixed(1),
          t.shownSure,
          t.shownWrong,
        ],
      ];
    }),
  );
  const mean = (ms: number) => (ms / models).toFixed(2);
  console.log(`\nCPU ms a model: law ${mean(times.law)}, exact rank ${mean(times.exact)}`);
}

function count(
  { graph, batch, kinds }: Measured,
  seed: number,
  tallies: Map<string, Tally>,
  times: { law: number; exact: number },
): void {
  const law = cpuMilliseconds(() => identifiableByFlow(graph, rankTable(new Map()), neverCancelled, { batch }));
  const exact = cpuMilliseconds(() => genericRank(graph, neverCancelled, { batch, seed }));
  times.law += law.ms;
  times.exact += exact.ms;
  if (!('identifiable' in law.result) || !('rank' in exact.result)) throw new Error(`seed ${seed} is not covered`);
  const shown = identifiableOf(graph, rankTable(new Map()), neverCancelled, { batch });
  for (const kind of [...kinds, 'all']) add(tallies, kind, law.result.identifiable, shown, exact.result.rank);
}

function add(tallies: Map<string, Tally>, kind: string, law: Identifiable, shown: Identifiable, exact: number): void {
  const tally = tallies.get(kind) ?? {
    models: 0,
    sure: 0,
    sureWrong: 0,
    excess: 0,
    estimates: 0,
    estimatesRight: 0,
    inRange: 0,
    error: 0,
    shownSure: 0,
    shownWrong: 0,
  };
  tallies.set(kind, tally);
  tally.models++;
  const difference = law.rank! - exact;
  if (law.certainty === 'estimate') {
    tally.estimates++;
    if (difference === 0) tally.estimatesRight++;
    const [least, greatest] = law.range ?? [law.rank!, law.rank!];
    if (exact >= least && exact <= greatest) tally.inRange++;
    tally.error += Math.abs(difference) / law.unknowns!;
  } else {
    tally.sure++;
    if (difference !== 0) tally.sureWrong++;
    tally.excess = Math.max(tally.excess, difference / law.unknowns!);
  }
  if (shown.certainty === 'estimate') return;
  tally.shownSure++;
  if (shown.rank !== exact) tally.shownWrong++;
}
