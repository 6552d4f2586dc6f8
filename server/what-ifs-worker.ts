/** Worker thread that edits, reads and analyses again, so that the server's own loop and the checks stay free. */
import { parentPort } from 'node:worker_threads';
import { runWhatIfs, type WhatIfsRequest, type WhatIfsResult } from '../host/what-ifs.ts';
import type { ExactResult } from '../src-analysis/model/analysis.ts';
import { Cancelled } from '../src-analysis/readers/reader.ts';
import { createRelatedFiles } from '../src-attack/run/related-files.ts';
import type { Job, JobAnswer } from './worker-jobs.ts';

/** What elimination found of changed models: the same are asked for again and again. */
const found = new Map<string, ExactResult>();

parentPort?.on('message', ({ id, request, cancelFlag }: Job<WhatIfsRequest>) => {
  const flag = new Int32Array(cancelFlag);
  const answer = (content: Omit<JobAnswer<WhatIfsResult>, 'id'>) =>
    parentPort?.postMessage({ id, ...content } satisfies JobAnswer<WhatIfsResult>);
  try {
    const cancel = {
      get isCancellationRequested() {
        return Atomics.load(flag, 0) !== 0;
      },
    };
    const related = createRelatedFiles({ base: process.cwd(), open: new Map(request.open) });
    answer({ result: runWhatIfs({ ...request, file: { ...request.file, related } }, cancel, found) });
  } catch (error) {
    if (error instanceof Cancelled) answer({});
    else answer({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
