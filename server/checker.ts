/** Runs checks in a worker thread, one at a time, with cancellation, a time limit and restart. */
import { Worker } from 'node:worker_threads';
import type { FileReport } from '../src-analysis/check.ts';
import type { ResolvedConfig } from '../src-analysis/findings/config.ts';
import type { ExactResult } from '../src-analysis/model/analysis.ts';
import type { SourceFile } from '../src-analysis/readers/reader.ts';

export interface CheckRequest {
  readonly file: SourceFile;
  readonly config: ResolvedConfig;
  readonly configPath: string;
  /** Exact ranks known so far, by key. */
  readonly exact: readonly (readonly [string, ExactResult | null])[];
  /** Texts of open documents by absolute path, which count for more than the files on disk where code imports them. */
  readonly open?: readonly (readonly [string, string])[];
  /** Grows when files appear or go, so that folders are listed again. */
  readonly listing?: number;
}

export interface CheckJob extends CheckRequest {
  readonly id: number;
  /** One Int32: nonzero asks the check to stop. */
  readonly cancelFlag: SharedArrayBuffer;
}

export interface CheckAnswer {
  readonly id: number;
  readonly report?: FileReport;
  /** Absolute paths of the other files that the report rests on, also of some that are not there. */
  readonly read?: readonly string[];
  /** Absolute paths of files whose importers were looked for: a new one would change the report. */
  readonly searched?: readonly string[];
  readonly cancelled?: boolean;
  readonly failure?: string;
}

export type CheckOutcome =
  | {
      readonly kind: 'report';
      readonly report: FileReport;
      readonly read: readonly string[];
      readonly searched: readonly string[];
    }
  | { readonly kind: 'cancelled' }
  /** The check did not end or crashed; the message says so to the user, `detail` goes to the log. */
  | { readonly kind: 'failed'; readonly message: string; readonly detail: string };

export interface RunningCheck {
  readonly outcome: Promise<CheckOutcome>;
  cancel(): void;
}

export interface CheckerOptions {
  /** The bundled worker script. */
  readonly workerPath: string;
  /** A check running longer is ended. Milliseconds. */
  readonly timeLimit: number;
  /** Old-generation heap limit of the worker, MiB. */
  readonly memoryLimit: number;
}

interface Pending {
  readonly job: CheckJob;
  readonly settle: (outcome: CheckOutcome) => void;
}

export class Checker {
  restarts = 0;
  private worker: Worker | undefined;
  private running: Pending | undefined;
  private timer: NodeJS.Timeout | undefined;
  private nextId = 1;
  private readonly queue: Pending[] = [];

  constructor(private readonly options: CheckerOptions) {}

  run(request: CheckRequest): RunningCheck {
    const cancelFlag = new SharedArrayBuffer(4);
    const job: CheckJob = { ...request, id: this.nextId++, cancelFlag };
    let settle: (outcome: CheckOutcome) => void = () => {};
    const outcome = new Promise<CheckOutcome>(resolve => {
      settle = resolve;
    });
    const pending: Pending = { job, settle };
    this.queue.push(pending);
    this.next();
    return {
      outcome,
      cancel: () => {
        Atomics.store(new Int32Array(cancelFlag), 0, 1);
        const waiting = this.queue.indexOf(pending);
        if (waiting >= 0) {
          this.queue.splice(waiting, 1);
          settle({ kind: 'cancelled' });
        }
      },
    };
  }

  async dispose(): Promise<void> {
    for (const pending of this.queue.splice(0)) pending.settle({ kind: 'cancelled' });
    this.finish({ kind: 'cancelled' });
    const worker = this.worker;
    this.worker = undefined;
    await worker?.terminate();
  }

  private next(): void {
    if (this.running) return;
    const pending = this.queue.shift();
    if (!pending) return;
    this.running = pending;
    this.timer = setTimeout(() => this.abandon('timeout'), this.options.timeLimit);
    this.start().postMessage(pending.job);
  }

  private start(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(this.options.workerPath, {
      resourceLimits: { maxOldGenerationSizeMb: this.options.memoryLimit },
    });
    worker.unref();
    worker.on('message', (answer: CheckAnswer) => {
      if (answer.id !== this.running?.job.id) return;
      const { report, read = [], searched = [] } = answer;
      if (report) this.finish({ kind: 'report', report, read, searched });
      else if (answer.cancelled) this.finish({ kind: 'cancelled' });
      else this.finish(failed(this.running, 'the analysis stopped on an internal error', answer.failure ?? ''));
      this.next();
    });
    worker.on('error', error => {
      if (this.worker === worker) this.abandon('crash', error);
    });
    this.worker = worker;
    return worker;
  }

  /** Ends a worker that hangs or has crashed; the next job starts a fresh one. */
  private abandon(why: 'timeout' | 'crash', error?: Error): void {
    const running = this.running;
    void this.worker?.terminate();
    this.worker = undefined;
    this.restarts++;
    if (running) {
      const reason =
        why === 'timeout'
          ? `it took longer than ${this.options.timeLimit / 1000} s`
          : 'it needed more memory than it may use or stopped on an internal error';
      this.finish(failed(running, reason, error?.stack ?? why));
    }
    this.next();
  }

  private finish(outcome: CheckOutcome): void {
    clearTimeout(this.timer);
    const running = this.running;
    this.running = undefined;
    running?.settle(outcome);
  }
}

function failed(pending: Pending, reason: string, detail: string): CheckOutcome {
  return {
    kind: 'failed',
    message: `Leaklint did not finish analysing ${pending.job.file.path}: ${reason}. Its layers are unknown, not safe.`,
    detail,
  };
}
