/** The state of a run as the panel and reports show it, folded from its events. Pure: server and page share it. */
import type {
  AttackEvent,
  AttackSpec,
  EngineName,
  ImageScores,
  PngPicture,
  Scores,
  SweepPlan,
  SweepResult,
} from './protocol.ts';

export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
  /** dB; null where not measured. */
  readonly psnr: number | null;
}

export interface MethodState {
  readonly method: string;
  readonly status: 'waiting' | 'running' | 'done' | 'failed' | 'stopped';
  readonly step: number;
  readonly steps: number | null;
  readonly seconds: number;
  /** One an image; empty before there is one. */
  readonly pictures: readonly PngPicture[];
  /** Of a batch the means. */
  readonly scores: Scores | null;
  readonly images: readonly ImageScores[];
  /** ‖g(x) − g*‖²/‖g*‖²; null before there is a result. */
  readonly residual: number | null;
  readonly curve: readonly CurvePoint[];
  readonly note: string;
}

/** A sweep as far as it has come. */
export interface SweepState extends SweepPlan {
  readonly results: readonly SweepResult[];
  /** What is at work now: index of the level, the method and its step. */
  readonly running: {
    readonly level: number;
    readonly method: string;
    readonly step: number;
    readonly steps: number | null;
  } | null;
}

export interface RunState {
  readonly id: number;
  readonly spec: AttackSpec;
  readonly status: 'queued' | 'starting' | 'running' | 'done' | 'cancelled' | 'failed';
  /** A sentence for the user where there is something to say (queued behind, failed because …). */
  readonly message: string;
  readonly model: string;
  readonly engine: EngineName | null;
  readonly targets: readonly PngPicture[];
  readonly labels: { readonly values: readonly number[]; readonly from: 'given' | 'inferred' } | null;
  /** What every defence did, in words. */
  readonly defence: readonly string[];
  readonly assumptions: readonly string[];
  readonly methods: readonly MethodState[];
  readonly sweep: SweepState | null;
  readonly figure: PngPicture | null;
  readonly report: unknown;
}

/** Curves keep at most this many points: long runs are thinned by halves, the last point is always there. */
const maximumCurvePoints = 600;

export function newRun(id: number, spec: AttackSpec): RunState {
  return {
    id,
    spec,
    status: 'queued',
    message: '',
    model: spec.model.name ?? '',
    engine: null,
    targets: [],
    labels: null,
    defence: [],
    assumptions: [],
    methods: spec.methods.map(waitingMethod),
    sweep: null,
    figure: null,
    report: null,
  };
}

function waitingMethod(method: string): MethodState {
  return {
    method,
    status: 'waiting',
    step: 0,
    steps: null,
    seconds: 0,
    pictures: [],
    scores: null,
    images: [],
    residual: null,
    curve: [],
    note: '',
  };
}

export function applyEvent(run: RunState, event: AttackEvent): RunState {
  switch (event.type) {
    case 'queued':
      return {
        ...run,
        status: 'queued',
        message: `Waiting for ${event.ahead} other run${event.ahead === 1 ? '' : 's'}.`,
      };
    case 'starting':
      return { ...run, status: 'starting', message: 'Starting the attack process.' };
    case 'started':
      return {
        ...run,
        status: 'running',
        message: '',
        model: event.model,
        engine: event.engine,
        targets: event.targets,
        labels: { values: event.labels, from: event.labelFrom },
        defence: event.defence,
        sweep: event.sweep && { ...event.sweep, results: [], running: null },
        assumptions: event.assumptions,
      };
    case 'progress':
      return updateMethod(run, event.method, method => ({
        ...method,
        status: 'running',
        step: event.step,
        steps: event.steps,
        seconds: event.seconds,
        pictures: event.pictures ?? method.pictures,
        scores: event.scores ?? method.scores,
        curve: withPoint(method.curve, { step: event.step, loss: event.loss, psnr: event.scores?.psnr ?? null }),
      }));
    case 'result':
      return {
        ...updateMethod(run, event.method, method => ({
          ...method,
          status: 'done',
          step: event.step,
          seconds: event.seconds,
          pictures: event.pictures,
          scores: event.scores,
          images: event.images,
          residual: event.residual,
          note: event.note,
        })),
        figure: event.figure,
        report: event.report,
      };
    case 'method-failed':
      return updateMethod(run, event.method, method => ({ ...method, status: 'failed', note: event.message }));
    case 'sweep-progress': {
      const { level, method, step, steps } = event;
      return { ...run, sweep: run.sweep && { ...run.sweep, running: { level, method, step, steps } } };
    }
    case 'sweep-result': {
      const { result, report } = event;
      return {
        ...run,
        sweep: run.sweep && { ...run.sweep, running: null, results: [...run.sweep.results, result] },
        report,
      };
    }
    case 'finished':
      return { ...run, status: 'done', message: '' };
    case 'cancelled':
      return stopped({ ...run, status: 'cancelled', message: 'Cancelled. What was reached so far is kept.' });
    case 'failed':
      return stopped({ ...run, status: 'failed', message: event.message });
  }
}

export function isActive(run: RunState): boolean {
  return run.status === 'queued' || run.status === 'starting' || run.status === 'running';
}

/** Seconds the running method still needs at its present pace; null when nobody can say. */
export function secondsLeft(method: MethodState): number | null {
  if (method.status !== 'running' || method.steps === null || method.step === 0) return null;
  return (method.seconds / method.step) * Math.max(0, method.steps - method.step);
}

function stopped(run: RunState): RunState {
  const methods = run.methods.map(method =>
    method.status === 'waiting' || method.status === 'running' ? { ...method, status: 'stopped' as const } : method,
  );
  return { ...run, methods, sweep: run.sweep && { ...run.sweep, running: null } };
}

function updateMethod(run: RunState, name: string, update: (method: MethodState) => MethodState): RunState {
  return { ...run, methods: run.methods.map(method => (method.method === name ? update(method) : method)) };
}

function withPoint(curve: readonly CurvePoint[], point: CurvePoint): readonly CurvePoint[] {
  const longer = [...curve, point];
  return longer.length <= maximumCurvePoints ? longer : longer.filter((_, i) => i % 2 === 0 || i === longer.length - 1);
}
