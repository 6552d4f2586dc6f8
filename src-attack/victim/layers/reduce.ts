import type { Op } from '../../../src-analysis/model/graph.ts';
import { reshape } from '../../ir/arrange.ts';
import { sqrt, square } from '../../ir/elementwise.ts';
import type { Node } from '../../ir/graph.ts';
import { mean, sum } from '../../ir/reduce.ts';
import { axisOf, inOwnLayout, NotSupported, own, type Value } from '../value.ts';
import type { LayerContext } from './context.ts';

const reductions: Readonly<Record<string, (x: Node, axes: readonly number[]) => Node>> = {
  mean,
  sum,
  sumSquare: (x, axes) => sum(square(x), axes),
  l2: (x, axes) => sqrt(sum(square(x), axes)),
};

export function buildReduce({ inputs }: LayerContext, op: Op & { kind: 'reduce' }): Value {
  const apply = reductions[op.name];
  if (!apply) throw new NotSupported(`The reduction "${op.name}" is not covered by the attack engine.`);
  const value = inputs[0]!;
  const axes = op.axes.map(axis => axisOf(value, axis));
  const node = apply(value.node, axes);
  if (op.keepDims) return { ...value, node };
  const kept = own({ ...value, node });
  const removed = op.axes.map(axis => axisOf(inOwnLayout(kept), axis));
  return inOwnLayout(
    reshape(
      kept,
      kept.shape.filter((_, axis) => !removed.includes(axis)),
    ),
  );
}
