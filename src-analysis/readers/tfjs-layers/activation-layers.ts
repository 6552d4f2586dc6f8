import type { Activation, Dim, Op } from '../../model/graph.ts';
import { activationOf } from './activations.ts';
import { type ConfigValue, isUnknown } from './config.ts';
import {
  type Describe,
  type Described,
  field,
  finiteNumber,
  type LayerContext,
  noteUnknown,
  refuseIgnored,
  show,
  singleInput,
} from './values.ts';
import { weight } from './weights.ts';

/** Layers that are one activation. Source: tfjs-layers advanced_activations.ts, core.ts (Activation). */

function applied(c: LayerContext, activation: Activation): Described {
  const op: Op = activation.name === 'linear' ? { kind: 'identity' } : { kind: 'activation', activation };
  return { op, outputShapes: [singleInput(c)] };
}

export const activationLayer: Describe = c => applied(c, activationOf(c));

/** An activation with one parameter, told by a configuration key. */
function withParameter(name: string, key: string, fallback: number): Describe {
  return c => {
    const alpha = finiteNumber(c, key, fallback);
    if (alpha !== null) return applied(c, { name, alpha });
    c.unknowns.push(`${key} is not known`);
    return applied(c, { name });
  };
}

export const leakyRelu: Describe = withParameter('leakyRelu', 'alpha', 0.3);
export const thresholdedRelu: Describe = withParameter('thresholdedRelu', 'theta', 1);

export const elu: Describe = c => {
  const alpha = finiteNumber(c, 'alpha', 1);
  if (alpha !== null && alpha !== 1) c.problems.push(`TensorFlow.js supports elu with alpha 1 only, not ${alpha}.`);
  return applied(c, { name: 'elu', alpha: 1 });
};

/** ReLU, capped at `maxValue` where that is given. */
export const relu: Describe = c => {
  for (const key of ['negativeSlope', 'threshold']) refuseIgnored(c, key, value => value === 0);
  const cap = finiteNumber(c, 'maxValue', Number.POSITIVE_INFINITY);
  if (cap === null) c.unknowns.push('maxValue is not known');
  if (cap === null || cap === Number.POSITIVE_INFINITY) return applied(c, { name: 'relu' });
  return applied(c, cap === 6 ? { name: 'relu6' } : { name: 'clippedRelu', alpha: cap });
};

/** Softmax. The axis counts the batch axis and is 1 by default; TensorFlow.js runs a single axis only if it is the last. */
export const softmax: Describe = c => {
  const input = singleInput(c);
  const value = field(c, 'axis') ?? 1;
  const axes: readonly ConfigValue[] = Array.isArray(value) ? value : [value];
  const unknown = axes.find(isUnknown);
  if (unknown !== undefined) noteUnknown(c, 'axis', unknown.unknown);
  const [axis] = axes;
  if (unknown !== undefined || axes.length !== 1 || typeof axis !== 'number' || !Number.isInteger(axis)) {
    const several = axes.length > 1 && axes.every(a => typeof a === 'number' && Number.isInteger(a));
    if (unknown === undefined && !several) c.problems.push(`axis must be an integer, but is ${show(value)}.`);
    return { op: { kind: 'unknown', reason: 'Softmax over several axes is not covered.' }, outputShapes: [input] };
  }
  if (input !== null && axis !== -1 && axis !== input.length) {
    c.problems.push(
      `Softmax works on the last axis only (${input.length} here, counting the batch axis), but axis is ${axis}.`,
    );
  }
  return {
    op: { kind: 'activation', activation: { name: 'softmax', axis: axis < 0 ? axis : axis - 1 } },
    outputShapes: [input],
  };
};

/** PReLU: one slope an entry, shared along `sharedAxes` (counted from 1). */
export const prelu: Describe = c => {
  const input = singleInput(c);
  const value = field(c, 'sharedAxes');
  const axes: readonly ConfigValue[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  const unknown = axes.find(isUnknown);
  const rank = input?.length ?? Number.POSITIVE_INFINITY;
  const isAxis = (a: ConfigValue) => typeof a === 'number' && Number.isInteger(a) && a >= 1 && a <= rank;
  if (unknown !== undefined) noteUnknown(c, 'sharedAxes', unknown.unknown);
  else if (!axes.every(isAxis)) c.problems.push(`sharedAxes must be axes of the input from 1, but is ${show(value)}.`);
  const shape = (input ?? []).map((dim, i): Dim => (axes.includes(i + 1) ? 1 : dim));
  return {
    ...applied(c, { name: 'prelu' }),
    weights: input === null ? [] : [weight(c, 'alpha', shape, 'alphaInitializer', 'zeros')],
  };
};
