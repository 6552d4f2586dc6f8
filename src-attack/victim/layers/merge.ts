import type { MergeOp } from '../../../src-analysis/model/graph.ts';
import { concat } from '../../ir/arrange.ts';
import { div, maximum, minimum, mul, sub } from '../../ir/elementwise.ts';
import type { Node } from '../../ir/graph.ts';
import { matmul } from '../../ir/matmul.ts';
import { addAll } from '../../ir/reduce.ts';
import { axisOf, inOneLayout, inOwnLayout, NotSupported, own, type Value } from '../value.ts';
import type { LayerContext } from './context.ts';

export function buildMerge({ inputs }: LayerContext, op: MergeOp): Value {
  if (op.merge === 'dot') throw new NotSupported('A dot product of two branches is not covered by the attack engine.');
  if (op.merge === 'matmul') return inOwnLayout(matmul(own(inputs[0]!), own(inputs[1]!)));
  const { nodes, swapped } = inOneLayout(inputs);
  if (op.merge !== 'concat') return { node: combine(nodes, op.merge), swapped };
  if (op.axis === null || op.axis === undefined) throw new NotSupported('It joins samples of the batch.');
  return { node: concat(nodes, axisOf({ node: nodes[0]!, swapped }, op.axis)), swapped };
}

function combine(nodes: readonly Node[], merge: Exclude<MergeOp['merge'], 'concat' | 'dot' | 'matmul'>): Node {
  switch (merge) {
    case 'add':
      return addAll(nodes);
    case 'average':
      return mul(addAll(nodes), 1 / nodes.length);
    case 'subtract':
      return nodes.reduce((left, right) => sub(left, right));
    case 'multiply':
      return nodes.reduce((left, right) => mul(left, right));
    case 'divide':
      return nodes.reduce((left, right) => div(left, right));
    case 'maximum':
      return nodes.reduce((left, right) => maximum(left, right));
    case 'minimum':
      return nodes.reduce((left, right) => minimum(left, right));
  }
}
