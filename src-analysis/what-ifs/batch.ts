import { analyseModel } from '../analyse.ts';
import type { Range } from '../model/graph.ts';
import type { CancellationToken } from '../readers/reader.ts';
import type { TextEdit } from './change.ts';
import type { Subject } from './evaluate.ts';
import { type Figures, figuresOf } from './figures.ts';
import type { BatchSize } from './tfjs-code.ts';

/** Larger batches than this are not proposed. */
const largestBatch = 1024;
/** A change of less than this share of the batch's inputs is not worth an edit. */
const leastGain = 0.01;

export interface BatchVariant {
  readonly size: number;
  readonly edits: readonly TextEdit[];
  /** r of n for one step's gradient, where n counts the inputs of the whole batch. */
  readonly before: Figures;
  readonly after: Figures;
}

/**
 * Larger batches for the calls of `fit` in a range, where the gradient of one step then fixes less of its batch. Each is
 * analysed with as many examples in the gradient. A call counts for the model that it is made on, by name; for the only
 * model of a file whatever its name.
 */
export function* batchWhatIfs(
  subjects: readonly Subject[],
  range: Range,
  cancel: CancellationToken,
): Generator<BatchVariant> {
  for (const place of subjects[0]?.code?.batchSizes ?? []) {
    const subject = subjects.length === 1 ? subjects[0] : subjects.find(candidate => isModelOf(place, candidate));
    if (!subject || place.range.end < range.start || range.end < place.range.start) continue;
    const before = figuresAt(subject, place.size, cancel);
    // What the lens shows is one example's gradient.
    const shown = place.size === 1 ? subject.figures : before;
    for (const size of [2 * place.size, 4 * place.size, 8 * place.size]) {
      if (size > largestBatch) continue;
      const after = figuresAt(subject, size, cancel);
      if (Math.min(fractionOf(before), fractionOf(shown)) - fractionOf(after) < leastGain) continue;
      yield { size, edits: [{ range: place.literal, newText: String(size) }], before: shown, after };
    }
  }
}

function isModelOf({ model }: BatchSize, subject: Subject): boolean {
  return model.split('.').at(-1) === subject.model.graph.name;
}

function figuresAt({ model: { graph }, exact }: Subject, batch: number, cancel: CancellationToken): Figures {
  return figuresOf({ graph, analysis: analyseModel(graph, exact, cancel, { batch }) });
}

/** 1 where it is unknown, so that nothing is gained by it; before and after are unknown together. */
function fractionOf({ rank, unknowns }: Figures): number {
  return rank === null || !unknowns ? 1 : rank / unknowns;
}
