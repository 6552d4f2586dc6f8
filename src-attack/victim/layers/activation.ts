import type { Activation } from '../../../src-analysis/model/graph.ts';
import * as activations from '../../ir/activation.ts';
import { add, exp, leakyRelu, minimum, mul, neg, relu, sigmoid, softplus, sub, tanh } from '../../ir/elementwise.ts';
import type { Node } from '../../ir/graph.ts';
import { axisOf, inOwnLayout, NotSupported, own, type Value } from '../value.ts';
import type { LayerContext } from './context.ts';

/** Activations that work entry by entry, in the definitions and with the defaults of TensorFlow.js and ONNX. */
const entrywise: Readonly<Record<string, (x: Node, activation: Activation) => Node>> = {
  linear: x => x,
  relu,
  relu6: x => activations.clip(x, 0, 6),
  clippedRelu: (x, { alpha }) => activations.clip(x, 0, need(alpha)),
  clip,
  leakyRelu: (x, { alpha }) => leakyRelu(x, need(alpha)),
  elu: (x, { alpha = 1 }) => activations.elu(x, alpha),
  selu: (x, { alpha, beta }) => activations.selu(x, alpha, beta),
  celu: (x, { alpha = 1 }) => activations.celu(x, alpha),
  gelu: activations.gelu,
  geluTanh: activations.geluTanh,
  gelu_new: activations.geluTanh,
  silu: activations.silu,
  swish: (x, { alpha = 1 }) => mul(x, sigmoid(mul(x, alpha))),
  mish: activations.mish,
  tanh,
  sigmoid,
  softplus,
  softsign: activations.softsign,
  exp,
  hardSigmoid: (x, { alpha = 0.2, beta = 0.5 }) => activations.hardSigmoid(x, alpha, beta),
  hardSwish: activations.hardSwish,
  thresholdedRelu: (x, { alpha = 1 }) => activations.thresholdedRelu(x, alpha),
  shrink: (x, { alpha = 0.5, beta = 0 }) => shrink(x, alpha, beta),
};

export function buildActivation(context: LayerContext, value: Value, activation: Activation): Value {
  const { name, axis = -1 } = activation;
  if (name === 'softmax' || name === 'logSoftmax') {
    const logits = own(value);
    const apply = name === 'softmax' ? activations.softmax : activations.logSoftmax;
    const node = apply(logits, axisOf(inOwnLayout(logits), axis));
    context.noteLogits(node, name, logits);
    return inOwnLayout(node);
  }
  if (name === 'prelu') return inOwnLayout(prelu(context, own(value)));
  const apply = entrywise[name];
  if (!apply) throw new NotSupported(`The activation "${name}" is not covered by the attack engine.`);
  const node = apply(value.node, activation);
  if (name === 'sigmoid') context.noteLogits(own({ ...value, node }), name, own(value));
  return { ...value, node };
}

function prelu({ layer, parameters }: LayerContext, x: Node): Node {
  const role = layer.weights.find(weight => weight.role === 'alpha' || weight.role === 'slope')?.role;
  return activations.prelu(x, parameters.need(layer, role ?? 'slope'));
}

function clip(x: Node, { alpha = Number.NEGATIVE_INFINITY, beta = Number.POSITIVE_INFINITY }: Activation): Node {
  if (alpha === Number.NEGATIVE_INFINITY) return beta === Number.POSITIVE_INFINITY ? x : minimum(x, beta);
  if (beta === Number.POSITIVE_INFINITY) return add(alpha, relu(sub(x, alpha)));
  return activations.clip(x, alpha, beta);
}

/** x − β above α, x + β below −α, 0 between. */
function shrink(x: Node, alpha: number, beta: number): Node {
  const above = activations.thresholdedRelu(x, alpha);
  const below = neg(activations.thresholdedRelu(neg(x), alpha));
  if (beta === 0) return add(above, below);
  if (beta === alpha) return sub(relu(sub(x, alpha)), relu(sub(neg(x), alpha)));
  throw new NotSupported('Shrink with a bias other than 0 or its threshold is not covered by the attack engine.');
}

function need(parameter: number | undefined): number {
  if (parameter === undefined) throw new NotSupported('The parameter of its activation is not known.');
  return parameter;
}
