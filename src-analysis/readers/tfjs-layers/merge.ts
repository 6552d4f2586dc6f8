import type { Dim, MergeOp, Shape } from '../../model/graph.ts';
import { isUnknown } from './config.ts';
import {
  type Describe,
  field,
  flag,
  integer,
  type LayerContext,
  noteUnknown,
  plus,
  show,
  showShape,
} from './values.ts';

/** Source: tfjs-layers merge.ts. Axes in configurations count the batch axis as 0. */

function enoughInputs(c: LayerContext): boolean {
  if (c.inputShapes.length >= 2) return true;
  c.problems.push(`${c.className} takes at least two inputs, but gets ${c.inputShapes.length}.`);
  return false;
}

/** Add, Multiply, Average, Maximum, Minimum: shapes are broadcast from the last axis on. */
export function elementwiseMerge(merge: MergeOp['merge']): Describe {
  return c => {
    const op: MergeOp = { kind: 'merge', merge };
    if (!enoughInputs(c)) return { op, outputShapes: [null] };
    const [first, ...rest] = c.inputShapes;
    let shape = first ?? null;
    for (const other of rest) shape = broadcast(c, shape, other);
    return { op, outputShapes: [shape] };
  };
}

function broadcast(c: LayerContext, a: Shape, b: Shape): Shape {
  if (a === null || b === null) return null;
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  const lead = long.length - short.length;
  let fits = true;
  const merged = long.map((dim, i): Dim => {
    const other = short[i - lead];
    if (i < lead || other === undefined) return dim;
    if (dim === null || other === null) return null;
    if (dim === 1 || other === 1 || dim === other) return dim === 1 ? other : dim;
    fits = false;
    return null;
  });
  if (!fits) c.problems.push(`Inputs of shapes ${showShape(a)} and ${showShape(b)} cannot be broadcast together.`);
  return merged;
}

/** Concatenate along `axis` (default the last); all other dimensions must agree. */
export const concatenate: Describe = c => {
  const axis = integer(c, 'axis', -1);
  const shapes = c.inputShapes;
  const nothing = (at: Dim): { op: MergeOp; outputShapes: Shape[] } => ({
    op: { kind: 'merge', merge: 'concat', axis: at },
    outputShapes: [null],
  });
  if (!enoughInputs(c) || axis === null) return nothing(null);
  const first = shapes.find(shape => shape !== null);
  if (!first) return nothing(axis < 0 ? axis : axis - 1);
  const index = axis < 0 ? axis + first.length : axis - 1;
  const onBatch = index === -1;
  if (index < -1 || index >= first.length) {
    c.problems.push(`Concatenate cannot join along axis ${axis} of inputs of rank ${first.length + 1}.`);
    return nothing(null);
  }
  if (axis < -1) {
    // backend/tfjs_backend.ts, concatenate(): every negative axis becomes the last one.
    c.problems.push(
      `TensorFlow.js 4.22 joins along the last axis where axis is ${axis}; count the axis from the front.`,
    );
  }
  const agrees = shapes.every(
    s => s === null || (s.length === first.length && s.every((d, i) => i === index || same(d, first[i]))),
  );
  if (!agrees) {
    c.problems.push(
      `Concatenate along axis ${axis} needs inputs that differ in that axis only, but gets ${shapes.map(showShape).join(' and ')}.`,
    );
  }
  const op: MergeOp = { kind: 'merge', merge: 'concat', axis: onBatch ? null : index };
  if (!agrees || shapes.includes(null)) return { op, outputShapes: [null] };
  const joined = first.map((dim, i) =>
    i === index ? plus(0, ...shapes.map(s => s?.[i] ?? null)) : commonDim(dim, shapes, i),
  );
  return { op, outputShapes: [joined] };
};

function same(a: Dim, b: Dim | undefined): boolean {
  return a === null || b === null || a === b;
}

/** The dimension that all shapes share, from whichever of them knows it. */
function commonDim(dim: Dim, shapes: readonly Shape[], axis: number): Dim {
  return dim ?? shapes.map(s => s?.[axis] ?? null).find(d => d !== null) ?? null;
}

/** Dot product of two inputs of at most two axes each over one axis of either. */
export const dot: Describe = c => {
  const op: MergeOp = { kind: 'merge', merge: 'dot' };
  const normalized = flag(c, 'normalize', false);
  if (c.inputShapes.length !== 2) {
    c.problems.push(`Dot takes two inputs, but gets ${c.inputShapes.length}.`);
    return { op, outputShapes: [null] };
  }
  const [a, b] = [c.inputShapes[0] ?? null, c.inputShapes[1] ?? null];
  if (a === null || b === null) return { op, outputShapes: [null] };
  if (a.length > 2 || b.length > 2) {
    c.problems.push('TensorFlow.js computes Dot for inputs of rank 3 at most, counting the batch axis.');
    return { op, outputShapes: [null] };
  }
  const axes = dotAxes(c, a, b);
  if (axes === null) return { op, outputShapes: [null] };
  const [dimA, dimB] = [a[axes[0]] ?? null, b[axes[1]] ?? null];
  if (dimA !== null && dimB !== null && dimA !== dimB) {
    c.problems.push(`Dot needs equal lengths along its axes, but they are ${dimA} and ${dimB}.`);
  }
  const rest = [...a.filter((_, i) => i !== axes[0]), ...b.filter((_, i) => i !== axes[1])];
  return { op: normalized ? op : { ...op, axes }, outputShapes: [rest.length === 0 ? [1] : rest] };
};

/** The contracted axes as indices without the batch axis. */
function dotAxes(c: LayerContext, a: readonly Dim[], b: readonly Dim[]): readonly [number, number] | null {
  const value = field(c, 'axes');
  const pair = Array.isArray(value) ? value : [value, value];
  const unknown = pair.find(isUnknown);
  if (unknown !== undefined) {
    noteUnknown(c, 'axes', unknown.unknown);
    return null;
  }
  const indices = pair.map((axis, i) => {
    const rank = (i === 0 ? a : b).length;
    if (typeof axis !== 'number' || !Number.isInteger(axis)) return null;
    const index = axis < 0 ? axis + rank : axis - 1;
    return index >= 0 && index < rank ? index : null;
  });
  const [first, second] = indices;
  if (indices.length === 2 && first != null && second != null) return [first, second];
  c.problems.push(`axes must name an axis of each input other than the batch axis, but is ${show(value)}.`);
  return null;
}
