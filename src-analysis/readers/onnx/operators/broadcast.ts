import { batchOf, fail, type OutputValue, shapeText } from '../context.ts';
import type { Dim, Shape } from '../dimension.ts';
import type { Batch, Value } from '../value.ts';

/** Shapes that meet in an elementwise operator, aligned at the right as NumPy and ONNX do. */
export function broadcastShapes(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = alignedDim(a, axis, rank);
    const right = alignedDim(b, axis, rank);
    if (left === 1) return right;
    if (right === 1) return left;
    if (left === right) return left;
    if (typeof left === 'number' && typeof right === 'number') {
      fail(`its inputs have shapes ${shapeText(a)} and ${shapeText(b)}, which do not fit together`);
    }
    // Whatever the open length is, a number other than 1 decides; between two open ones either may be 1.
    return typeof left === 'number' ? left : typeof right === 'number' ? right : null;
  });
}

function alignedDim(shape: readonly Dim[], axis: number, rank: number): Dim {
  const own = axis - (rank - shape.length);
  return own < 0 ? 1 : (shape[own] ?? null);
}

/** Two values' batch axes, already as axes of the result. */
export function combinedBatch(a: Batch, b: Batch): Batch {
  if (a === 'none') return b;
  if (b === 'none') return a;
  return a === b ? a : 'lost';
}

/** Shape and batch axis of the elementwise combination of values. */
export function broadcastValues(values: readonly Value[]): OutputValue {
  let shape: Shape = [];
  for (const value of values) shape = shape && value.shape && broadcastShapes(shape, value.shape);
  if (shape === null) return { shape: null, batch: values.map(batchOf).reduce(combinedBatch, 'none') };
  const rank = shape.length;
  return { shape, batch: values.map(value => alignedBatch(value, rank)).reduce(combinedBatch, 'none') };
}

function alignedBatch(value: Value, rank: number): Batch {
  const batch = batchOf(value);
  const lead = rank - (value.shape?.length ?? 0);
  if (batch === 'merged') return lead === 0 ? batch : 'lost';
  return typeof batch === 'number' ? batch + lead : batch;
}
