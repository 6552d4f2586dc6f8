import {
  batchOf,
  intAttribute,
  intsAttribute,
  type NodeContext,
  type Operator,
  type OutputValue,
  requiredInput,
} from '../context.ts';
import { checkedDim } from '../dimension.ts';
import { fixed, known, sameShape } from './known.ts';

function ofAttribute(context: NodeContext): readonly OutputValue[] {
  return [fixed(intsAttribute(context, 'shape')?.map(dim => checkedDim(dim)) ?? null)];
}

/** Multinomial: that many draws for every row. */
function draws(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const count = checkedDim(intAttribute(context, 'sample_size', 1));
  return [{ shape: [input.shape?.[0] ?? null, count], batch: batchOf(input) }];
}

/** Random numbers: noise layers, and dropout in training graphs. */
export const randomOperators: Readonly<Record<string, Operator>> = {
  RandomNormal: known('random', ofAttribute, ['dtype', 'mean', 'scale', 'seed', 'shape']),
  RandomUniform: known('random', ofAttribute, ['dtype', 'high', 'low', 'seed', 'shape']),
  RandomNormalLike: known('random', sameShape, ['dtype', 'mean', 'scale', 'seed']),
  RandomUniformLike: known('random', sameShape, ['dtype', 'high', 'low', 'seed']),
  Bernoulli: known('random', sameShape, ['dtype', 'seed']),
  Multinomial: known('random', draws, ['dtype', 'sample_size', 'seed']),
};
