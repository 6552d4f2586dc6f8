import { type Node, reachable } from '../ir/graph.ts';
import type { Victim } from './victim.ts';

/** The dense layer that gives the logits: features·W + b. */
export interface LastDense {
  /** What goes into it, [B, features]. */
  readonly features: Node;
  /** Index of its weight among the victim's parameters, and whether that is [units, features], else [features, units]. */
  readonly weight: number;
  readonly unitsFirst: boolean;
  /** Index of its bias among the parameters; undefined where it has none. */
  readonly bias: number | undefined;
}

/** Undefined where the logits come from anything else, or from a weight that is computed from others. */
export function lastDense(victim: Victim): LastDense | undefined {
  let node = victim.logits;
  let bias: number | undefined;
  for (;;) {
    if (node.operation.kind === 'reshape') node = node.inputs[0]!;
    else if (node.operation.kind === 'add' && bias === undefined) {
      const data = node.inputs.findIndex(input => reachable([input]).includes(victim.x));
      const other = node.inputs[1 - data];
      if (data < 0 || !other) return undefined;
      bias = parameterIn(victim, other);
      if (bias === undefined) return undefined;
      node = node.inputs[data]!;
    } else break;
  }
  const { operation } = node;
  if (operation.kind !== 'matmul' || operation.transposeA || node.shape.length !== 2) return undefined;
  const [features, weight] = node.inputs as [Node, Node];
  const index = parameterIn(victim, weight);
  if (index === undefined || victim.parameters[index]!.node.shape.length !== 2) return undefined;
  return { features, weight: index, unitsFirst: operation.transposeB !== isTransposed(weight), bias };
}

/** The parameter that a node is, rearranged or not. */
function parameterIn(victim: Victim, node: Node): number | undefined {
  const path = reachable([node]);
  if (path.some(({ operation: { kind } }) => !/^(constant|reshape|transpose|expand)$/.test(kind))) return undefined;
  const index = victim.parameters.findIndex(parameter => path.includes(parameter.node));
  return index < 0 ? undefined : index;
}

function isTransposed(weight: Node): boolean {
  const swaps = reachable([weight]).filter(
    ({ operation }) => operation.kind === 'transpose' && operation.permutation.join() === '1,0',
  );
  return swaps.length % 2 === 1;
}
