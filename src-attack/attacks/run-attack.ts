import { type CancellationToken, Cancelled } from '../../src-analysis/readers/reader.ts';
import {
  type Attack,
  type AttackOptions,
  type AttackProblem,
  NotApplicable,
  NotFinite,
  type Recorder,
} from './attack.ts';

export interface AttackProgress {
  readonly step: number;
  /** Steps in all, as far as known. */
  readonly steps: number | null;
  readonly seconds: number;
  readonly loss: number;
  /** Best input so far, or what the attack tries now; null before the first. */
  readonly x: Float64Array | null;
}

export interface AttackResult {
  readonly method: string;
  /** The input of the smallest loss, in the model's units; null when nothing was reached. */
  readonly x: Float64Array | null;
  readonly seconds: number;
  readonly steps: number;
  /** Losses in order of the steps, one of every `lossStride`. */
  readonly loss: readonly number[];
  readonly lossStride: number;
  readonly status: 'done' | 'cancelled' | 'failed';
  /** What a reader of the result should know, in sentences; the reason where it failed. */
  readonly note: string;
}

export interface AttackHooks {
  readonly cancel: CancellationToken;
  /** Called at most once per `interval`, and for the first step. */
  readonly progress?: (progress: AttackProgress) => void;
  /** Milliseconds between two calls of `progress`; 250 unless told. */
  readonly interval?: number;
}

const mostLosses = 1000;

/** Runs one attack and always comes back with what was reached: cancelled, diverged or failed. */
export async function runAttack(
  attack: Attack,
  problem: AttackProblem,
  options: AttackOptions,
  hooks: AttackHooks,
): Promise<AttackResult> {
  const state = createRecording(hooks);
  let status: AttackResult['status'] = 'done';
  try {
    requireFinite(problem);
    await attack.run(problem, options, state.recorder);
  } catch (error) {
    if (error instanceof Cancelled) {
      status = 'cancelled';
      state.recorder.note(`Stopped after ${state.steps()} steps as asked.`);
    } else {
      // A diverged attack has a result if any step before was finite.
      status = error instanceof NotFinite && state.best() ? 'done' : 'failed';
      state.recorder.note(sentenceOf(error));
    }
  }
  return { method: attack.name, status, ...state.result() };
}

function requireFinite(problem: AttackProblem): void {
  problem.observed.forEach((values, i) => {
    if (values.every(Number.isFinite)) return;
    throw new NotApplicable(
      `The observed gradient of "${problem.victim.parameters[i]!.name}" holds values that are not finite numbers.`,
    );
  });
}

function sentenceOf(error: unknown): string {
  if (error instanceof NotApplicable || error instanceof NotFinite) return error.message;
  return `The attack stopped: ${error instanceof Error ? error.message : String(error)}`;
}

function createRecording(hooks: AttackHooks) {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const notes: string[] = [];
  let losses: number[] = [];
  let stride = 1;
  let step = 0;
  let planned: number | null = null;
  let best: { loss: number; x: Float64Array } | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;

  function count(loss: number): void {
    step++;
    if (!Number.isFinite(loss)) throw new NotFinite(step);
    if ((step - 1) % stride === 0) losses.push(loss);
    if (losses.length <= mostLosses) return;
    losses = losses.filter((_, i) => i % 2 === 0);
    stride *= 2;
  }

  function show(loss: number, x: Float64Array | null): void {
    if (!hooks.progress || performance.now() - shownAt < (hooks.interval ?? 250)) return;
    hooks.progress({ step, steps: planned, seconds: seconds(), loss, x });
    shownAt = performance.now();
  }

  const recorder: Recorder = {
    cancel: hooks.cancel,
    expect(steps) {
      planned = steps;
    },
    record(loss, x) {
      count(loss);
      if (!best || loss < best.loss) best = { loss, x: Float64Array.from(x) };
      show(loss, best.x);
    },
    preview(loss, x) {
      count(loss);
      show(loss, x ? Float64Array.from(x) : (best?.x ?? null));
    },
    note(sentence) {
      notes.push(sentence);
    },
  };
  return {
    recorder,
    steps: () => step,
    best: () => best?.x ?? null,
    result: () => ({
      x: best?.x ?? null,
      seconds: seconds(),
      steps: step,
      loss: losses,
      lossStride: stride,
      note: notes.join(' '),
    }),
  };
}
