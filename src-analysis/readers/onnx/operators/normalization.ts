import type { NormOp, WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  fail,
  imageBatchProblem,
  intAttribute,
  layerWeight,
  type NodeContext,
  normalizeAxis,
  notCovered,
  numberAttribute,
  type Operator,
  type Outcome,
  type OutputValue,
  optionalInput,
  requiredInput,
  sameAsInput,
  shapeText,
} from '../context.ts';
import type { Dim, Shape } from '../dimension.ts';
import { sampleAxis, type Value } from '../value.ts';
import { broadcastShapes } from './broadcast.ts';

/** Roles of the parameter inputs in their order; the node may leave the last ones out. */
type Parameters = readonly { readonly role: string; readonly learned: boolean }[];

const gammaBeta: Parameters = [
  { role: 'gamma', learned: true },
  { role: 'beta', learned: true },
];

/** The parameters of a normalisation as weights; a reason where one is no constant. */
function parameterWeights(context: NodeContext, parameters: Parameters): readonly WeightRef[] | string {
  const weights: WeightRef[] = [];
  for (const [index, { role, learned }] of parameters.entries()) {
    const value = optionalInput(context, index + 1);
    if (value === null) continue;
    if (value.kind === 'activation') return `Its ${role} is computed from the input of the model.`;
    const weight = layerWeight(context, value, role);
    weights.push(learned ? weight : { ...weight, trainable: false });
  }
  return weights;
}

/** Every parameter is a list with one number a channel. */
function checkChannels(context: NodeContext, count: number, shape: Shape): void {
  const channels = shape?.[1] ?? null;
  for (let index = 1; index <= count; index++) {
    const value = requiredInput(context, index);
    if (value.shape === null) continue;
    const [length = null] = value.shape;
    if (value.shape.length !== 1 || (channels !== null && length !== null && length !== channels)) {
      fail(`its input ${index + 1} has shape ${shapeText(value.shape)}, but there are ${channels ?? '?'} channels`);
    }
  }
}

function finish(
  context: NodeContext,
  parameters: Parameters,
  outputs: readonly OutputValue[],
  describe: () => NormOp | string,
): Outcome {
  const weights = parameterWeights(context, parameters);
  if (typeof weights === 'string') return notCovered(weights, outputs);
  const op = imageBatchProblem(context, requiredInput(context, 0)) ?? describe();
  if (typeof op === 'string') return notCovered(op, outputs, weights);
  return { op, outputs, weights };
}

const batchNormalization: Operator = {
  // `momentum` and `is_test` concern training only; what decides is which statistics are used.
  attributes: ['epsilon', 'momentum', 'spatial', 'training_mode', 'is_test', 'consumed_inputs'],
  infer: context => {
    const output = sameAsInput(context);
    if (output.shape && output.shape.length < 2) fail(`its input has shape ${shapeText(output.shape)}`);
    const perActivation = intAttribute(context, 'spatial', 1) === 0;
    if (!perActivation) checkChannels(context, 4, output.shape);
    const statistics = { shape: [output.shape?.[1] ?? null], batch: 'none' } as const;
    const parameters: Parameters = [
      ...gammaBeta,
      { role: 'movingMean', learned: false },
      { role: 'movingVariance', learned: false },
    ];
    return finish(context, parameters, [output, statistics, statistics, statistics, statistics], () => {
      if (perActivation) return 'It normalises every entry by itself (spatial = 0).';
      return {
        kind: 'norm',
        norm: 'batch',
        axes: [0],
        epsilon: numberAttribute(context, 'epsilon', 1e-5),
        ...(usesBatchStatistics(context) ? { batchStatistics: true } : {}),
      };
    });
  },
};

/** Since operator set 14 an attribute says so; from 7 to 13 a node with the training outputs did, before `is_test`. */
function usesBatchStatistics(context: NodeContext): boolean {
  if (context.opset >= 14) return intAttribute(context, 'training_mode', 0) !== 0;
  if (context.opset < 7) return intAttribute(context, 'is_test', 0) === 0;
  return context.node.outputs.length > 1;
}

const instanceNormalization: Operator = {
  attributes: ['epsilon', 'consumed_inputs'],
  infer: context => {
    const output = sameAsInput(context);
    checkChannels(context, 2, output.shape);
    return finish(context, gammaBeta, [output], () => ({
      kind: 'norm',
      norm: 'instance',
      axes: [0],
      epsilon: numberAttribute(context, 'epsilon', 1e-5),
    }));
  },
};

const groupNormalization: Operator = {
  attributes: ['epsilon', 'num_groups', 'stash_type'],
  infer: context => {
    const output = sameAsInput(context);
    const groups = intAttribute(context, 'num_groups', 0);
    const channels = output.shape?.[1] ?? null;
    if (groups < 1 || (typeof channels === 'number' && channels % groups !== 0)) {
      fail(`its ${channels ?? '?'} channels cannot be divided into ${groups} groups`);
    }
    // Operator set 18 scaled by group, 21 by channel: the length tells which, and both are weights of the layer.
    return finish(context, gammaBeta, [output], () => ({
      kind: 'norm',
      norm: 'group',
      axes: [0],
      groups,
      epsilon: numberAttribute(context, 'epsilon', 1e-5),
    }));
  },
};

/** Layer and RMS normalisation: over all axes from `axis` on. */
function trailingNormalization(norm: 'layer' | 'rms'): Operator {
  return {
    attributes: ['axis', 'epsilon', 'stash_type'],
    infer: context => {
      const input = requiredInput(context, 0);
      const output = sameAsInput(context);
      const axis = intAttribute(context, 'axis', -1);
      const { shape } = output;
      if (shape === null) return notCovered('The rank of its input is unknown.', [output]);
      const first = normalizeAxis(axis, shape.length);
      checkTrailing(context, shape.slice(first));
      const statistics = { shape: shape.map((dim, i) => (i < first ? dim : 1)), batch: output.batch };
      const weights = parameterWeights(context, gammaBeta);
      const outputs = [output, statistics, statistics];
      if (typeof weights === 'string') return notCovered(weights, outputs);
      const axes = trailingAxes(input, first, shape.length);
      if (axes === null) return notCovered('It normalises over the samples of the batch.', outputs, weights);
      const epsilon = numberAttribute(context, 'epsilon', 1e-5);
      return { op: { kind: 'norm', norm, axes, epsilon }, outputs, weights };
    },
  };
}

function trailingAxes(input: Value, first: number, rank: number): readonly number[] | null {
  const axes: number[] = [];
  for (let axis = first; axis < rank; axis++) {
    const ofSample = sampleAxis(axis, batchOf(input));
    if (ofSample === null) return null;
    axes.push(ofSample);
  }
  return axes;
}

function checkTrailing(context: NodeContext, trailing: readonly Dim[]): void {
  for (const index of [1, 2]) {
    const value = optionalInput(context, index);
    if (value?.shape && broadcastShapes(value.shape, trailing).length > trailing.length) {
      fail(`its input ${index + 1} has shape ${shapeText(value.shape)}, but it normalises ${shapeText(trailing)}`);
    }
  }
}

const lrn: Operator = {
  attributes: ['alpha', 'beta', 'bias', 'size'],
  infer: context => {
    const size = intAttribute(context, 'size', 0);
    if (size < 1) fail("its attribute 'size' is missing or not positive");
    return finish(context, [], [sameAsInput(context)], () => ({
      kind: 'norm',
      norm: 'lrn',
      axes: [0],
      epsilon: 0,
      lrn: {
        size,
        alpha: numberAttribute(context, 'alpha', 1e-4),
        beta: numberAttribute(context, 'beta', 0.75),
        bias: numberAttribute(context, 'bias', 1),
      },
    }));
  },
};

export const normalizationOperators: Readonly<Record<string, Operator>> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: trailingNormalization('layer'),
  RMSNormalization: trailingNormalization('rms'),
  LRN: lrn,
};
