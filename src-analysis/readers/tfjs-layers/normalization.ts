import type { Shape } from '../../model/graph.ts';
import { type ConfigValue, isUnknown } from './config.ts';
import {
  type Describe,
  field,
  finiteNumber,
  flag,
  integer,
  type LayerContext,
  noteUnknown,
  show,
  singleInput,
} from './values.ts';
import { weight } from './weights.ts';

/** Source: tfjs-layers normalization.ts. `axis` counts the batch axis as 0; the op's axes do not count it. */

const defaultEpsilon = 1e-3;

function epsilonOf(c: LayerContext): number {
  const epsilon = finiteNumber(c, 'epsilon', defaultEpsilon);
  if (epsilon === null) c.unknowns.push('epsilon is not known');
  return epsilon ?? defaultEpsilon;
}

/** Index into a shape without the batch axis; null (with a problem) for the batch axis and beyond. */
function axisIndex(c: LayerContext, axis: number, input: readonly unknown[] | null): number | null {
  if (input === null) return axis < 0 ? axis : axis - 1;
  const index = axis < 0 ? axis + input.length : axis - 1;
  if (axis !== 0 && index >= 0 && index < input.length) return index;
  c.problems.push(`${c.className} cannot normalise axis ${axis} of an input of rank ${input.length + 1}.`);
  return null;
}

/** The input, which TensorFlow.js normalises up to rank 4 with the batch axis. */
function normalizedInput(c: LayerContext): Shape {
  const input = singleInput(c);
  if (input !== null && input.length > 3) {
    c.problems.push(`TensorFlow.js does not implement ${c.className} for inputs of rank ${input.length + 1}.`);
  }
  return input;
}

export const batchNormalization: Describe = c => {
  const input = normalizedInput(c);
  const axis = integer(c, 'axis', -1);
  const index = axis === null ? null : axisIndex(c, axis, input);
  const channels = index === null ? null : (input?.at(index) ?? null);
  const epsilon = epsilonOf(c);
  const shape = [channels];
  return {
    op: { kind: 'norm', norm: 'batch', axes: index === null ? [] : [index], epsilon },
    outputShapes: [input],
    weights: [
      ...(flag(c, 'scale', true) ? [weight(c, 'gamma', shape, 'gammaInitializer', 'ones')] : []),
      ...(flag(c, 'center', true) ? [weight(c, 'beta', shape, 'betaInitializer', 'zeros')] : []),
      weight(c, 'movingMean', shape, 'movingMeanInitializer', 'zeros', false),
      weight(c, 'movingVariance', shape, 'movingVarianceInitializer', 'ones', false),
    ],
  };
};

export const layerNormalization: Describe = c => {
  const input = normalizedInput(c);
  const given = layerAxes(c);
  const axes = given.map(axis => axisIndex(c, axis, input)).filter(axis => axis !== null);
  if (new Set(axes).size < axes.length) c.problems.push(`axis names an axis twice: ${show(field(c, 'axis'))}.`);
  const epsilon = epsilonOf(c);
  const shape = axes.map(axis => input?.at(axis) ?? null);
  return {
    op:
      axes.length < given.length
        ? { kind: 'unknown', reason: overBatch(given, input) }
        : { kind: 'norm', norm: 'layer', axes, epsilon },
    outputShapes: [input],
    weights: [
      ...(flag(c, 'scale', true) ? [weight(c, 'gamma', shape, 'gammaInitializer', 'ones')] : []),
      ...(flag(c, 'center', true) ? [weight(c, 'beta', shape, 'betaInitializer', 'zeros')] : []),
    ],
  };
};

function overBatch(axes: readonly number[], input: Shape): string {
  const isBatch = axes.some(axis => axis === 0 || (input !== null && axis === -input.length - 1));
  return isBatch
    ? 'It normalises over the axis of the batch, so that the examples of a batch mix: the law is for axes of one example.'
    : 'It normalises over an axis that its input does not have.';
}

function layerAxes(c: LayerContext): readonly number[] {
  const value = field(c, 'axis') ?? -1;
  const axes: readonly ConfigValue[] = Array.isArray(value) ? value : [value];
  const unknown = axes.find(isUnknown);
  if (unknown !== undefined) noteUnknown(c, 'axis', unknown.unknown);
  const integers = axes.filter((axis): axis is number => typeof axis === 'number' && Number.isSafeInteger(axis));
  if (unknown === undefined && integers.length < axes.length) {
    c.problems.push(`axis must be an integer or integers, but is ${show(value)}.`);
  }
  return integers;
}
