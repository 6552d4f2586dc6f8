/** Exact elimination of a model and of its changes, as the check does it of a file: where it is within reach, the law's estimates go. */
import { analyseModel } from '../analyse.ts';
import { type AnalysedModel, tasksOf } from '../check.ts';
import type { ExactResult, ExactTask } from '../model/analysis.ts';
import type { ModelGraph } from '../model/graph.ts';
import type { CancellationToken } from '../readers/reader.ts';
import { graphWith, type Subject, type Variant } from './evaluate.ts';
import { figuresOf } from './figures.ts';

/** One elimination; null: out of reach, or not done in the time that the host gives it. */
export type Eliminate = (task: ExactTask) => ExactResult | null;

/** The model as it is, settled. Throws `Cancelled` when the token asks for it, and what `eliminate` throws. */
export function settledSubject(subject: Subject, eliminate: Eliminate, cancel: CancellationToken): Subject {
  const model = settledModel(subject.model.graph, subject.exact, eliminate, cancel);
  return { ...subject, model, figures: figuresOf(model) };
}

/** The changed model, settled; throws as {@link settledSubject} does. */
export function settledVariant(
  subject: Subject,
  variant: Variant,
  eliminate: Eliminate,
  cancel: CancellationToken,
): Variant {
  const graph = graphWith(subject, variant.changes, variant.edits, cancel);
  return graph ? { ...variant, figures: figuresOf(settledModel(graph, subject.exact, eliminate, cancel)) } : variant;
}

/** A model analysed with all that elimination can settle of it. Enters what it finds into `exact`. */
export function settledModel(
  graph: ModelGraph,
  exact: Map<string, ExactResult | null>,
  eliminate: Eliminate,
  cancel: CancellationToken,
): AnalysedModel {
  for (;;) {
    const model = { graph, analysis: analyseModel(graph, exact, cancel) };
    const open = tasksOf(model).filter(({ key }) => !exact.has(key));
    if (open.length === 0) return model;
    for (const task of open) exact.set(task.key, eliminate(task));
  }
}
