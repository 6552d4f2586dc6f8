import type { Edge } from '../../model/graph.ts';
import { type Dim, exactQuotient, type Shape } from './dimension.ts';
import type { OnnxTensor } from './model.ts';

/**
 * Where the batch stands in a value's shape. Inside the reader shapes have all their axes, as ONNX writes them: the
 * operators' rules (broadcasting from the right, Reshape, Transpose …) are stated for those. The axis is followed from
 * the graph's inputs through every operator and dropped when a layer is made.
 *
 * - a number: that axis is the batch;
 * - `none`: no axis is, because the value never had one or because a batch of 1 was merged into another axis, where
 *   it cannot be seen and changes nothing;
 * - `merged`: axis 0 is batch × something, samples one after the other;
 * - `lost`: the batch is mixed into the axes in some other way, so that a sample's shape is unknown.
 */
export type Batch = number | 'none' | 'merged' | 'lost';

/** A batch of symbolic size is computed with as 1: every rule then gives the shape of one sample. */
export interface BatchSize {
  readonly size: number;
  /** The file leaves the size open. */
  readonly symbolic: boolean;
}

/** Something computed from the model's input. */
export interface ActivationValue {
  readonly kind: 'activation';
  readonly edge: Edge;
  readonly shape: Shape;
  readonly batch: Batch;
}

/** Values in row-major order; an expression or null where an element is not known (a symbolic dimension inside a shape). */
export type Elements = readonly Dim[];

/** Something that does not depend on the input's values: a weight, a constant, or a shape that was asked for. */
export interface ConstantValue {
  readonly kind: 'constant';
  readonly name: string;
  readonly shape: Shape;
  readonly dataType: number;
  /** Null where the values are too many to be a shape or a parameter, or cannot be computed. Read on the first call. */
  readonly elements: () => Elements | null;
  /**
   * What the values are where they are not those of one stored tensor: small integers stand for them (`quantised`), or
   * they are a part of a learned tensor (`part`), so that its gradient holds theirs.
   */
  readonly derivation?: 'quantised' | 'part';
  /** The stored tensor whose values these are, in another shape at most; null when they were computed. */
  readonly origin: Origin | null;
}

export interface Origin {
  readonly tensor: OnnxTensor;
  /** The initializer's own name, or that of the Constant node's output: how the weights reader finds the tensor. */
  readonly name: string;
  /** An initializer, as exporters write learned parameters; false for the tensor of a Constant node. */
  readonly initializer: boolean;
  /** A matrix that is used transposed. */
  readonly transposed: boolean;
}

export type Value = ActivationValue | ConstantValue;

/** The shape of one sample. */
export function sampleShape(shape: Shape, batch: Batch, { size }: BatchSize): Shape {
  if (shape === null || batch === 'lost') return null;
  if (batch === 'none') return shape;
  if (batch !== 'merged') return shape.filter((_, axis) => axis !== batch);
  const first = shape[0] ?? null;
  return [exactQuotient(first, size), ...shape.slice(1)];
}

/** An axis of the full shape as an axis of the sample's shape; null for the batch axis itself. */
export function sampleAxis(axis: number, batch: Batch): number | null {
  if (typeof batch !== 'number' || axis < batch) return axis;
  return axis === batch ? null : axis - 1;
}

/**
 * The batch axis of a value once its shape is settled. A batch of 1 that was merged away and comes back as a leading axis of length 1 is taken for the batch again: both
 * readings have the same entries, and this one has the shape that the model's author means.
 */
export function settledBatch(shape: Shape, batch: Batch, { size }: BatchSize): Batch {
  if (shape === null) return batch;
  if (size === 1 && (batch === 'lost' || batch === 'merged'))
    return settledBatch(shape, 'none', { size, symbolic: false });
  const length = typeof batch === 'number' ? (shape[batch] ?? null) : null;
  // The axis was broadcast, tiled or cut.
  if (length !== null && length !== size) return size === 1 ? 'none' : 'lost';
  return batch === 'none' && size === 1 && shape.length >= 2 && shape[0] === 1 ? 0 : batch;
}
