import type { OnnxNode } from './model.ts';

/** One of the operations that exporters spell an activation function with, for operands in their order. */
export type Operation = (operands: readonly number[]) => number;

const attributeOf = ({ attributes }: OnnxNode, name: string, fallback: number): number => {
  const attribute = attributes.get(name);
  return attribute?.type === 'float' || attribute?.type === 'int' ? attribute.value : fallback;
};

const operations: Readonly<Record<string, (node: OnnxNode) => Operation>> = {
  Add: () => operands => operands[0]! + operands[1]!,
  Sub: () => operands => operands[0]! - operands[1]!,
  Mul: () => operands => operands[0]! * operands[1]!,
  Div: () => operands => operands[0]! / operands[1]!,
  Pow: () => operands => operands[0]! ** operands[1]!,
  Neg: () => operands => -operands[0]!,
  Exp: () => operands => Math.exp(operands[0]!),
  Reciprocal: () => operands => 1 / operands[0]!,
  Sigmoid: () => operands => sigmoid(operands[0]!),
  Tanh: () => operands => Math.tanh(operands[0]!),
  Erf: () => operands => erf(operands[0]!),
  Softplus: () => operands => softplus(operands[0]!),
  HardSigmoid: node => {
    const [alpha, beta] = [attributeOf(node, 'alpha', 0.2), attributeOf(node, 'beta', 0.5)];
    return operands => between(alpha * operands[0]! + beta, 0, 1);
  },
  Clip: node => {
    const [low, high] = [attributeOf(node, 'min', -Infinity), attributeOf(node, 'max', Infinity)];
    return operands => between(operands[0]!, operands[1] ?? low, operands[2] ?? high);
  },
};

/** The node's operation; undefined where it is none of those that activation functions are spelled with. */
export function operationOf(node: OnnxNode): Operation | undefined {
  return node.domain === '' && Object.hasOwn(operations, node.opType) ? operations[node.opType]!(node) : undefined;
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function softplus(x: number): number {
  return Math.log1p(Math.exp(x));
}

export function between(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

/** To 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26). */
export function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}
