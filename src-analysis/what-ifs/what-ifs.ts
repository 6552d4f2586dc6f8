import type { CancellationToken } from '../readers/reader.ts';
import { candidatesFor } from './candidates.ts';
import type { Change } from './change.ts';
import { baseline, editsOf, evaluate, identityOf, type Subject, type Variant } from './evaluate.ts';
import { type Figures, isComparable } from './figures.ts';
import { type Eliminate, settledVariant } from './settle.ts';

/** A change of less than this share of n is not worth an edit. */
const leastGain = 0.01;
/** Losing fewer parameters than this share counts as losing this share, so that a tiny gain for nothing is not first. */
const leastLoss = 0.02;

/**
 * Changes of one hyper-parameter that make the gradient hold less of the input, each computed by the same analysis on
 * the edited source before it is given, in no order: the host stops asking when its time is over, then ranks.
 * @param layers ids of the layers to change
 */
export function* whatIfs(subject: Subject, layers: readonly number[], cancel: CancellationToken): Generator<Variant> {
  for (const change of distinctChanges(subject, layers)) {
    if (isLarger(change)) continue;
    const variant = evaluate(subject, [change], cancel);
    if (variant && isWorthwhile(subject, variant)) yield variant;
  }
}

/** More filters or units only add equations: such a change is for making up for others. */
function isLarger({ parameter, from, to }: Change): boolean {
  if (parameter !== 'filters' && parameter !== 'units') return false;
  return typeof from === 'object' && typeof to === 'object' && (to[0] ?? 0) > (from[0] ?? 0);
}

/** Changes that the source lets be made; none where their effect could not be told. Layers made by one call have one and the same edit: it is tried once. */
export function distinctChanges(subject: Subject, layers: readonly number[]): Change[] {
  if (!isComparable(subject.figures)) return [];
  const { graph } = subject.model;
  const byEdit = new Map<string, Change>();
  for (const id of layers) {
    const layer = graph.layers[id];
    for (const change of layer ? candidatesFor(layer) : []) {
      // What the model gives out keeps its range.
      if (change.parameter === 'activation' && graph.outputs.some(output => output.layer === id)) continue;
      const edits = editsOf(subject, [change]);
      const key = edits && identityOf({ changes: [change], edits });
      if (key !== undefined && !byEdit.has(key)) byEdit.set(key, change);
    }
  }
  return [...byEdit.values()];
}

/**
 * Settles, by exact elimination, the what-ifs that come first, and others that come first then; in place, one at a time, so that
 * the host may stop. Nothing is settled for a model that is not settled itself: its figures would not be comparable.
 * @param most how many are wanted
 */
export function* settleFirst(
  subject: Subject,
  variants: Variant[],
  most: number,
  eliminate: Eliminate,
  cancel: CancellationToken,
): Generator<void> {
  if (subject.figures.pending) return;
  for (;;) {
    const open = ranked(subject, variants)
      .slice(0, most)
      .find(({ figures }) => figures.pending);
    if (!open) return;
    variants[variants.indexOf(open)] = settledVariant(subject, open, eliminate, cancel);
    yield;
  }
}

/**
 * What-ifs by privacy gained per parameter lost, best first; those that lower r before those that only lower c(M). Those that gain
 * nothing after all, now that they are settled, are left out.
 */
export function ranked(subject: Subject, variants: readonly Variant[]): Variant[] {
  const key = ({ figures }: Variant) => {
    const before = baseline(subject, figures);
    return gain(before, figures) / Math.max(leastLoss, parameterLoss(before, figures));
  };
  const onlyMetric = ({ figures }: Variant) => (figures.rank === null ? 1 : 0);
  return variants
    .filter(variant => isWorthwhile(subject, variant))
    .sort((a, b) => onlyMetric(a) - onlyMetric(b) || key(b) - key(a));
}

/** Whether the change gains something, both by the figures that are shown and by figures found in the same way. */
export function isWorthwhile(subject: Subject, { figures }: Variant): boolean {
  return gain(subject.figures, figures) > 0 && gain(baseline(subject, figures), figures) > 0;
}

/**
 * Share of the input that the gradient no longer fixes; where r is known for neither version, the fall of c(M) in units
 * of n, the metric's own scale. 0 where nothing is gained, or where the change makes unknown what was known.
 */
export function gain(before: Figures, after: Figures): number {
  const n = before.unknowns;
  if (n === null || n === 0 || after.unknowns !== n) return 0;
  const fall = fallOf(before, after) / n;
  return fall >= leastGain ? fall : 0;
}

function fallOf(before: Figures, after: Figures): number {
  if (before.rank !== null) return after.rank === null ? 0 : before.rank - after.rank;
  return after.rank === null && before.c !== null && after.c !== null ? before.c - after.c : 0;
}

/** Share of the trainable parameters that the change loses; 0 where it adds some. */
function parameterLoss(before: Figures, after: Figures): number {
  if (before.parameters === null || after.parameters === null || before.parameters === 0) return 0;
  return Math.max(0, 1 - after.parameters / before.parameters);
}
