import {
  batchOf,
  type NodeContext,
  type Operator,
  type OutputValue,
  requiredInput,
  stringAttribute,
} from '../context.ts';
import { known } from './known.ts';
import { batchAfterRemoval } from './reduce.ts';

/** The loss of every entry, or of all of them together; scores have the classes on axis 1. */
function lossOf(context: NodeContext): OutputValue {
  if (stringAttribute(context, 'reduction', 'mean') !== 'none') return { shape: [], batch: 'none' };
  const scores = requiredInput(context, 0);
  const shape = scores.shape?.filter((_, axis) => axis !== 1) ?? null;
  return { shape, batch: batchAfterRemoval(batchOf(scores), [1]) };
}

function withLogProbabilities(context: NodeContext): readonly OutputValue[] {
  const scores = requiredInput(context, 0);
  return [lossOf(context), { shape: scores.shape, batch: batchOf(scores) }];
}

/** Losses inside a model, as training graphs have them. */
export const lossOperators: Readonly<Record<string, Operator>> = {
  NegativeLogLikelihoodLoss: known('negativeLogLikelihoodLoss', context => [lossOf(context)], [
    'ignore_index',
    'reduction',
  ]),
  SoftmaxCrossEntropyLoss: known('softmaxCrossEntropyLoss', withLogProbabilities, ['ignore_index', 'reduction']),
};
