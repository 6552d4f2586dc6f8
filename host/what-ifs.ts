/** What-ifs and hardening of one file within a time budget, for command line and language server. */
import type { ConvRanks } from '../src-analysis/model/analysis.ts';
import type { Range } from '../src-analysis/model/graph.ts';
import { type CancellationToken, Cancelled, type SourceFile } from '../src-analysis/readers/reader.ts';
import { batchWhatIfs } from '../src-analysis/what-ifs/batch.ts';
import type { Change, TextEdit } from '../src-analysis/what-ifs/change.ts';
import { type Subject, subjectsOf, type Variant } from '../src-analysis/what-ifs/evaluate.ts';
import type { Figures } from '../src-analysis/what-ifs/figures.ts';
import { createHardening, defaultHardening, type HardeningOptions } from '../src-analysis/what-ifs/hardening.ts';
import { ranked, whatIfs } from '../src-analysis/what-ifs/what-ifs.ts';
import { batchTitle, type HardeningRow, hardeningRow, whatIfTitle } from '../src-analysis/what-ifs/wording.ts';

export interface WhatIfsRequest {
  readonly file: SourceFile;
  /** Texts of open documents by absolute path, for a host that has some: they count for more than the files on disk. */
  readonly open?: readonly (readonly [string, string])[];
  /** Exact ranks known so far, by geometry key. */
  readonly exact: readonly (readonly [string, ConvRanks | null])[];
  /** Milliseconds; what is analysed by then is the answer. */
  readonly budget: number;
  readonly ask: /** Changes of single hyper-parameters of these layers, by model (its place in the file) and layer id. */
    | { readonly kind: 'what-ifs'; readonly layers: readonly (readonly [model: number, layer: number])[] }
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

/** Throws {@link Cancelled} when the token asks for it. */
export function runWhatIfs(request: WhatIfsRequest, cancel: CancellationToken): WhatIfsResult {
  const deadline = Date.now() + request.budget;
  const limited: CancellationToken = {
    get isCancellationRequested() {
      return cancel.isCancellationRequested || Date.now() > deadline;
    },
  };
  const within = <T>(items: Iterable<T>) => untilDeadline(items, cancel);
  const { ask } = request;
  const others = ask.kind === 'hardening' && ask.others === true;
  const read = () => subjectsOf(request.file, new Map(request.exact), limited, wantedModels(ask), others);
  const subjects = [...within(lazily(read))];
  if (ask.kind === 'hardening') {
    const [subject] = subjects;
    if (!subject) return { kind: 'hardening', before: null, rows: [], analysed: 0, complete: false };
    return harden(subject, { ...defaultHardening, ...ask.options }, search => within(search), limited);
  }
  if (ask.kind === 'batches') {
    const variants = [...within(batchWhatIfs(subjects, ask.range, limited))];
    const offers = variants.map(({ size, edits, before, after }) => ({
      title: batchTitle(before, after, size),
      edits,
    }));
    return { kind: 'what-ifs', offers, complete: Date.now() <= deadline };
  }
  const offers = subjects.flatMap(subject => {
    const layers = ask.layers.filter(([owner]) => owner === subject.index).map(([, layer]) => layer);
    return ranked(subject, [...within(whatIfs(subject, layers, limited))]).map(variant => offer(subject, variant));
  });
  return { kind: 'what-ifs', offers, complete: Date.now() <= deadline };
}

function offer(subject: Subject, variant: Variant): OfferedWhatIf {
  const title = whatIfTitle(subject.figures, variant);
  const place = { model: subject.index, layer: variant.changes[0]?.layer ?? 0 };
  return { place, title, edits: variant.edits };
}

function harden(
  subject: Subject,
  options: HardeningOptions,
  within: (search: Iterable<number>) => Generator<number, boolean>,
  cancel: CancellationToken,
): WhatIfsResult {
  const hardening = createHardening(subject, options);
  const progress = within(hardening.search(cancel));
  let analysed = 0;
  let step = progress.next();
  for (; !step.done; step = progress.next()) analysed = step.value;
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

function* lazily<T>(make: () => readonly T[]): Generator<T> {
  yield* make();
}

/** What comes before the time is over; true when it was all there is. Cancelling from outside still throws. */
function* untilDeadline<T>(items: Iterable<T>, cancel: CancellationToken): Generator<T, boolean> {
  try {
    yield* items;
    return true;
  } catch (error) {
    if (!(error instanceof Cancelled) || cancel.isCancellationRequested) throw error;
    return false;
  }
}
