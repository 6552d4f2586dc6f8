import { transpose } from './arrange.ts';
import { abs, add, div, erf, exp, gate, mul, relu, sigmoid, softplus, sub, tanh } from './elementwise.ts';
import type { Node } from './graph.ts';

/* Activations that are put together from primitives, in the definitions that TensorFlow and ONNX share. */

/**
 * x for x > 0, α(eˣ − 1) otherwise. The exponential never sees x > 0, so that it cannot overflow. With α = 1 the slope
 * does not jump, and no ReLU is in it that an attack would take for a kink.
 */
export function elu(a: Node, alpha = 1): Node {
  const positive = alpha === 1 ? mul(a, gate(a, 0)) : relu(a);
  return add(positive, mul(alpha, sub(exp(sub(a, positive)), 1)));
}

/** Self-normalising networks (Klambauer et al. 2017): γ·elu(x, α). */
export function selu(a: Node, alpha = 1.6732632423543772, gamma = 1.0507009873554805): Node {
  return mul(gamma, elu(a, alpha));
}

/** celu(x, α): x for x > 0, α(e^(x/α) − 1) otherwise. Its slope does not jump, as that of elu. */
export function celu(a: Node, alpha = 1): Node {
  const positive = mul(a, gate(a, 0));
  return add(positive, mul(alpha, sub(exp(div(sub(a, positive), alpha)), 1)));
}

/** x·Φ(x), with the normal distribution function (Hendrycks & Gimpel 2016). */
export function gelu(a: Node): Node {
  return mul(a, mul(0.5, add(1, erf(mul(a, Math.SQRT1_2)))));
}

/** The tanh approximation of gelu. */
export function geluTanh(a: Node): Node {
  const inner = mul(Math.sqrt(2 / Math.PI), add(a, mul(0.044715, mul(a, mul(a, a)))));
  return mul(a, mul(0.5, add(1, tanh(inner))));
}

/** x·sigmoid(x), also called swish. */
export function silu(a: Node): Node {
  return mul(a, sigmoid(a));
}

/** x·tanh(softplus(x)). */
export function mish(a: Node): Node {
  return mul(a, tanh(softplus(a)));
}

/** x/(1 + |x|). */
export function softsign(a: Node): Node {
  return div(a, add(1, abs(a)));
}

/** x between low and high, the nearer of the two elsewhere. */
export function clip(a: Node, low: number, high: number): Node {
  return add(low, sub(relu(sub(a, low)), relu(sub(a, high))));
}

/** clip(αx + β, 0, 1); TensorFlow.js and ONNX: α = 0.2, β = 0.5. */
export function hardSigmoid(a: Node, alpha = 0.2, beta = 0.5): Node {
  return clip(add(mul(a, alpha), beta), 0, 1);
}

/** x·clip(x/6 + 1/2, 0, 1). */
export function hardSwish(a: Node): Node {
  return mul(a, hardSigmoid(a, 1 / 6, 0.5));
}

/** x where x > α, 0 elsewhere. */
export function thresholdedRelu(a: Node, alpha = 1): Node {
  return mul(a, gate(sub(a, alpha), 0));
}

/** Leaky ReLU whose slope is a tensor that broadcasts against x. */
export function prelu(a: Node, slope: Node): Node {
  const positive = relu(a);
  return add(positive, mul(slope, sub(a, positive)));
}

export function softmax(a: Node, axis = -1): Node {
  return onLastAxis(a, axis, last => last.graph.node({ kind: 'softmax' }, [last], last.shape));
}

export function logSoftmax(a: Node, axis = -1): Node {
  return onLastAxis(a, axis, last => last.graph.node({ kind: 'logSoftmax' }, [last], last.shape));
}

/** Runs an operation that works on the last axis on another one. */
function onLastAxis(a: Node, axis: number, apply: (last: Node) => Node): Node {
  const rank = a.shape.length;
  const chosen = axis < 0 ? axis + rank : axis;
  const order = a.shape.map((_, i) => i).filter(i => i !== chosen);
  const there = [...order, chosen];
  const back = there.map((_, i) => there.indexOf(i));
  return transpose(apply(transpose(a, there)), back);
}
