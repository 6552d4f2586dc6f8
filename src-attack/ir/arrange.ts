import { scale, splitFactor } from './elementwise.ts';
import { broadcastShapes, type Node, sameShape, sizeOf } from './graph.ts';

/* Operations that move, repeat or select entries. */

/** The same entries in another shape; a dimension of −1 takes what is left. */
export function reshape(a: Node, shape: readonly number[]): Node {
  const known = shape.reduce((size, dim) => (dim === -1 ? size : size * dim), 1);
  const target = shape.map(dim => (dim === -1 ? sizeOf(a.shape) / known : dim));
  if (sizeOf(target) !== sizeOf(a.shape) || target.some(dim => !Number.isInteger(dim))) {
    throw new Error(`A tensor of shape [${a.shape.join(', ')}] cannot take the shape [${shape.join(', ')}].`);
  }
  const { core, factor } = splitFactor(a);
  const source = core.operation.kind === 'reshape' ? core.inputs[0]! : core;
  if (sameShape(source.shape, target)) return scale(source, factor);
  return scale(source.graph.node({ kind: 'reshape' }, [source], target), factor);
}

/** Repeats axes of length 1, and adds leading axes, up to the given shape. */
export function expand(a: Node, shape: readonly number[]): Node {
  if (sameShape(a.shape, shape)) return a;
  if (!sameShape(broadcastShapes(a.shape, shape), shape)) {
    throw new Error(`A tensor of shape [${a.shape.join(', ')}] does not expand to [${shape.join(', ')}].`);
  }
  if (sizeOf(a.shape) === sizeOf(shape)) return reshape(a, shape);
  const source = a.operation.kind === 'expand' ? a.inputs[0]! : a;
  return a.graph.node({ kind: 'expand' }, [source], shape);
}

/** Axis i of the result is axis permutation[i] of a. */
export function transpose(a: Node, permutation: readonly number[]): Node {
  if (sizeOf(a.shape) === 0 || [...permutation].sort((p, q) => p - q).some((axis, i) => axis !== i)) {
    throw new Error(`[${permutation.join(', ')}] is no permutation of the axes of [${a.shape.join(', ')}].`);
  }
  const { core, factor } = splitFactor(a);
  const operation = core.operation;
  const composed = operation.kind === 'transpose' ? permutation.map(axis => operation.permutation[axis]!) : permutation;
  const source = operation.kind === 'transpose' ? core.inputs[0]! : core;
  const shape = composed.map(axis => source.shape[axis]!);
  // Where only axes of length 1 move, the entries keep their order.
  const moving = composed.filter(axis => source.shape[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || axis > moving[i - 1]!)) return scale(reshape(source, shape), factor);
  return scale(source.graph.node({ kind: 'transpose', permutation: composed }, [source], shape), factor);
}

/** Entries starts[i], starts[i] + steps[i], … before ends[i] along every axis i; steps are 1 unless given. */
export function slice(
  a: Node,
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): Node {
  const shape = a.shape.map((dim, axis) => {
    const [start, end, step] = [starts[axis]!, ends[axis]!, steps[axis]!];
    if (!(start >= 0 && start < end && end <= dim && step >= 1)) {
      throw new Error(`Entries ${start}…${end} by ${step} are not in axis ${axis} of [${a.shape.join(', ')}].`);
    }
    return Math.ceil((end - start) / step);
  });
  if (sameShape(shape, a.shape)) return a;
  // An axis of which one entry is taken has no step: the same slice is the same node.
  const taken = steps.map((step, axis) => (shape[axis] === 1 ? 1 : step));
  const { core, factor } = splitFactor(a);
  return scale(a.graph.node({ kind: 'slice', starts: [...starts], steps: taken }, [core], shape), factor);
}

/** Entries start … end − 1 along one axis. */
export function sliceAxis(a: Node, axis: number, start: number, end: number): Node {
  return slice(
    a,
    a.shape.map((_, i) => (i === axis ? start : 0)),
    a.shape.map((dim, i) => (i === axis ? end : dim)),
  );
}

/** Adds before[i] and after[i] entries of the given value along every axis i. */
export function pad(a: Node, before: readonly number[], after: readonly number[], value = 0): Node {
  const shape = a.shape.map((dim, axis) => dim + before[axis]! + after[axis]!);
  if (before.some(count => count < 0) || after.some(count => count < 0)) throw new Error('Padding is never negative.');
  if (sameShape(shape, a.shape)) return a;
  const { core, factor } = value === 0 ? splitFactor(a) : { core: a, factor: 1 };
  return scale(a.graph.node({ kind: 'pad', before: [...before], after: [...after], value }, [core], shape), factor);
}

/** Puts steps[i] − 1 zeros between the entries along every axis i. */
export function zerosBetween(a: Node, steps: readonly number[]): Node {
  return steps.reduce((node, step, axis) => zerosAlong(node, axis, step), a);
}

function zerosAlong(a: Node, axis: number, step: number): Node {
  const length = a.shape[axis]!;
  if (step === 1 || length === 1) return a;
  const before = sizeOf(a.shape.slice(0, axis));
  const after = sizeOf(a.shape.slice(axis + 1));
  // Four axes, because some engines pad no more.
  const apart = pad(reshape(a, [before, length, 1, after]), [0, 0, 0, 0], [0, 0, step - 1, 0]);
  const joined = sliceAxis(reshape(apart, [before, length * step, after]), 1, 0, (length - 1) * step + 1);
  return reshape(joined, a.shape.with(axis, (length - 1) * step + 1));
}

export function concat(parts: readonly Node[], axis: number): Node {
  const [first] = parts;
  if (!first) throw new Error('There is nothing to concatenate.');
  if (parts.length === 1) return first;
  const length = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  const shape = first.shape.map((dim, i) => (i === axis ? length : dim));
  for (const part of parts) {
    if (part.shape.length !== shape.length || part.shape.some((dim, i) => i !== axis && dim !== shape[i])) {
      throw new Error(`[${part.shape.join(', ')}] does not join [${first.shape.join(', ')}] along axis ${axis}.`);
    }
  }
  return first.graph.node({ kind: 'concat', axis }, parts, shape);
}
