import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkerJobs } from './worker-jobs.ts';

/** Does what it is told: doubles a number, waits for the flag, hangs, crashes or fails. */
const script = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ id, request, cancelFlag }) => {
  const flag = new Int32Array(cancelFlag);
  if (typeof request === 'number') parentPort.postMessage({ id, result: 2 * request });
  if (request === 'wait') { Atomics.wait(flag, 0, 0); parentPort.postMessage({ id }); }
  if (request === 'wait a little') { Atomics.wait(flag, 0, 0, 20000); parentPort.postMessage({ id }); }
  if (request === 'hang') for (;;);
  if (request === 'crash') throw new Error('crashed');
  if (request === 'fail') parentPort.postMessage({ id, failure: 'failed' });
});
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'leaklint-jobs-'));
  writeFileSync(path.join(folder, 'worker.cjs'), script);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function withJobs<T>(timeLimit: number, use: (context: ReturnType<typeof start>) => Promise<T>): Promise<T> {
  const context = start(timeLimit);
  try {
    return await use(context);
  } finally {
    await context.jobs.dispose();
  }
}

function start(timeLimit: number) {
  const failures: string[] = [];
  const jobs = createWorkerJobs<number | string, number>({
    workerPath: path.join(folder, 'worker.cjs'),
    timeLimit,
    memoryLimit: 64,
    onFailure: detail => failures.push(detail),
  });
  return { jobs, failures, run: (request: number | string) => jobs.run(request, new AbortController().signal) };
}

test('jobs are done one after the other', () =>
  withJobs(20_000, async ({ run, failures }) => {
    expect(await Promise.all([run(1), run(2), run(3)])).toEqual([2, 4, 6]);
    expect(failures).toEqual([]);
  }));

test.each([
  ['that hangs', 'hang', /no answer within/, 2000],
  ['that crashes', 'crash', /crashed/, 20_000],
  ['that fails', 'fail', /failed/, 20_000],
] as const)('a job %s has no result, is told, and the next one is done', (_, request, told, timeLimit) =>
  withJobs(timeLimit, async ({ run, failures }) => {
    const [lost, done] = await Promise.all([run(request), run(21)]);
    expect([lost, done]).toEqual([undefined, 42]);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(told);
  }),
);

test('a running job sees that it is cancelled, a waiting one is not started', () =>
  withJobs(20_000, async ({ jobs, run, failures }) => {
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = jobs.run('wait', running.signal);
    const second = jobs.run('crash', waiting.signal);
    waiting.abort();
    expect(await second).toBeUndefined();
    running.abort();
    expect(await first).toBeUndefined();
    expect(await run(4)).toBe(8);
    expect(failures).toEqual([]);
  }));

test('whoever waits when it is disposed of is answered', async () => {
  const { jobs, run } = start(20_000);
  const open = [run('wait a little'), run(1)];
  await jobs.dispose();
  expect(await Promise.all(open)).toEqual([undefined, undefined]);
  expect(await run(1)).toBeUndefined();
});
