import type { Layer, MergeOp } from '../../../src-analysis/model/graph.ts';
import { concat, expand, reshape, transpose } from '../../ir/arrange.ts';
import { div, maximum, minimum, mul, sub } from '../../ir/elementwise.ts';
import { broadcastShapes, type Node } from '../../ir/graph.ts';
import { matmul } from '../../ir/matmul.ts';
import { addAll } from '../../ir/reduce.ts';
import { axisOf, inOneLayout, inOwnLayout, NotSupported, own, targetShape, type Value } from '../value.ts';
import type { LayerContext } from './context.ts';

export function buildMerge({ layer, inputs }: LayerContext, op: MergeOp): Value {
  if (op.merge === 'dot') return inOwnLayout(dotProduct(layer, inputs, op));
  if (op.merge === 'matmul') return inOwnLayout(product(own(inputs[0]!), own(inputs[1]!)));
  const { nodes, swapped } = inOneLayout(inputs);
  if (op.merge !== 'concat') return { node: combine(nodes, op.merge), swapped };
  if (op.axis === null || op.axis === undefined) throw new NotSupported('It joins samples of the batch.');
  return { node: concat(nodes, axisOf({ node: nodes[0]!, swapped }, op.axis)), swapped };
}

/** Products of stacks of matrices; axes in front of the last two are broadcast. */
function product(a: Node, b: Node): Node {
  if (a.shape.length < 2 || b.shape.length < 2) throw new NotSupported('Products with vectors are not covered.');
  const leading = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const stack = (node: Node) => expand(node, [...leading, ...node.shape.slice(-2)]);
  return matmul(stack(a), stack(b));
}

/** Sums of products over one axis of either factor, as TensorFlow.js' `dot`: the first factor's other axes, then the second's. */
function dotProduct(layer: Layer, inputs: readonly Value[], { axes }: MergeOp): Node {
  if (!axes || inputs.length !== 2) throw new NotSupported('It is no plain sum of products over known axes.');
  const batch = inputs[0]!.node.shape[0]!;
  const [a, b] = inputs.map((value, i) => {
    const node = own(value);
    const summed = axisOf(inOwnLayout(node), axes[i]!);
    const others = node.shape.map((_, axis) => axis).filter(axis => axis > 0 && axis !== summed);
    return reshape(transpose(node, [0, ...others, summed]), [batch, -1, node.shape[summed]!]);
  });
  return reshape(matmul(a!, b!, false, true), targetShape(layer, batch));
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
