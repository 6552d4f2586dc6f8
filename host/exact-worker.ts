/** Worker thread of the elimination pool: one geometry or model in, its exact ranks out. Stopped from outside by termination. */
import { parentPort } from 'node:worker_threads';
import { eliminate } from '../src-analysis/eliminate.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import type { ExactAnswer, ExactJob } from './exact-pool.ts';

parentPort?.on('message', (job: ExactJob) => {
  parentPort?.postMessage({ result: eliminate(job, neverCancelled) } satisfies ExactAnswer);
});
