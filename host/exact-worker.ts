/** Worker thread of the elimination pool: one geometry or model in, its exact ranks out. Stopped from outside by termination. */
import { parentPort } from 'node:worker_threads';
import { modelRank } from '../src-analysis/identifiability/exact/model-rank.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { exactRanks } from '../src-analysis/solubility/finite-field.ts';
import type { ExactAnswer, ExactJob } from './exact-pool.ts';

parentPort?.on('message', (job: ExactJob) => {
  const result =
    job.kind === 'geometry' ? exactRanks(job.geometry, neverCancelled) : modelRank(job.graph, neverCancelled);
  parentPort?.postMessage({ result } satisfies ExactAnswer);
});
