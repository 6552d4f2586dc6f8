import type { DenseOp } from '../../../src-analysis/model/graph.ts';
import { reshape } from '../../ir/arrange.ts';
import { add, mul } from '../../ir/elementwise.ts';
import { dense } from '../../ir/matmul.ts';
import { inOwnLayout, own, type Value } from '../value.ts';
import type { LayerContext } from './context.ts';

/** α·x·W + β·b over the last axis. */
export function buildDense({ layer, inputs, parameters }: LayerContext, op: DenseOp): Value {
  const kernel = parameters.need(layer, 'kernel');
  const product = mul(dense(own(inputs[0]!), kernel, op.transposedKernel === true), op.alpha ?? 1);
  const bias = parameters.find(layer, 'bias');
  if (!bias) return inOwnLayout(product);
  return inOwnLayout(add(product, mul(reshape(bias, [bias.shape.at(-1)!]), op.beta ?? 1)));
}
