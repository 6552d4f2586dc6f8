/**
 * Worker thread that reads and analyses one file at a time, so that whatever a file holds, the language server's own
 * loop stays free: a check that will not end is terminated from outside, a check that is no longer wanted sees its flag.
 */
import { parentPort } from 'node:worker_threads';
import { checkSource } from '../src-analysis/check.ts';
import { Cancelled } from '../src-analysis/readers/reader.ts';
import { forgetListings } from '../src-attack/run/importers.ts';
import { createRelatedFiles } from '../src-attack/run/related-files.ts';
import type { CheckAnswer, CheckJob } from './checker.ts';

/** `listing` of the latest job. */
let listing: number | undefined;

parentPort?.on('message', (job: CheckJob) => {
  const flag = new Int32Array(job.cancelFlag);
  const answer = (content: Omit<CheckAnswer, 'id'>) =>
    parentPort?.postMessage({ id: job.id, ...content } satisfies CheckAnswer);
  try {
    const read = new Set<string>();
    const searched = new Set<string>();
    if (job.listing !== listing) forgetListings();
    listing = job.listing;
    const related = createRelatedFiles({
      base: process.cwd(),
      open: new Map(job.open),
      onRead: file => void read.add(file),
      onSearch: target => void searched.add(target),
    });
    const report = checkSource(
      { ...job.file, related },
      {
        config: job.config,
        configPath: job.configPath,
        exact: new Map(job.exact),
        cancel: {
          get isCancellationRequested() {
            return Atomics.load(flag, 0) !== 0;
          },
        },
      },
    );
    answer({ report, read: [...read], searched: [...searched] });
  } catch (error) {
    if (error instanceof Cancelled) answer({ cancelled: true });
    else answer({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
