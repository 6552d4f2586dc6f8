/** Runs jobs in a worker thread, one at a time, with cancellation, a time limit and restart. */
import { Worker } from 'node:worker_threads';

/** What the worker is sent. It answers with {@link JobAnswer}; it stops by itself when the flag is set. */
export interface Job<Request> {
  readonly id: number;
  readonly request: Request;
  /** One Int32: nonzero asks the job to stop. */
  readonly cancelFlag: SharedArrayBuffer;
}

export interface JobAnswer<Result> {
  readonly id: number;
  /** Absent when the job was cancelled or failed. */
  readonly result?: Result;
  readonly failure?: string;
}

export interface WorkerJobsOptions {
  /** The bundled worker script. */
  readonly workerPath: string;
  /** A job running longer is ended with its worker. Milliseconds. */
  readonly timeLimit: number;
  /** Old-generation heap limit of the worker, MiB. */
  readonly memoryLimit: number;
  /** Told of failures, for the log. */
  readonly onFailure: (detail: string) => void;
}

interface Pending<Request, Result> {
  readonly job: Job<Request>;
  /** Milliseconds. */
  readonly timeLimit: number;
  readonly settle: (result: Result | undefined) => void;
}

export function createWorkerJobs<Request, Result>(options: WorkerJobsOptions) {
  const waiting: Pending<Request, Result>[] = [];
  let running: Pending<Request, Result> | undefined;
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let nextId = 1;
  let disposed = false;

  /**
   * The job's result; undefined when it was cancelled, took too long or failed.
   * @param timeLimit for this job, milliseconds
   */
  function run(request: Request, signal: AbortSignal, timeLimit = options.timeLimit): Promise<Result | undefined> {
    if (disposed || signal.aborted) return Promise.resolve(undefined);
    return new Promise(resolve => {
      const cancelFlag = new SharedArrayBuffer(4);
      const cancel = () => {
        Atomics.store(new Int32Array(cancelFlag), 0, 1);
        const place = waiting.indexOf(pending);
        if (place < 0) return;
        waiting.splice(place, 1);
        pending.settle(undefined);
      };
      const settle = (result: Result | undefined) => {
        signal.removeEventListener('abort', cancel);
        resolve(result);
      };
      const pending = { job: { id: nextId++, request, cancelFlag }, timeLimit, settle };
      signal.addEventListener('abort', cancel);
      waiting.push(pending);
      next();
    });
  }

  function next(): void {
    if (running || disposed) return;
    running = waiting.shift();
    if (!running) return;
    const { timeLimit } = running;
    timer = setTimeout(() => abandon(`no answer within ${timeLimit / 1000} s`), timeLimit);
    worker ??= start();
    worker.postMessage(running.job);
  }

  function start(): Worker {
    const started = new Worker(options.workerPath, {
      resourceLimits: { maxOldGenerationSizeMb: options.memoryLimit },
    });
    started.unref();
    started.on('message', ({ id, result, failure }: JobAnswer<Result>) => {
      if (id !== running?.job.id) return;
      if (failure !== undefined) options.onFailure(failure);
      finish(result);
    });
    started.on('error', error => {
      if (worker === started) abandon(error.stack ?? error.message);
    });
    return started;
  }

  /** Ends a worker that hangs or has crashed; the next job starts a fresh one. */
  function abandon(detail: string): void {
    void worker?.terminate();
    worker = undefined;
    options.onFailure(detail);
    finish(undefined);
  }

  function finish(result: Result | undefined): void {
    clearTimeout(timer);
    const done = running;
    running = undefined;
    done?.settle(result);
    next();
  }

  return {
    run,
    async dispose(): Promise<void> {
      disposed = true;
      for (const pending of waiting.splice(0)) pending.settle(undefined);
      finish(undefined);
      await worker?.terminate();
    },
  };
}
