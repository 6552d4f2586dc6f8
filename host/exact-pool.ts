/** Exact elimination in worker threads: one geometry or model a worker at a time, stopped by terminating the worker. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ExactResult, ExactTask } from '../src-analysis/model/analysis.ts';

/** What the worker is sent; it answers with an {@link ExactAnswer}. */
export type ExactJob = ExactTask;

export interface ExactAnswer {
  /** null: the task is out of reach. */
  readonly result: ExactResult | null;
}

export interface ExactPool {
  /**
   * Exact ranks of one geometry or model. null: out of reach, or not done within the time; undefined: stopped by the signal
   * or because the pool was disposed of. Settled answers are kept by key, so that asking again costs nothing.
   * @param seconds time of the elimination itself; waiting for a free worker does not count
   */
  run(task: ExactTask, seconds: number, signal?: AbortSignal): Promise<ExactResult | null | undefined>;
  dispose(): Promise<void>;
}

export interface ExactPoolOptions {
  /** The bundled `host/exact-worker.ts`. */
  readonly workerPath: string;
  /** Default: all processors but one, at most four. */
  readonly workers?: number;
  /** Heap of one worker, MiB; a worker that needs more answers null. */
  readonly memoryLimit?: number;
  /** Told of failures that are not the time limit, for the log. */
  readonly onFailure?: (error: Error) => void;
}

interface Task {
  readonly job: ExactJob;
  readonly seconds: number;
  readonly settle: (result: ExactResult | null | undefined) => void;
  stopWorker?: () => void;
}

export function createExactPool(options: ExactPoolOptions): ExactPool {
  const size = options.workers ?? Math.max(1, Math.min(4, availableParallelism() - 1));
  const known = new Map<string, ExactResult | null>();
  const waiting: Task[] = [];
  const running = new Set<Task>();
  const idle: Worker[] = [];
  let disposed = false;

  function startNext(): void {
    while (running.size < size) {
      const task = waiting.shift();
      if (!task) return;
      running.add(task);
      execute(task);
    }
  }

  function execute(task: Task): void {
    const worker = idle.pop() ?? startWorker();
    worker.ref();
    const finish = (result: ExactResult | null | undefined, reusable: boolean) => {
      if (!running.delete(task)) return;
      clearTimeout(timer);
      worker.off('message', onMessage).off('exit', onExit).off('error', onError);
      worker.unref();
      if (reusable && !disposed) idle.push(worker);
      else void worker.terminate();
      task.settle(result);
      startNext();
    };
    const onMessage = ({ result }: ExactAnswer) => finish(result, true);
    const onExit = () => finish(null, false);
    const onError = (error: Error) => {
      options.onFailure?.(error);
      finish(null, false);
    };
    const timer = setTimeout(() => finish(null, false), task.seconds * 1000);
    task.stopWorker = () => finish(undefined, false);
    worker.on('message', onMessage).on('exit', onExit).on('error', onError);
    worker.postMessage(task.job);
  }

  function startWorker(): Worker {
    const limits = { maxOldGenerationSizeMb: options.memoryLimit ?? 1024 };
    const worker = new Worker(options.workerPath, { resourceLimits: limits });
    // An error of a worker that nobody waits for any more must not end the process.
    return worker.on('error', () => {});
  }

  function stop(task: Task): void {
    const place = waiting.indexOf(task);
    if (place >= 0) {
      waiting.splice(place, 1);
      task.settle(undefined);
    } else task.stopWorker?.();
  }

  async function run(job: ExactJob, seconds: number, signal?: AbortSignal) {
    const settled = known.get(job.key);
    if (settled !== undefined) return settled;
    if (disposed || signal?.aborted) return undefined;
    const result = await new Promise<ExactResult | null | undefined>(resolve => {
      const onAbort = () => stop(task);
      const settle = (answer: ExactResult | null | undefined) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(answer);
      };
      const task: Task = { job, seconds, settle };
      signal?.addEventListener('abort', onAbort);
      waiting.push(task);
      startNext();
    });
    if (result !== undefined) known.set(job.key, result);
    return result;
  }

  async function dispose(): Promise<void> {
    disposed = true;
    for (const task of [...waiting, ...running]) stop(task);
    await Promise.all(idle.splice(0).map(worker => worker.terminate()));
  }

  return { run, dispose };
}
