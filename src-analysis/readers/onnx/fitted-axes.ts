import type { Op, RearrangeOp } from '../../model/graph.ts';
import type { Shape } from './dimension.ts';

/** Told axis by axis, for inputs and outputs of one rank. */
const axisByAxis: ReadonlySet<RearrangeOp['how']> = new Set(['crop', 'pad', 'slice', 'split', 'upsample']);

/**
 * A rearrangement as it is between the shapes of one sample. Its rule tells it axis by axis; where a batch of 1 came back as
 * the first axis of its output, that axis is none of the sample any more. The entries that follow stay in their order.
 */
export function fittedToSamples(op: Op, rule: Shape, input: Shape, output: Shape): Op {
  if (op.kind !== 'rearrange' || !rule || !output || rule.length === output.length) return op;
  if (op.how === 'permute' && op.permutation?.length === input?.length) return { ...op, how: 'flatten' };
  // Told by its shapes alone.
  return axisByAxis.has(op.how) ? { kind: 'rearrange', how: op.how } : op;
}
