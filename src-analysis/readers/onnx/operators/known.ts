import type { WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  type NodeContext,
  type Operator,
  type OutputValue,
  requiredInput,
  sameAsInput,
  weightRef,
} from '../context.ts';
import type { Dim, Shape } from '../dimension.ts';
import { type Batch, sampleAxis, type Value } from '../value.ts';
import { broadcastValues } from './broadcast.ts';

/** Outputs of a node; one of unknown rank where the rule cannot tell. */
export type Outputs = (context: NodeContext) => readonly OutputValue[];

/** An operator whose shapes are known, but which is no layer of a kind that the analysis describes. */
export function known(name: string, outputs: Outputs, attributes: readonly string[] = []): Operator {
  return {
    attributes,
    infer: context => ({
      op: { kind: 'elementwise', name },
      outputs: outputs(context),
      weights: plainConstants(context),
    }),
  };
}

/** The constants among the inputs, which are settings and tables, not learned parameters. */
export function plainConstants({ inputs }: NodeContext): WeightRef[] {
  return inputs.flatMap((value, index) =>
    value?.kind === 'constant' ? [weightRef(value, `input${index + 1}`, false)] : [],
  );
}

export const unknownOutput: OutputValue = { shape: null, batch: 'lost' };

/** As many outputs as the node has, each like the first input. */
export const sameShape: Outputs = context => context.node.outputs.map(() => sameAsInput(context));

/** A shape of its own, in which no axis is the batch. */
export function fixed(shape: Shape): OutputValue {
  return { shape, batch: 'none' };
}

/** Inputs combined entry by entry. */
export const broadcast: Outputs = ({ inputs }) => [broadcastValues(inputs.filter(value => value !== null))];

/** The first input with some of its axes changed; the batch stays where its axis does. */
export function withDims(input: Value, change: (shape: readonly Dim[]) => readonly Dim[]): OutputValue {
  const batch = batchOf(input);
  return input.shape === null ? { shape: null, batch } : { shape: change(input.shape), batch };
}

/** Where the batch is afterwards if an axis is replaced by entries chosen along it. */
export function batchBeside(batch: Batch, axis: number): Batch {
  return sampleAxis(axis, batch) === null ? 'lost' : batch;
}

/** An operator with the same parameters whose inputs stand in another order. */
export function withInputs(context: NodeContext, inputs: readonly (Value | null | undefined)[]): NodeContext {
  return { ...context, inputs: inputs.map(value => value ?? null) };
}

/** The shape of an input where its rank is right; `rank` unknown lengths where nothing is known. */
export function dimsOf(context: NodeContext, index: number, rank: number): readonly Dim[] {
  const { shape } = requiredInput(context, index);
  return shape?.length === rank ? shape : Array<null>(rank).fill(null);
}
