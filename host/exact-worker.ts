/** Worker thread of the elimination pool: one geometry in, its exact ranks out. Stopped from outside by termination. */
import { parentPort } from 'node:worker_threads';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { exactRanks } from '../src-analysis/solubility/finite-field.ts';
import type { ExactAnswer, ExactJob } from './exact-pool.ts';

parentPort?.on('message', (geometry: ExactJob) => {
  parentPort?.postMessage({ ranks: exactRanks(geometry, neverCancelled) } satisfies ExactAnswer);
});
