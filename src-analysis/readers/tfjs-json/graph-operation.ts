import type { Activation, Dim, Op, WeightRef } from '../../model/graph.ts';
import type { GraphNode } from './graph-attributes.ts';

/** A shape with the batch axis, as TensorFlow has it; null where the rank is not known. */
export type FullShape = readonly Dim[] | null;

/** An input of a node. */
export interface Operand {
  readonly shape: FullShape;
  /** A stored constant by its name: its values are in the weight files. */
  readonly constant?: string;
  /** Values of a small constant of integers, where its weight file is there; read when asked for. */
  readonly integers?: () => readonly number[] | undefined;
}

export interface Operation {
  readonly op: Op;
  readonly outputs: readonly FullShape[];
  readonly activation?: Activation;
  readonly weights?: readonly WeightRef[];
  /** What is wrong with the node, one sentence each. */
  readonly problems?: readonly string[];
}

export interface NodeContext {
  readonly node: GraphNode;
  readonly inputs: readonly Operand[];
  /** Channels that what follows needs in the last axis; null where nothing says so. */
  readonly wanted: () => Dim;
}

export type Describe = (c: NodeContext) => Operation;

export const unknownOp = (reason: string, outputs: readonly FullShape[] = [null]): Operation => ({
  op: { kind: 'unknown', reason },
  outputs,
});

/** The number of entries; null where a dimension is not known. */
export function product(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>((a, b) => (a === null || b === null ? null : a * b), 1);
}

export function plus(a: Dim, b: Dim): Dim {
  return a === null || b === null ? null : a + b;
}
