import type { DenseOp, WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  constantInputs,
  fail,
  intAttribute,
  layerWeight,
  type NodeContext,
  notCovered,
  numberAttribute,
  type Operator,
  type OutputValue,
  optionalInput,
  requiredInput,
  shapeText,
} from '../context.ts';
import { type Dim, differ, informed, plainDim, type Shape } from '../dimension.ts';
import type { Batch, ConstantValue, Value } from '../value.ts';
import { broadcastShapes, combinedBatch } from './broadcast.ts';

/** Gemm: alpha·A'·B' + beta·C, A' and B' transposed on demand. With a constant B it is a dense layer. */
export const gemm: Operator = {
  // `broadcast`: what operator sets before 7 needed to add a bias vector.
  attributes: ['alpha', 'beta', 'transA', 'transB', 'broadcast'],
  infer: context => {
    const a = matrixInput(context, 0);
    const b = matrixInput(context, 1);
    const c = optionalInput(context, 2);
    const transA = intAttribute(context, 'transA', 0) !== 0;
    const transB = intAttribute(context, 'transB', 0) !== 0;
    const [rows, inner] = transposedPair(a.shape, transA);
    const [kernelInner, units] = transposedPair(b.shape, transB);
    const inFeatures = agreeing(inner, kernelInner);
    if (c?.shape) broadcastShapes(c.shape, [rows, units]);
    const outputs: OutputValue[] = [{ shape: [rows, units], batch: factorRowBatch(batchOf(a), transA) }];
    const alpha = numberAttribute(context, 'alpha', 1);
    const beta = numberAttribute(context, 'beta', 1);
    if (b.kind === 'activation') {
      const plain = a.kind === 'activation' && c === null && !transA && !transB && alpha === 1;
      if (plain) return { op: { kind: 'merge', merge: 'matmul' }, outputs };
      return notCovered('Its matrix is computed from the input of the model.', outputs, constantInputs(context));
    }
    const weights: WeightRef[] = [layerWeight(context, b, 'kernel')];
    if (c?.kind === 'constant') weights.push(layerWeight(context, c, 'bias'));
    const reason = gemmProblem(a, c, transA, units);
    if (reason) return notCovered(reason, outputs, weights);
    const op: DenseOp = {
      ...denseOp(inFeatures, units, transB !== isTransposed(b)),
      bias: c !== null,
      ...(alpha === 1 ? {} : { alpha }),
      ...(beta === 1 || c === null ? {} : { beta }),
    };
    return { op, outputs, weights };
  },
};

function factorRowBatch(batch: Batch, transposed: boolean): Batch {
  if (typeof batch !== 'number') return batch;
  return batch === (transposed ? 1 : 0) ? 0 : 'lost';
}

/** Why a Gemm with a constant matrix is no dense layer applied to every sample on its own. */
function gemmProblem(a: Value, c: Value | null, transA: boolean, units: Dim): string | null {
  if (c?.kind === 'activation') return 'Its bias is computed from the input of the model.';
  const batch = batchOf(a);
  if (typeof batch === 'number' && batch !== (transA ? 1 : 0)) return 'It mixes the samples of the batch.';
  if (c && !isBiasVector(c.shape, units)) {
    return `Its bias has shape ${shapeText(c.shape)} instead of one entry for each of its ${units ?? '?'} units.`;
  }
  return null;
}

function isBiasVector(shape: Shape, units: Dim): boolean {
  if (shape === null || units === null) return true;
  return shape.at(-1) === units && shape.slice(0, -1).every(dim => dim === 1);
}

/**
 * MatMul with a constant matrix on the right is a dense layer on the last axis; the graph builder merges a following
 * Add of a constant into it as its bias.
 */
export const matMul: Operator = {
  infer: context => {
    const a = requiredInput(context, 0);
    const b = requiredInput(context, 1);
    const outputs = [matMulOutput(a, b)];
    if (a.kind === 'activation' && b.kind === 'activation') return { op: { kind: 'merge', merge: 'matmul' }, outputs };
    if (b.kind === 'activation') {
      return notCovered('It multiplies by a constant matrix from the left.', outputs, constantInputs(context));
    }
    const weights = [layerWeight(context, b, 'kernel')];
    if (b.shape?.length !== 2) {
      return notCovered(`Its constant has shape ${shapeText(b.shape)} instead of a matrix’s.`, outputs, weights);
    }
    const batch = batchOf(a);
    if (typeof batch === 'number' && a.shape && batch === a.shape.length - 1) {
      return notCovered('It mixes the samples of the batch.', outputs, weights);
    }
    const [stored, units] = b.shape;
    const inFeatures = a.shape?.at(-1) ?? stored ?? null;
    return { op: denseOp(inFeatures, units ?? null, isTransposed(b)), outputs, weights };
  },
};

function matMulOutput(a: Value, b: Value): OutputValue {
  if (a.shape === null || b.shape === null) return { shape: null, batch: 'none' };
  if (a.shape.length === 0 || b.shape.length === 0) fail('one of its inputs is a scalar');
  // A vector counts as a matrix with one row (left) or one column (right), which the result loses again.
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  agreeing(left.at(-1) ?? null, right.at(-2) ?? null);
  const leading = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  const rows = a.shape.length === 1 ? [] : [left.at(-2) ?? null];
  const columns = b.shape.length === 1 ? [] : [right.at(-1) ?? null];
  const rank = leading.length + 2;
  return {
    shape: [...leading, ...rows, ...columns],
    batch: combinedBatch(factorBatch(a, rank, rank - 1), factorBatch(b, rank, rank - 2)),
  };
}

/** Where the batch of a factor stands in the product; `summed` is the axis of the factor that the product sums over. */
function factorBatch(factor: Value, rank: number, summed: number): Batch {
  const batch = batchOf(factor);
  const own = factor.shape?.length ?? 0;
  if (batch === 'merged' && own === rank) return batch;
  if (typeof batch !== 'number') return batch === 'none' ? batch : 'lost';
  const position = batch + rank - own;
  return own === 1 || position === summed ? 'lost' : position;
}

/** A 2-D input; shapes of unknown rank are taken for a matrix of unknown size. */
function matrixInput(context: NodeContext, index: number): Value & { readonly shape: readonly [Dim, Dim] } {
  const value = requiredInput(context, index);
  const shape = value.shape ?? [null, null];
  if (shape.length !== 2) fail(`its input ${index + 1} has shape ${shapeText(shape)}; a matrix is needed`);
  return { ...value, shape: [shape[0] ?? null, shape[1] ?? null] };
}

function transposedPair([rows, columns]: readonly [Dim, Dim], transposed: boolean): readonly [Dim, Dim] {
  return transposed ? [columns, rows] : [rows, columns];
}

/** The axis that both factors share. */
function agreeing(inner: Dim, kernelInner: Dim): Dim {
  if (differ(inner, kernelInner)) {
    fail(`its input has ${inner} features, but its matrix takes ${kernelInner}`);
  }
  return informed(inner, kernelInner);
}

export function denseOp(inFeatures: Dim, units: Dim, transposedKernel: boolean): DenseOp {
  return {
    kind: 'dense',
    inFeatures: plainDim(inFeatures),
    units: plainDim(units),
    bias: false,
    ...(transposedKernel ? { transposedKernel } : {}),
  };
}

export function isTransposed(kernel: ConstantValue): boolean {
  return kernel.origin?.transposed ?? false;
}

export const denseOperators: Readonly<Record<string, Operator>> = { Gemm: gemm, MatMul: matMul };
