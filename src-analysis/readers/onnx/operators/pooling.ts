import type { PoolOp } from '../../../model/graph.ts';
import {
  batchOf,
  fail,
  imageBatchProblem,
  intAttribute,
  intsAttribute,
  type NodeContext,
  notCovered,
  numberAttribute,
  type Operator,
  type Outcome,
  requiredInput,
  shapeText,
} from '../context.ts';
import { checkedDim, type Dim } from '../dimension.ts';
import { windowGeometry, windowOutput } from './window.ts';

type PoolKind = PoolOp['pool'];

const windowAttributes = ['auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'strides'];

function poolOperator(pool: PoolKind, extraAttributes: readonly string[]): Operator {
  return {
    attributes: [...windowAttributes, ...extraAttributes],
    infer: context => {
      const input = requiredInput(context, 0);
      const window = intsAttribute(context, 'kernel_shape') ?? fail("its attribute 'kernel_shape' is missing");
      if (window.some(size => checkedDim(size) === null || size === 0)) fail(`its kernel_shape is [${window}]`);
      if (input.shape && input.shape.length !== window.length + 2) {
        fail(`its kernel_shape has ${window.length} entries, but its input has shape ${shapeText(input.shape)}`);
      }
      const geometry = windowGeometry(context, window);
      const ceilMode = intAttribute(context, 'ceil_mode', 0) !== 0;
      const spatial = input.shape?.slice(2) ?? window.map(() => null);
      const lengths = windowOutput(spatial, geometry, ceilMode);
      const shape = [input.shape?.[0] ?? null, input.shape?.[1] ?? null, ...lengths];
      return finishPool(context, pool, window.length, shape, {
        global: false,
        window,
        strides: geometry.strides,
        dilations: geometry.dilations,
        padding: geometry.padding,
        ceilMode,
      });
    },
  };
}

function globalPoolOperator(pool: PoolKind, extraAttributes: readonly string[]): Operator {
  return {
    attributes: extraAttributes,
    infer: context => {
      const { shape } = requiredInput(context, 0);
      if (shape === null) {
        return notCovered('The rank of its input is unknown.', [
          { shape: null, batch: batchOf(requiredInput(context, 0)) },
        ]);
      }
      if (shape.length < 3) fail(`its input has shape ${shapeText(shape)}; at least 3 axes are needed`);
      const pooled = shape.map((dim, axis) => (axis < 2 ? dim : 1));
      return finishPool(context, pool, shape.length - 2, pooled, {
        global: true,
        window: [],
        strides: [],
        dilations: [],
        padding: { mode: 'valid' },
        ceilMode: false,
      });
    },
  };
}

type PoolWindow = Pick<PoolOp, 'global' | 'window' | 'strides' | 'dilations' | 'padding' | 'ceilMode'>;

function finishPool(
  context: NodeContext,
  pool: PoolKind,
  spatialRank: number,
  shape: readonly Dim[],
  window: PoolWindow,
): Outcome {
  const input = requiredInput(context, 0);
  const output = { shape, batch: batchOf(input) };
  // Max pooling may also give the positions of the maxima, in the same shape.
  const outputs = [output, output];
  const reason = imageBatchProblem(context, input);
  if (reason) return notCovered(reason, outputs);
  if (spatialRank > 3) return notCovered(`Pooling over ${spatialRank} axes is not covered.`, outputs);
  const op: PoolOp = {
    kind: 'pool',
    pool,
    spatialRank: spatialRank as 1 | 2 | 3,
    ...window,
    dataFormat: 'channelsFirst',
    ...(pool === 'average' && !window.global
      ? { countIncludePad: intAttribute(context, 'count_include_pad', 0) !== 0 }
      : {}),
    ...(pool === 'lp' ? { p: numberAttribute(context, 'p', 2) } : {}),
  };
  return { op, outputs };
}

export const poolingOperators: Readonly<Record<string, Operator>> = {
  MaxPool: poolOperator('max', ['storage_order']),
  AveragePool: poolOperator('average', ['count_include_pad']),
  LpPool: poolOperator('lp', ['p']),
  GlobalMaxPool: globalPoolOperator('max', []),
  GlobalAveragePool: globalPoolOperator('average', []),
  GlobalLpPool: globalPoolOperator('lp', ['p']),
};
