import { modelRank } from './identifiability/exact/model-rank.ts';
import type { ExactResult, ExactTask } from './model/analysis.ts';
import type { CancellationToken } from './readers/reader.ts';
import { exactRanks } from './solubility/finite-field.ts';

/** Exact ranks of one geometry or model; null: out of reach. Throws `Cancelled` when the token asks for it. */
export function eliminate(task: ExactTask, cancel: CancellationToken): ExactResult | null {
  return task.kind === 'geometry' ? exactRanks(task.geometry, cancel) : modelRank(task.graph, cancel);
}
