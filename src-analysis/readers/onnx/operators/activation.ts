import type { Activation } from '../../../model/graph.ts';
import {
  fail,
  inputScalar,
  intAttribute,
  layerWeight,
  type NodeContext,
  normalizeAxis,
  notCovered,
  numberAttribute,
  type Operator,
  optionalInput,
  requiredInput,
  sameAsInput,
  stringAttribute,
  weightRef,
} from '../context.ts';
import { sampleAxis } from '../value.ts';
import { broadcastShapes } from './broadcast.ts';
import { unary } from './elementwise.ts';

function activation(describe: (context: NodeContext) => Activation, attributes: readonly string[] = []): Operator {
  return unary(context => ({ kind: 'activation', activation: describe(context) }), attributes);
}

function named(name: string): Operator {
  return activation(() => ({ name }));
}

/** Activations with a parameter `alpha` only; the number is ONNX's default. */
function withAlpha(name: string, alpha: number): Operator {
  return activation(context => ({ name, alpha: numberAttribute(context, 'alpha', alpha) }), ['alpha']);
}

/** Selu: gamma·(alpha·eˣ − alpha) below zero. Alpha and gamma are given as alpha and beta. */
const selu = activation(
  context => ({
    name: 'selu',
    alpha: numberAttribute(context, 'alpha', 1.6732631921768188),
    beta: numberAttribute(context, 'gamma', 1.0507010221481323),
  }),
  ['alpha', 'gamma'],
);

const hardSigmoid = activation(
  context => ({
    name: 'hardSigmoid',
    alpha: numberAttribute(context, 'alpha', 0.2),
    beta: numberAttribute(context, 'beta', 0.5),
  }),
  ['alpha', 'beta'],
);

const gelu = activation(
  context => ({ name: stringAttribute(context, 'approximate', 'none') === 'tanh' ? 'geluTanh' : 'gelu' }),
  ['approximate'],
);

const swish = activation(
  context => {
    const alpha = numberAttribute(context, 'alpha', 1);
    return alpha === 1 ? { name: 'silu' } : { name: 'swish', alpha };
  },
  ['alpha'],
);

/** Shrink: lambd as alpha, bias as beta. */
const shrink = activation(
  context => ({
    name: 'shrink',
    alpha: numberAttribute(context, 'lambd', 0.5),
    beta: numberAttribute(context, 'bias', 0),
  }),
  ['lambd', 'bias'],
);

/** Clip: bounds are attributes before operator set 11, inputs since. */
const clip: Operator = {
  attributes: ['min', 'max', 'consumed_inputs'],
  infer: context => {
    const low = clipBound(context, 'min', 1, Number.NEGATIVE_INFINITY);
    const high = clipBound(context, 'max', 2, Number.POSITIVE_INFINITY);
    const outputs = [sameAsInput(context)];
    if (low === null || high === null) {
      const bounds = [1, 2].map(index => optionalInput(context, index)).filter(value => value?.kind === 'constant');
      const weights = bounds.map(bound => weightRef(bound, 'bound', false));
      return notCovered('Its bounds are not known.', outputs, weights);
    }
    return { op: { kind: 'activation', activation: clipActivation(low, high) }, outputs };
  },
};

/** Float32 exporters write "no bound" as ±3.4e38. */
function clipBound(context: NodeContext, name: string, index: number, unbounded: number): number | null {
  const attribute = numberAttribute(context, name, unbounded);
  const bound = attribute === unbounded ? inputScalar(context, index, unbounded) : attribute;
  return bound !== null && Math.abs(bound) > 3.4e38 ? unbounded : bound;
}

function clipActivation(low: number, high: number): Activation {
  if (low === 0 && high === Number.POSITIVE_INFINITY) return { name: 'relu' };
  if (low === 0 && high === 6) return { name: 'relu6' };
  return { name: 'clip', alpha: low, beta: high };
}

/** PRelu: one learned slope, or one a channel. */
const prelu: Operator = {
  attributes: ['consumed_inputs'],
  infer: context => {
    const input = requiredInput(context, 0);
    const slope = requiredInput(context, 1);
    const outputs = [sameAsInput(context)];
    if (slope.kind === 'activation') return notCovered('Its slope is computed from the input of the model.', outputs);
    // Before operator set 9 a list of slopes was one for every channel.
    const perChannel = context.opset < 9 && slope.shape?.length === 1;
    if (input.shape && slope.shape && !perChannel) broadcastShapes(input.shape, slope.shape);
    const weights = [layerWeight(context, slope, 'slope')];
    return { op: { kind: 'activation', activation: { name: 'prelu' } }, outputs, weights };
  },
};

/** Softmax over one axis; before operator set 13 over all axes from `axis` on, as if they were one. */
function softmax(name: string): Operator {
  return {
    attributes: ['axis'],
    infer: context => {
      const { shape, batch } = sameAsInput(context);
      const flattens = context.opset < 13;
      const given = intAttribute(context, 'axis', flattens ? 1 : -1);
      const outputs = [{ shape, batch }];
      if (shape === null) return notCovered('The rank of its input is unknown.', outputs);
      if (shape.length === 0) fail('its input is a scalar');
      const axis = normalizeAxis(given, shape.length);
      if (flattens && shape.slice(axis + 1).some(dim => dim !== 1)) {
        return notCovered(`It normalises over all axes from ${axis} on at once.`, outputs);
      }
      const ofSample = sampleAxis(axis, batch);
      if (ofSample === null) return notCovered('It normalises over the samples of the batch.', outputs);
      return { op: { kind: 'activation', activation: { name, axis: ofSample } }, outputs };
    },
  };
}

export const activationOperators: Readonly<Record<string, Operator>> = {
  Relu: named('relu'),
  Sigmoid: named('sigmoid'),
  Tanh: named('tanh'),
  Softplus: named('softplus'),
  Softsign: named('softsign'),
  HardSwish: named('hardSwish'),
  Mish: named('mish'),
  Exp: named('exp'),
  LeakyRelu: withAlpha('leakyRelu', 0.01),
  Elu: withAlpha('elu', 1),
  Celu: withAlpha('celu', 1),
  ThresholdedRelu: withAlpha('thresholdedRelu', 1),
  Selu: selu,
  HardSigmoid: hardSigmoid,
  Gelu: gelu,
  Swish: swish,
  Shrink: shrink,
  Clip: clip,
  PRelu: prelu,
  Softmax: softmax('softmax'),
  LogSoftmax: softmax('logSoftmax'),
  Hardmax: softmax('hardmax'),
};
