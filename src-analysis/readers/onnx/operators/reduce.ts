import {
  intAttribute,
  listParameter,
  type NodeContext,
  normalizeAxes,
  normalizeAxis,
  notCovered,
  type Operator,
  type OutputValue,
  sameAsInput,
} from '../context.ts';
import { allNumbers, type Dim } from '../dimension.ts';
import { type Batch, sampleAxis } from '../value.ts';

/** Sums, means and the like over some axes; over all of them when none is named. */
function reduction(name: string): Operator {
  return {
    attributes: ['axes', 'keepdims', 'noop_with_empty_axes'],
    infer: context => {
      const input = sameAsInput(context);
      const keepDims = intAttribute(context, 'keepdims', 1) !== 0;
      const axes = reducedAxes(context, input.shape?.length ?? null);
      if (axes === null || input.shape === null) {
        const shape = keepDims && input.shape ? input.shape.map(() => null) : null;
        return notCovered('The axes it reduces are not known.', [{ shape, batch: input.batch }]);
      }
      const outputs = [reducedValue(input, input.shape, axes, keepDims)];
      if (axes.length === 0) return { op: { kind: 'identity' }, outputs };
      const ofSample = axes.map(axis => sampleAxis(axis, input.batch)).filter(axis => axis !== null);
      if (ofSample.length < axes.length) return notCovered('It reduces over the samples of the batch.', outputs);
      return { op: { kind: 'reduce', name, axes: ofSample, keepDims }, outputs };
    },
  };
}

/** Axes are an attribute at first, an input since operator set 13 (ReduceSum) or 18 (the others). */
function reducedAxes(context: NodeContext, rank: number | null): readonly number[] | null {
  const parameter = listParameter(context, 'axes', 1);
  const given = parameter.given ? parameter.values : [];
  const axes = allNumbers(given);
  if (axes === null || rank === null) return null;
  if (axes.length > 0) return normalizeAxes(axes, rank);
  return intAttribute(context, 'noop_with_empty_axes', 0) !== 0 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

function reducedValue(
  { batch }: OutputValue,
  shape: readonly Dim[],
  axes: readonly number[],
  keepDims: boolean,
): OutputValue {
  if (keepDims) return { shape: shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)), batch };
  return {
    shape: shape.filter((_, axis) => !axes.includes(axis)),
    batch: batchAfterRemoval(batch, axes),
  };
}

/** Where the batch stands once axes are gone; a removed batch axis is gone with them. */
export function batchAfterRemoval(batch: Batch, removed: readonly number[]): Batch {
  if (batch === 'merged') return removed.includes(0) ? 'lost' : batch;
  if (typeof batch !== 'number') return batch;
  return removed.includes(batch) ? 'none' : batch - removed.filter(axis => axis < batch).length;
}

/** Index of the largest or smallest entry along one axis. */
function arg(name: string): Operator {
  return {
    attributes: ['axis', 'keepdims', 'select_last_index'],
    infer: context => {
      const input = sameAsInput(context);
      if (input.shape === null) return notCovered('The rank of its input is unknown.', [input]);
      const axis = normalizeAxis(intAttribute(context, 'axis', 0), input.shape.length);
      const keepDims = intAttribute(context, 'keepdims', 1) !== 0;
      const outputs = [reducedValue(input, input.shape, [axis], keepDims)];
      const ofSample = sampleAxis(axis, input.batch);
      if (ofSample === null) return notCovered('It compares the samples of the batch.', outputs);
      return { op: { kind: 'reduce', name, axes: [ofSample], keepDims }, outputs };
    },
  };
}

export const reduceOperators: Readonly<Record<string, Operator>> = {
  ReduceMean: reduction('mean'),
  ReduceSum: reduction('sum'),
  ReduceMax: reduction('max'),
  ReduceMin: reduction('min'),
  ReduceProd: reduction('prod'),
  ReduceL1: reduction('l1'),
  ReduceL2: reduction('l2'),
  ReduceLogSum: reduction('logSum'),
  ReduceLogSumExp: reduction('logSumExp'),
  ReduceSumSquare: reduction('sumSquare'),
  ArgMax: arg('argMax'),
  ArgMin: arg('argMin'),
};
