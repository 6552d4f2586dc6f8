import type { CancellationToken } from '../readers/reader.ts';
import type { Change } from './change.ts';
import { baseline, evaluate, identityOf, type Subject, type Variant } from './evaluate.ts';
import type { Figures } from './figures.ts';
import { type Eliminate, settledVariant } from './settle.ts';
import { distinctChanges, gain, isWorthwhile } from './what-ifs.ts';

export interface HardeningOptions {
  /** Largest relative change of the trainable parameters, up or down; 0.2 is ±20 %. */
  readonly tolerance: number;
  /** Most changes in one suggestion. */
  readonly maximumChanges: number;
  /** Combinations of one size that are kept to build on: at first, and at last, when there is time to look further. */
  readonly beam: { readonly first: number; readonly last: number };
}

export const defaultHardening: HardeningOptions = { tolerance: 0.2, maximumChanges: 4, beam: { first: 5, last: 20 } };

/** Rows of the table that is shown: more would be no help in choosing. */
const maximumRows = 6;

/**
 * Searches combinations of changes that lower r (or c(M) where r is unknown) while the parameters stay within the
 * tolerance and the outputs keep their shape: a beam search whose every step is the analysis of the edited source, repeated with wider beams.
 * Yields how many combinations it has analysed; `best` has the table at any time, so that a host may stop when it likes.
 */
export function createHardening(subject: Subject, options: HardeningOptions = defaultHardening) {
  const evaluated = new Map<string, Variant | null>();

  function* search(cancel: CancellationToken): Generator<number> {
    const steps: Variant[] = [];
    const layers = subject.model.graph.layers.map(layer => layer.id);
    for (const change of distinctChanges(subject, layers)) {
      const variant = variantOf([change], cancel);
      if (variant) steps.push(variant);
      yield evaluated.size;
    }
    // What was analysed once is not analysed again: a wider search costs only what it adds.
    for (let width = options.beam.first; width <= options.beam.last; width *= 2) {
      yield* grow(steps, width, cancel);
    }
  }

  function* grow(steps: readonly Variant[], width: number, cancel: CancellationToken): Generator<number> {
    let beam = promising(steps, width);
    for (let depth = 2; depth <= options.maximumChanges && beam.length > 0; depth++) {
      const grown: Variant[] = [];
      for (const start of beam) {
        for (const step of steps) {
          const [change] = step.changes;
          if (!change || !isCompatible(start, step)) continue;
          const variant = variantOf([...start.changes, change], cancel);
          if (variant) grown.push(variant);
          yield evaluated.size;
        }
      }
      beam = promising(distinct(grown), width);
    }
  }

  function variantOf(changes: readonly Change[], cancel: CancellationToken): Variant | null {
    const ordered = [...changes].sort((a, b) => a.layer - b.layer || (a.parameter < b.parameter ? -1 : 1));
    const key = keyOf(ordered);
    const known = evaluated.get(key);
    if (known !== undefined) return known;
    const variant = evaluate(subject, ordered, cancel) ?? null;
    evaluated.set(key, variant);
    return variant;
  }

  /** The best to build on: the lowest r, where parameters beyond the tolerance count against it. */
  function promising(variants: readonly Variant[], width: number): Variant[] {
    const score = ({ figures }: Variant) =>
      gain(baseline(subject, figures), figures) - 2 * Math.max(0, drift(subject.figures, figures) - options.tolerance);
    return [...variants].sort((a, b) => score(b) - score(a)).slice(0, width);
  }

  /**
   * Settles the rows of the table by exact elimination, and those that take the place of rows which then gain less; one a step, so
   * that a host may stop when it likes. Nothing for a model that is not settled itself: its figures would not be comparable.
   */
  function* settle(eliminate: Eliminate, cancel: CancellationToken): Generator<void> {
    if (subject.figures.pending) return;
    for (;;) {
      const open = best().find(({ figures }) => figures.pending);
      if (!open) return;
      const settled = settledVariant(subject, open, eliminate, cancel);
      for (const [key, variant] of evaluated) {
        if (variant && identityOf(variant) === identityOf(open))
          evaluated.set(key, { ...variant, figures: settled.figures });
      }
      yield;
    }
  }

  /** Suggestions that no other beats both in what the gradient holds and in how little the parameters change. */
  function best(): Variant[] {
    const before = subject.figures;
    const allowed = distinct([...evaluated.values()].filter(variant => variant !== null)).filter(
      variant => isWorthwhile(subject, variant) && drift(before, variant.figures) <= options.tolerance,
    );
    const leak = ({ figures }: Variant) => -gain(before, figures);
    const cost = ({ figures }: Variant) => drift(before, figures);
    allowed.sort((a, b) => leak(a) - leak(b) || cost(a) - cost(b) || a.changes.length - b.changes.length);
    const front: Variant[] = [];
    for (const variant of allowed) {
      const previous = front.at(-1);
      if (!previous || cost(variant) < cost(previous)) front.push(variant);
    }
    return thinned(front, maximumRows);
  }

  return { search, settle, best };
}

/** Relative change of the trainable parameters; without limit where they are unknown. */
export function drift(before: Figures, after: Figures): number {
  if (before.parameters === null || after.parameters === null) return Number.POSITIVE_INFINITY;
  return Math.abs(after.parameters - before.parameters) / Math.max(1, before.parameters);
}

/** Two values for one property, or edits of one place, cannot be combined. */
function isCompatible(a: Variant, b: Variant): boolean {
  const isChanged = ({ layer, parameter }: Change) =>
    a.changes.some(change => change.layer === layer && change.parameter === parameter);
  if (b.changes.some(isChanged)) return false;
  return b.edits.every(({ range, newText }) =>
    a.edits.every(other => {
      if (other.range.start === range.start && other.range.end === range.end) {
        const inserts = range.start === range.end;
        return inserts && propertyOf(other.newText) !== propertyOf(newText);
      }
      return other.range.end <= range.start || range.end <= other.range.start;
    }),
  );
}

function propertyOf(inserted: string): string | undefined {
  return /(\w+)\s*:/.exec(inserted)?.[1];
}

function distinct(variants: readonly Variant[]): Variant[] {
  return [...new Map(variants.map(variant => [identityOf(variant), variant])).values()];
}

function keyOf(changes: readonly Change[]): string {
  return changes.map(({ layer, parameter, to }) => `${layer} ${parameter} ${to}`).join('; ');
}

/** The two ends of a sorted list, and entries evenly spaced between them. */
function thinned<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from(
    { length: count },
    (_, index) => list[Math.round((index * (list.length - 1)) / (count - 1))],
  ).filter(entry => entry !== undefined);
}
