import { checkedDim, type Dim, differ, informed, parseDim, type Shape } from './dimension.ts';
import type { OnnxGraph, ValueInfo } from './model.ts';
import type { Batch, BatchSize } from './value.ts';

/**
 * What is taken for the batch: the first axis of the graph's inputs, as in every image model that PyTorch, TensorFlow
 * and Keras export. Its size is that of the first input with at least two axes; a size that the file leaves open, by a
 * name or by nothing, is computed with as 1 ({@link BatchSize}). An input whose first axis has another, fixed length
 * has no batch axis.
 */
export interface BatchConvention {
  readonly batch: BatchSize;
  /** Name of the symbolic batch dimension, where it has one. */
  readonly parameter: string | null;
  /** False: no input has a batch axis. */
  readonly batched: boolean;
  /** Lengths of 0 mean none, as ONNX says; early exporters wrote 0 for any length. */
  readonly hasEmpty: boolean;
}

type RecordedShape = NonNullable<ValueInfo['shape']>;

/** The first version of the operators by which no exporter writes 0 for any length any more. */
const EMPTY_SINCE = 13;

export function batchConvention(graph: OnnxGraph, batched: boolean, opset: number): BatchConvention {
  const hasEmpty = opset >= EMPTY_SINCE;
  const unbatched = { batch: { size: 1, symbolic: false }, parameter: null, batched: false, hasEmpty };
  if (!batched) return unbatched;
  const weights = new Set(graph.initializers.map(({ name }) => name));
  const leading = graph.inputs.find(({ name, shape }) => !weights.has(name) && shape !== null && shape.length >= 2);
  const first = leading?.shape?.[0] ?? null;
  if (typeof first === 'number' && checkedDim(first) !== null && first > 0) {
    return { batch: { size: first, symbolic: false }, parameter: null, batched: true, hasEmpty };
  }
  // A name that means nothing is no name of the batch: other axes may bear it too.
  const parameter = typeof first === 'string' && parseDim(first, new Map()) === first ? first : null;
  return { batch: { size: 1, symbolic: true }, parameter, batched: true, hasEmpty };
}

/** Shape and batch axis of a graph input. */
export function inputShape(
  shape: RecordedShape,
  convention: BatchConvention,
): { readonly shape: readonly Dim[]; readonly batch: Batch } {
  const { batch, batched, hasEmpty } = convention;
  const [first] = shape;
  const open = typeof first === 'string' || first === null || (first !== undefined && first < (hasEmpty ? 0 : 1));
  const hasBatch = batched && shape.length > 0 && (open || first === batch.size);
  const dims = shape.map((dim, axis) => (axis === 0 && hasBatch ? batch.size : knownDim(dim, convention)));
  return { shape: dims, batch: hasBatch ? 0 : 'none' };
}

/** Negative dimensions are how some exporters write "any". */
function knownDim(dim: RecordedShape[number], { batch, parameter, hasEmpty }: BatchConvention): Dim {
  if (typeof dim === 'number') return dim > 0 || hasEmpty ? checkedDim(dim) : null;
  if (dim === null) return null;
  return checkedDim(parseDim(dim, new Map(parameter === null ? [] : [[parameter, batch.size]])));
}

/** A shape that the exporter recorded, in the sizes that are computed with. */
export function recordedShape(shape: ValueInfo['shape'], convention: BatchConvention): Shape {
  return shape?.map(dim => knownDim(dim, convention)) ?? null;
}

/** Where the batch stands in a shape that is known from the file's record only. */
export function recordedBatch(shape: Shape, { batch, batched }: BatchConvention): Batch {
  if (shape === null) return 'lost';
  if (batched && shape[0] === batch.size) return 0;
  return batch.size === 1 ? 'none' : 'lost';
}

/** A rule's shape with what only the record knows; `agrees` is false where both know and differ. */
export function reconcile(inferred: Shape, recorded: Shape): { readonly shape: Shape; readonly agrees: boolean } {
  if (inferred === null || recorded === null) return { shape: inferred ?? recorded, agrees: true };
  if (inferred.length !== recorded.length) return { shape: inferred, agrees: false };
  const shape = inferred.map((dim, axis) => informed(dim, recorded[axis] ?? null));
  return { shape, agrees: inferred.every((dim, axis) => !differ(dim, recorded[axis] ?? null)) };
}
