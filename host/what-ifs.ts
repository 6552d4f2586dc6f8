/** What-ifs and hardening of one file within a time budget, for command line and language server. */
import { eliminate } from '../src-analysis/eliminate.ts';
import type { ExactResult } from '../src-analysis/model/analysis.ts';
import type { Range } from '../src-analysis/model/graph.ts';
import { type CancellationToken, Cancelled, type SourceFile } from '../src-analysis/readers/reader.ts';
import { batchWhatIfs } from '../src-analysis/what-ifs/batch.ts';
import type { Change, TextEdit } from '../src-analysis/what-ifs/change.ts';
import { type Subject, subjectsOf, type Variant } from '../src-analysis/what-ifs/evaluate.ts';
import type { Figures } from '../src-analysis/what-ifs/figures.ts';
import { createHardening, defaultHardening, type HardeningOptions } from '../src-analysis/what-ifs/hardening.ts';
import { type Eliminate, settledSubject } from '../src-analysis/what-ifs/settle.ts';
import { ranked, settleFirst, whatIfs } from '../src-analysis/what-ifs/what-ifs.ts';
import { batchTitle, type HardeningRow, hardeningRow, whatIfTitle } from '../src-analysis/what-ifs/wording.ts';

export interface WhatIfsRequest {
  readonly file: SourceFile;
  /** Texts of open documents by absolute path, for a host that has some: they count for more than the files on disk. */
  readonly open?: readonly (readonly [string, string])[];
  /** Exact ranks known so far, by key: of layers, and of the models as they are. */
  readonly exact: readonly (readonly [string, ExactResult | null])[];
  /** Milliseconds of analysis; what is analysed by then is the answer. */
  readonly budget: number;
  /** Exact elimination of what would be answered, where the law is in doubt; what is not settled in time stays an estimate. */
  readonly settle: {
    /** Time of one elimination, seconds; 0: none. */
    readonly seconds: number;
    /** Milliseconds from the start of it all, after which nothing more is settled. */
    readonly until: number;
    /** Settle the model as it is, too. Else it counts as settled if `exact` says all that there is to know of it. */
    readonly model?: boolean;
  };
  readonly ask: /** Changes of single hyper-parameters of these layers, by model (its place in the file) and layer id. */
    | {
        readonly kind: 'what-ifs';
        readonly layers: readonly (readonly [model: number, layer: number])[];
        /** How many are wanted; the best are given. */
        readonly most: number;
      }
    /** Larger batches for the calls of `fit` in a range of offsets. */
    | { readonly kind: 'batches'; readonly range: Range }
    /** Combinations for one model; `others`: also for one that no code makes, of which there is nothing to edit. */
    | {
        readonly kind: 'hardening';
        readonly model: number;
        readonly options?: Partial<HardeningOptions>;
        readonly others?: boolean;
      };
}

export interface OfferedWhatIf {
  /** Absent for a batch size. */
  readonly place?: { readonly model: number; readonly layer: number };
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

export interface OfferedHardening extends HardeningRow {
  /** The changes as data; `layer` is a name. */
  readonly steps: readonly (Omit<Change, 'layer'> & { readonly layer: string })[];
  readonly figures: Figures;
  readonly edits: readonly TextEdit[];
}

export type WhatIfsResult =
  | {
      readonly kind: 'what-ifs';
      readonly offers: readonly OfferedWhatIf[];
      /** All that there is to try was analysed. */
      readonly complete: boolean;
      /** With more time, exact elimination would settle what is offered. */
      readonly open: boolean;
    }
  | {
      readonly kind: 'hardening';
      /** What the model has now; null when the file's models cannot be changed or reading it took too long. */
      readonly before: Figures | null;
      readonly rows: readonly OfferedHardening[];
      readonly analysed: number;
      /** Every combination that the search would look at was analysed. */
      readonly complete: boolean;
    };

/**
 * Throws {@link Cancelled} when the token asks for it.
 * @param found ranks of changed models that were found by elimination before, by key; grows
 */
export function runWhatIfs(
  request: WhatIfsRequest,
  cancel: CancellationToken,
  found: Map<string, ExactResult> = new Map(),
): WhatIfsResult {
  const start = Date.now();
  const settling = until(start + request.settle.until, cancel);
  const { seconds } = request.settle;
  const settle = seconds > 0 ? { eliminate: eliminateWithin(seconds, settling, found), cancel: settling } : null;
  const { ask } = request;
  const reading = until(start + request.budget, cancel);
  const others = ask.kind === 'hardening' && ask.others === true;
  const read = () => subjectsOf(request.file, new Map(request.exact), reading, wantedModels(ask), others);
  const asItIs = [...untilCancelled(lazily(read), cancel)];
  const subjects =
    settle && request.settle.model ? asItIs.map(subject => settledInTime(subject, settle, cancel)) : asItIs;
  for (const { exact } of subjects) for (const [key, ranks] of found) if (!exact.has(key)) exact.set(key, ranks);
  const time: Time = { cancel, settle, search: reading };
  if (ask.kind === 'hardening') {
    const [subject] = subjects;
    if (!subject) return { kind: 'hardening', before: null, rows: [], analysed: 0, complete: false };
    const search = until(Date.now() + request.budget, cancel);
    return harden(subject, { ...defaultHardening, ...ask.options }, { ...time, search });
  }
  if (ask.kind === 'batches') {
    const variants = [...untilCancelled(batchWhatIfs(subjects, ask.range, reading), cancel)];
    const offers = variants.map(({ size, edits, before, after }) => ({
      title: batchTitle(before, after, size),
      edits,
    }));
    return { kind: 'what-ifs', offers, complete: !reading.isCancellationRequested, open: false };
  }
  return offersFor(subjects, ask, time);
}

interface Settle {
  readonly eliminate: Eliminate;
  readonly cancel: CancellationToken;
}

interface Time {
  /** Stops everything. */
  readonly cancel: CancellationToken;
  /** Also stops when the time of the analysis is over. */
  readonly search: CancellationToken;
  /** null: nothing is eliminated. */
  readonly settle: Settle | null;
}

function offersFor(
  subjects: readonly Subject[],
  { layers, most }: WhatIfsRequest['ask'] & { readonly kind: 'what-ifs' },
  { cancel, search, settle }: Time,
): WhatIfsResult {
  const found = subjects.map(subject => {
    const own = layers.filter(([owner]) => owner === subject.index).map(([, layer]) => layer);
    return { subject, variants: [...untilCancelled(whatIfs(subject, own, search), cancel)] };
  });
  const complete = !search.isCancellationRequested;
  let settled = true;
  for (const { subject, variants } of found) {
    if (settle)
      settled = exhausted(settleFirst(subject, variants, most, settle.eliminate, settle.cancel), cancel) && settled;
  }
  const offers = found.flatMap(({ subject, variants }) =>
    ranked(subject, variants).map(variant => offer(subject, variant)),
  );
  return { kind: 'what-ifs', offers: offers.slice(0, most), complete, open: !settled };
}

function offer(subject: Subject, variant: Variant): OfferedWhatIf {
  const title = whatIfTitle(subject.figures, variant);
  const place = { model: subject.index, layer: variant.changes[0]?.layer ?? 0 };
  return { place, title, edits: variant.edits };
}

function harden(subject: Subject, options: HardeningOptions, { cancel, search, settle }: Time): WhatIfsResult {
  const hardening = createHardening(subject, options);
  const progress = untilCancelled(hardening.search(search), cancel);
  let analysed = 0;
  let step = progress.next();
  for (; !step.done; step = progress.next()) analysed = step.value;
  if (settle) exhausted(hardening.settle(settle.eliminate, settle.cancel), cancel);
  const rows = hardening.best().map(variant => ({
    ...hardeningRow(subject.model.graph, subject.figures, variant),
    steps: variant.changes.map(change => ({
      ...change,
      layer: subject.model.graph.layers[change.layer]?.name ?? '',
    })),
    figures: variant.figures,
    edits: variant.edits,
  }));
  return { kind: 'hardening', before: subject.figures, rows, analysed, complete: step.value };
}

/** Places of the models to analyse; undefined for all. */
function wantedModels(ask: WhatIfsRequest['ask']): ReadonlySet<number> | undefined {
  if (ask.kind === 'hardening') return new Set([ask.model]);
  return ask.kind === 'what-ifs' ? new Set(ask.layers.map(([model]) => model)) : undefined;
}

/** The model settled by exact elimination, or as it is where the time for that is over. */
function settledInTime(subject: Subject, { eliminate, cancel }: Settle, outside: CancellationToken): Subject {
  const [settled] = untilCancelled(
    lazily(() => [settledSubject(subject, eliminate, cancel)]),
    outside,
  );
  return settled ?? subject;
}

/** Elimination with a limit of time for each, beyond which the law stands. What is found is kept. */
function eliminateWithin(seconds: number, cancel: CancellationToken, found: Map<string, ExactResult>): Eliminate {
  return task => {
    const known = found.get(task.key);
    if (known) return known;
    try {
      const ranks = eliminate(task, until(Date.now() + 1000 * seconds, cancel));
      if (ranks) found.set(task.key, ranks);
      return ranks;
    } catch (error) {
      if (!(error instanceof Cancelled) || cancel.isCancellationRequested) throw error;
      return null;
    }
  };
}

/** @param deadline milliseconds since the epoch */
function until(deadline: number, cancel: CancellationToken): CancellationToken {
  return {
    get isCancellationRequested() {
      return cancel.isCancellationRequested || Date.now() > deadline;
    },
  };
}

function* lazily<T>(make: () => readonly T[]): Generator<T> {
  yield* make();
}

/** Whether all of it was done before the time was over. */
function exhausted(steps: Iterable<unknown>, cancel: CancellationToken): boolean {
  const remaining = untilCancelled(steps, cancel);
  for (;;) {
    const step = remaining.next();
    if (step.done) return step.value;
  }
}

/** What comes before the time is over; true when it was all there is. Cancelling from outside still throws. */
function* untilCancelled<T>(items: Iterable<T>, outside: CancellationToken): Generator<T, boolean> {
  try {
    yield* items;
    return true;
  } catch (error) {
    if (!(error instanceof Cancelled) || outside.isCancellationRequested) throw error;
    return false;
  }
}
